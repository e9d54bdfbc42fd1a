"""Strict gin: the one place that parses it. A name that does not exist is an error that says which one was probably meant."""

import contextlib
import dataclasses
import difflib
import glob
import inspect
import os
import re
import threading
import tokenize
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import gin
import numpy as np
import tensorflow as tf

from xdc_tf import files
from xdc_tf.cli import value_types
from xdc_tf.clustering.kmeans import KMeansOptions
from xdc_tf.deep_clustering import methods
from xdc_tf.deep_clustering.outer_loop import Pretraining
from xdc_tf.deep_clustering.retraining import Retraining
from xdc_tf.evaluation.finetuning import Finetuning
from xdc_tf.localization.options import GTAD, Detection, Localization, SnippetWindows
from xdc_tf.models.encoders import ENCODERS
from xdc_tf.records.reader import AudioInput, VideoInput
from xdc_tf.runs import run_info
from xdc_tf.runs.run_info import FinishedRun
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.schedules import Schedule, last_schedule

# Importing them above is what makes them known to gin; this list is for messages and tests.
CONFIGURABLES = (
  Pretraining, Retraining, Finetuning, Schedule, last_schedule, TrainingOptions, KMeansOptions, VideoInput, AudioInput,
  Localization, SnippetWindows, GTAD, Detection,
  *ENCODERS.values(), *methods.METHODS.values(),
)  # fmt: skip


class ConfigurationError(ValueError):
  """A gin file or --gin_param that cannot be right."""


def gin_folder() -> str:
  """The folder of the shipped gin files, in a checkout and in an installed package."""
  package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
  # Beside an installed package there may lie another folder of this name: gin-config's own code.
  checkout = os.path.join(os.path.dirname(package), 'gin')
  return checkout if os.path.exists(os.path.join(checkout, 'base.gin')) else os.path.join(package, 'gin_files')


_ONE_AT_A_TIME = threading.RLock()
# What is bound, by scope, configurable and parameter.
_Values: TypeAlias = dict[tuple[str, str, str], Any]


@contextlib.contextmanager
def apart() -> Iterator[None]:
  """Forgets what is loaded within: what is built afterwards has its own defaults, or what the caller's own use of gin gave it.

  One thread at a time: gin has one configuration, and a run would be opened with that of another one.
  """
  with _ONE_AT_A_TIME:
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


def load(gin_files: list[str], gin_params: list[str], root: type = Pretraining, also_used: Collection[str] = ()) -> str:
  """Parses gin files and then single bindings, and forgets any configuration loaded before.

  Args:
    gin_files: paths, absolute, relative to the working directory, or relative to gin/ ('methods/xdc.gin'); a later one wins. What
      several of them include counts once, where it comes first.
    gin_params: bindings such as 'num_video_clusters = 64'; they win over the files.
    root: what is to be built, Pretraining, Finetuning or Localization; a binding that it does not reach is an error.
    also_used: names of configurables that are used beside it.

  Returns:
    The whole configuration in a stable order, which load() takes again as a file.

  Raises:
    ConfigurationError: for unknown files, configurables and parameters, for values of a wrong type or without effect, and for a
      file that includes what takes back an earlier one's own words.
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
  _check_effect(text, {root.__name__, *also_used})
  _refuse(value_types.complaint_of_bindings(text, CONFIGURABLES))
  gin.finalize()
  return text


@dataclasses.dataclass(frozen=True)
class BoundEncoder:
  """An encoder's class with the arguments that the configuration had for it when it was read: loading another changes no other run.

  Attributes:
    model_class: the class of the encoder.
    bindings: the bindings of its arguments, sorted by name.
  """

  model_class: Any
  bindings: tuple[tuple[str, Any], ...]

  @classmethod
  def of(cls, model_class: type) -> 'BoundEncoder':
    """Binds a class to what the configuration says of it now."""
    return cls(model_class, _bindings(model_class))

  @property
  def modality(self) -> str:
    """The class's."""
    return self.model_class.modality

  @property
  def __name__(self) -> str:
    return self.model_class.__name__

  def __call__(self, **arguments):
    """Makes the encoder."""
    with _ONE_AT_A_TIME:
      if _bindings(self.model_class) == self.bindings:  # gin notes what it gives, for the operative configuration.
        return self.model_class(**arguments)
    parameters = inspect.signature(self.model_class.__init__).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    return self.model_class(**(defaults | dict(self.bindings) | arguments))


