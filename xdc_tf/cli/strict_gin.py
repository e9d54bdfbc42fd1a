"""Strict gin: the one place that talks to gin. A name that does not exist is an error that says which one was probably meant."""

import contextlib
import dataclasses
import difflib
import glob
import inspect
import os
import re
import threading
import tokenize
from collections.abc import Iterator
from typing import Any, TypeAlias

import gin
import tensorflow as tf

from xdc_tf import files
from xdc_tf.cli.configurables import CONFIGURABLES


class ConfigurationError(ValueError):
  """A gin file or --gin_param that cannot be right."""


def gin_folder() -> str:
  """The folder of the shipped gin files, in a checkout and in an installed package."""
  package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
  # Beside an installed package there may lie another folder of this name: gin-config's own code.
  checkout = os.path.join(os.path.dirname(package), 'gin')
  return checkout if os.path.exists(os.path.join(checkout, 'base.gin')) else os.path.join(package, 'gin_files')


ONE_AT_A_TIME = threading.RLock()
# What is bound, by scope, configurable and parameter.
_Values: TypeAlias = dict[tuple[str, str, str], Any]


@contextlib.contextmanager
def apart() -> Iterator[None]:
  """Forgets what is loaded within: what is built afterwards has its own defaults, or what the caller's own use of gin gave it.

  One thread at a time: gin has one configuration, and a run would be opened with that of another one.
  """
  with ONE_AT_A_TIME:
    # gin has no public way to put a configuration aside.
    tables = [getattr(gin.config, name) for name in ('_CONFIG', '_IMPORTS', '_SINGLETONS', '_OPERATIVE_CONFIG')]
    before, was_locked = [table.copy() for table in tables], gin.config_is_locked()
    try:
      yield
    finally:
      for table, contents in zip(tables, before, strict=True):
        table.clear()
        table.update(contents)
      gin.config._set_config_is_locked(was_locked)


def parse(gin_files: list[str], gin_params: list[str]) -> str:
  """Parses gin files and then single bindings, and forgets all that was parsed before; arguments and errors as configuration.load.

  Returns:
    what is bound, as gin writes it.
  """
  gin.clear_config()
  before: frozenset[str] = frozenset()
  given: list[_Given] = []
  for name in gin_files:
    before |= _parse_file(name, before)
    given.append(_Given(name, _bound_by('\n'.join(_parts(_find(name))[0::2])), _values()))
  for binding in gin_params:
    _parse(binding, f'--gin_param {binding!r}')
  _check_order([*given, _Given('', _bound_by('\n'.join(gin_params)), _values())])
  text = gin.config_str(max_line_length=120)
  _check_macros(text)
  gin.finalize()
  return text


def bindings(configurable: type) -> tuple[tuple[str, Any], ...]:
  """The bindings of a class's parameters, sorted by name."""
  return tuple(sorted(gin.get_bindings(configurable).items()))


def operative() -> str:
  """The configuration that the calls so far have really used, defaults included."""
  return gin.operative_config_str(max_line_length=120)


def _find(name: str, included_by: tuple[str, ...] = ()) -> str:
  """Returns the path of a file, here or in gin/.

  gin's own search would first look for Python packages called like the folders of gin/ ('models'), and fails on such ones.
  """
  files.use_file_system(name)
  path = next(
    (p for p in (name, os.path.join(gin_folder(), name)) if tf.io.gfile.exists(p) and not tf.io.gfile.isdir(p)), None
  )
  if path is None:
    folder = gin_folder()
    shipped = [os.path.relpath(p, folder) for p in sorted(glob.glob(folder + '/**/*.gin', recursive=True))]
    place = f' (included by {included_by[-1]})' if included_by else ''
    raise ConfigurationError(f'There is no gin file {name!r}{place}, here or in {folder}. {nearest(name, shipped)}')
  return path


def _parts(path: str) -> list[str]:
  """Returns a file's text before its first include, the name of that, the text between it and the next one, and so on."""
  with tf.io.gfile.GFile(path) as file:
    try:
      contents = file.read()
    except UnicodeDecodeError as error:
      raise ConfigurationError(f'{path} is no text in UTF-8 ({error}).') from error
  return re.split(r"^include\s+['\"]([^'\"]+)['\"].*$", contents, flags=re.MULTILINE)


def _parse_file(name: str, before: frozenset[str], included_by: tuple[str, ...] = ()) -> frozenset[str]:
  """Parses a file and what it includes; returns the paths of all.

  What a file given `before` has included is not included once more: that would take back what came after it.
  """
  path = _find(name, included_by)
  if path in included_by:
    raise ConfigurationError(f'{path} includes itself: {" -> ".join((*included_by[included_by.index(path) :], path))}.')
  if included_by and files.absolute_path(path) in before:
    return frozenset()
  parts = _parts(path)
  _parse(parts[0], path)
  line = 1 + parts[0].count('\n')
  paths = {files.absolute_path(path)}
  for included, text in zip(parts[1::2], parts[2::2], strict=True):
    paths |= _parse_file(included, before, (*included_by, path))
    _parse(text, path, line)
    line += text.count('\n')
  return frozenset(paths)