def bound_encoder(name: str, **arguments: Any) -> BoundEncoder:
  """Returns an encoder for Pretraining.encoders.

  Examples:
    >>> encoder = xdc_tf.bound_encoder('R2Plus1D18', base_width=32)
    >>> encoder.modality
    'video'

  Args:
    name: the name of its class: R2Plus1D18, ResNet3D18 or AudioResNet18.
    **arguments: the arguments of the class.

  Raises:
    ValueError: for a class or an argument that does not exist, and for a value of a wrong type.
  """
  classes = {c.__name__: c for c in CONFIGURABLES if hasattr(c, 'modality')}
  if name not in classes:
    raise ValueError(f'There is no encoder {name!r}. Expected one of {", ".join(sorted(classes))}.')
  parameters = inspect.signature(classes[name].__init__).parameters
  unknown = sorted(set(arguments) - set(parameters))
  if unknown:
    raise ValueError(f'{name} has no argument {", ".join(unknown)}.')
  for argument, value in arguments.items():
    _refuse(value_types.complaint(f'{name}.{argument}', value, parameters[argument].annotation))
  return BoundEncoder(classes[name], tuple(sorted((argument, _plain(value)) for argument, value in arguments.items())))


@apart()
def bindings_of(config: Pretraining) -> list[str]:
  """Writes a Pretraining that was built in Python as bindings, which `load` reads as the same one.

  Raises:
    ConfigurationError: for what bindings cannot say: other methods than those of methods.py, and classes that are no encoders of
      `bound_encoder`.
  """
  config = _with_plain_values(config)
  lines = [f'Pretraining.{name} = {getattr(config, name)!r}' for name in _PLAIN]
  for name in _PARTS:
    value = getattr(config, name)
    if value is not None:
      lines.append(f'Pretraining.{name} = @{type(value).__name__}()')
      lines += [
        f'{type(value).__name__}.{f.name} = {getattr(value, f.name)!r}' for f in dataclasses.fields(value) if f.init
      ]
  lines += _encoder_bindings(config.encoders) + _method_bindings(config.clusterings)
  load([], lines)
  if dataclasses.replace(pretraining(), encoders=config.encoders) != config:
    raise ConfigurationError('A Pretraining with a last_schedule, or with classes of your own in it, needs a gin file.')
  return lines


_PLAIN = ('num_iterations', 'feature_clips', 'mfcc_iterations', 'concurrent_encoders', 'seed')
_PARTS = ('video_input', 'audio_input', 'schedule', 'kmeans', 'training', 'retraining')


def _with_plain_values(config: Pretraining) -> Pretraining:
  """Returns the same with what bindings can say: Python's numbers in place of NumPy's, and a list of clusterings."""
  clusterings = [dataclasses.replace(c, num_clusters=_plain(c.num_clusters)) for c in config.clusterings]
  changed: dict[str, Any] = {'clusterings': clusterings}
  changed |= {name: _plain(getattr(config, name)) for name in _PLAIN}
  for name in _PARTS:
    part = getattr(config, name)
    if part is not None:
      values = {f.name: _plain(getattr(part, f.name)) for f in dataclasses.fields(part) if f.init}
      changed[name] = dataclasses.replace(part, **values)
  return dataclasses.replace(config, **changed)


def _plain(value: Any) -> Any:
  if isinstance(value, np.generic):
    return value.item()
  return tuple(value.tolist()) if isinstance(value, np.ndarray) else value


def _encoder_bindings(encoders: Mapping[str, Any]) -> list[str]:
  lines, named = [], []
  first: dict[str, BoundEncoder] = {}
  for name, encoder in encoders.items():
    if not isinstance(encoder, BoundEncoder):
      raise ConfigurationError(f'The encoder {name!r} is {encoder!r}; expected what xdc_tf.bound_encoder returns.')
    if first.setdefault(encoder.__name__, encoder).bindings != encoder.bindings:
      raise ConfigurationError(
        f'The encoder {name!r} is a {encoder.__name__} of other arguments than the one before it: {dict(encoder.bindings)} and '
        f'{dict(first[encoder.__name__].bindings)}. In a run, encoders of one class have the same ones.'
      )
    named.append(f'{name!r}: @{encoder.__name__}')
    lines += [f'{encoder.__name__}.{argument} = {value!r}' for argument, value in encoder.bindings]
  return [f'Pretraining.encoders = {{{", ".join(named)}}}', *dict.fromkeys(lines)]


def _method_bindings(clusterings: Sequence[methods.ClusteringSpec]) -> list[str]:
  sizes, names = [c.num_clusters for c in clusterings], tuple(c.name for c in clusterings)
  two: dict[str, Any] = {'num_video_clusters': sizes[0], 'num_audio_clusters': sizes[-1]}
  tries = [(method, two) for method in (methods.sdc, methods.mdc, methods.xdc, methods.shuffled_xdc)]
  tries.append((methods.cdc, {'num_clusters': sizes[0]}))
  if len(names) == 2:
    tries.append((methods.same_modality_xdc, {'encoders': names, 'num_clusters': sizes[0]}))
  for method, arguments in tries:
    if method(**arguments) == list(clusterings):
      name = method.__name__
      return [
        f'Pretraining.clusterings = @{name}()',
        *(f'{name}.{key} = {value!r}' for key, value in arguments.items()),
      ]
  raise ConfigurationError('The clusterings are of no method that xdc-tf knows. docs/extending.md says how to add one.')


def _bindings(model_class: type) -> tuple[tuple[str, Any], ...]:
  return tuple(sorted(gin.get_bindings(model_class).items()))


def pretraining() -> Pretraining:
  """Builds the experiment that the loaded configuration describes; see `build`."""
  methods = ', '.join(sorted(os.listdir(os.path.join(gin_folder(), 'methods'))))
  config = build(
    Pretraining,
    f'Name a method, for example --gin_file methods/xdc.gin (there are {methods}), or a whole experiment such as '
    'papers/neurips2020/table1_xdc.gin.',
  )
  encoders = {name: BoundEncoder.of(model_class) for name, model_class in config.encoders.items()}
  return dataclasses.replace(config, encoders=encoders)


def open_run(run_dir: str) -> FinishedRun:
  """Opens a complete run; errors as run_info.open_run."""

  @apart()
  def read(config_file: str) -> Pretraining:
    load([config_file], [])
    return pretraining()

  return run_info.open_run(run_dir, read)


def finetuning() -> Finetuning:
  """Builds the transfer that the loaded configuration describes; see `build`."""
  return build(
    Finetuning, 'Name a data set and a way, for example --gin_file transfer/ucf101.gin --gin_file transfer/full.gin.'
  )


def localization() -> Localization:
  """Builds the localisation that the loaded configuration describes; see `build`."""
  return build(Localization, 'Add --gin_file transfer/thumos14.gin.')


def build(root: type, advice: str):
  """Builds `root` from the loaded configuration.

  Raises:
    ConfigurationError: when the configuration is not complete, with `advice`, or has a value of the wrong type.
    ValueError: when one of its values is not possible.
  """
  try:
    config = root()
  except TypeError as error:
    reason = str(error).splitlines()[0]
    if 'missing' not in reason:
      raise ConfigurationError(f'A value of the configuration has the wrong type: {reason}.') from error
    raise ConfigurationError(f'The configuration is not complete: {reason} {advice}') from error
  _refuse(value_types.complaint_of_built(config))
  return config


def _refuse(complaint: str) -> None:
  if complaint:
    raise ConfigurationError(complaint)


def operative() -> str:
  """The configuration that the calls so far have really used, defaults included."""
  return gin.operative_config_str(max_line_length=120)


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
    raise ConfigurationError(f'There is no gin file {name!r}{place}, here or in {folder}. {_nearest(name, shipped)}')
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
  names = {c.__name__: list(inspect.signature(c).parameters) for c in CONFIGURABLES}
  unknown = re.search(r"No configurable matching '([^']*)'", message)
  if unknown:
    return f'{message}\n{_nearest(unknown[1].rpartition("/")[2], list(names))}'
  parameter = re.search(r"Configurable '([^']*)' doesn't have a parameter named '([^']*)'", message)
  if parameter:
    return f'{message}\n{_nearest(parameter[2], names.get(parameter[1].rpartition(".")[2], []))}'
  if 'malformed node or string' in message:
    return "the value is nothing that Python can read: texts need quotes ('cosine'), references begin with @ or %"
  return message.replace('Expected newline.', 'expected NAME = VALUE.')


def _nearest(name: str, choices: list[str]) -> str:
  close = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
  return f'Did you mean {close[0]!r}?' if close else f'The valid names are: {", ".join(choices)}.'


def _check_effect(text: str, roots: set[str]) -> None:
  """Refuses bindings that gin takes but that change nothing."""
  used = roots | set(re.findall(r'@([\w.]+)', text))
  for scope, name, parameter in re.findall(r'^((?:\w+/)*)([\w.]+)\.(\w+) =', text, re.MULTILINE):
    if scope:
      raise ConfigurationError(f'{scope}{name}.{parameter}: scopes have no meaning here; bind {name}.{parameter}.')
    if name not in used:
      raise ConfigurationError(
        f'{name}.{parameter} has no effect: this experiment does not use {name}. {_nearest(name, sorted(used))}'
      )
    instead = {'seed': 'Pretraining.seed', 'dtype': 'TrainingOptions.precision'}.get(parameter)
    if instead and name in ENCODERS:
      raise ConfigurationError(f'{name}.{parameter} has no effect: every encoder of a run gets its own. Set {instead}.')


def _check_macros(text: str) -> None:
  """gin accepts any `name = value` as a macro, so a misspelt one would be silently without effect."""
  defined = set(re.findall(r'^(\w+) =', text, re.MULTILINE))
  used = set(re.findall(r'%([\w.]+)', text))
  for name in sorted(defined - used):
    raise ConfigurationError(
      f'Nothing uses the value {name!r}. It is misspelt, or belongs to another method or file. {_nearest(name, sorted(used))}'
    )
  for name in sorted(used - defined):
    raise ConfigurationError(f'{name!r} has no value. Give it one: --gin_param "{name} = ..." or in a gin file.')