def _parse(text: str, place: str, first_line: int = 1) -> None:
  try:
    gin.parse_config(text)
  # gin 0.5 passes on what its tokenizer, an import and a value that cannot be a key of a dictionary raise.
  except (ValueError, SyntaxError, TypeError, ImportError, tokenize.TokenError) as error:
    line = first_line + _failing_line(text)
    raise ConfigurationError(f'{place}, line {line}: {_explain(_message(error))}') from error


def _message(error: Exception) -> str:
  if isinstance(error, tokenize.TokenError):
    return f'a bracket or a string is not closed ({error.args[0]})'
  if isinstance(error, ImportError):
    return (
      f'{error}. What xdc-tf itself has needs no import; a module of yours is found where PYTHONPATH names its folder '
      '(PYTHONPATH=. xdc ...)'
    )
  return str(error)


def _failing_line(text: str) -> int:
  """Returns the number, from 0 on, of the line on which the first statement begins that gin does not take."""
  lines = text.split('\n')
  begins = [n for n, line in enumerate(lines) if line and not line[0].isspace() and line[0] not in '#)]}']
  for begin, end in zip(begins, [*begins[1:], len(lines)], strict=True):
    try:
      gin.parse_config('\n'.join(lines[begin:end]))
    except (ValueError, SyntaxError, TypeError, ImportError, tokenize.TokenError):
      return begin
  return 0


def _explain(message: str) -> str:
  """Adds the nearest valid name to gin's message."""
  names = {c.__name__: list(inspect.signature(c).parameters) for c in bindable()}
  unknown = re.search(r"No configurable matching '([^']*)'", message)
  if unknown:
    return f'{message}\n{nearest(unknown[1].rpartition("/")[2], list(names))}'
  parameter = re.search(r"Configurable '([^']*)' doesn't have a parameter named '([^']*)'", message)
  if parameter:
    return f'{message}\n{nearest(parameter[2], names.get(parameter[1].rpartition(".")[2], []))}'
  if 'malformed node or string' in message:
    return "the value is nothing that Python can read: texts need quotes ('cosine'), references begin with @ or %"
  return message.replace('Expected newline.', 'expected NAME = VALUE.')


def bindable() -> tuple[Any, ...]:
  """Returns CONFIGURABLES and what modules of somebody's own have made known to gin by now."""
  ours = {each.__name__ for each in CONFIGURABLES}
  known = [each.wrapped for selector, each in gin.config._REGISTRY.items() if not selector.startswith('gin.')]
  return (*CONFIGURABLES, *(each for each in known if each.__name__ not in ours))


def nearest(name: str, choices: list[str]) -> str:
  """Says which of the choices was probably meant, or names all."""
  close = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
  return f'Did you mean {close[0]!r}?' if close else f'The valid names are: {", ".join(choices)}.'


def _values() -> _Values:
  """What is bound now; gin has no public way to list it."""
  return {(*names, parameter): value for names, of in gin.config._CONFIG.items() for parameter, value in of.items()}


def _bound_by(text: str) -> _Values:
  """What a text, which has been parsed before, binds itself."""
  with apart():
    gin.clear_config()
    gin.parse_config(text)
    return _values()


@dataclasses.dataclass(frozen=True)
class _Given:
  """A file of --gin_file: its name, what it binds itself without its includes, and all that is bound after it."""

  name: str
  own: _Values
  after: _Values


def _check_order(given: list[_Given]) -> None:
  """Refuses a file whose includes change what an earlier one binds itself, where no later one binds it itself."""
  for number, file in enumerate(given):
    later = given[number + 1 :]
    for key, value in file.own.items():
      if given[-1].after[key] == value or any(key in other.own for other in later):
        continue
      culprit = next(other for other in later if other.after[key] != value)
      scope, configurable, parameter = key
      # A macro is the parameter 'value' of a configurable in the scope of its name.
      what = scope if configurable == 'gin.macro' else f'{configurable.rpartition(".")[2]}.{parameter}'
      raise ConfigurationError(
        f'{culprit.name} includes a file that sets {what} = {culprit.after[key]!r}, which takes back what {file.name} says: '
        f'{value!r}. Give --gin_file {culprit.name} before {file.name}, or say what you want by --gin_param.'
      )


def _check_macros(text: str) -> None:
  """gin accepts any `name = value` as a macro, so a misspelt one would be silently without effect."""
  defined = set(re.findall(r'^(\w+) =', text, re.MULTILINE))
  used = set(re.findall(r'%([\w.]+)', text))
  for name in sorted(defined - used):
    raise ConfigurationError(
      f'Nothing uses the value {name!r}. It is misspelt, or belongs to another method or file. {nearest(name, sorted(used))}'
    )
  for name in sorted(used - defined):
    raise ConfigurationError(f'{name!r} has no value. Give it one: --gin_param "{name} = ..." or in a gin file.')
