"""Whether the plain values of a configuration are of the types that are annotated: gin takes any, and it fails later, elsewhere."""

import ast
import dataclasses
import inspect
import numbers
import re
import types
import typing
from collections.abc import Iterable
from typing import Any

_PLAIN: dict[Any, Any] = {bool: bool, int: numbers.Integral, float: numbers.Real, str: str, type(None): type(None)}


def complaint_of_bindings(text: str, configurables: Iterable[Any]) -> str:
  """Looks at bindings before anything is built of them.

  Args:
    text: gin's own writing of a configuration.
    configurables: the classes and functions that may be bound.

  Returns:
    what is wrong with the first binding that is; '' when nothing is.
  """
  known = {each.__name__: inspect.signature(each).parameters for each in configurables}
  lines = re.sub(r'\s*\\\n\s*', ' ', text)
  macros = dict(re.findall(r'^(\w+) = (.*)$', lines, re.MULTILINE))
  for name, parameter, value in re.findall(r'^(\w+)\.(\w+) = (.*)$', lines, re.MULTILINE):
    if parameter in known.get(name, ()):
      macro = value.removeprefix('%')  # What is typed has its name.
      title, text_of_value = (macro, macros[macro]) if macro in macros else (f'{name}.{parameter}', value)
      try:
        literal = ast.literal_eval(text_of_value)
      except (ValueError, SyntaxError):  # A reference, or a list of them.
        continue
      if wrong := complaint(title, literal, known[name][parameter].annotation):
        return wrong
  return ''


def complaint_of_built(config: Any) -> str:
  """Looks at a dataclass and at those in it; returns as complaint_of_bindings does."""
  for field in dataclasses.fields(config):
    value = getattr(config, field.name)
    if wrong := complaint(f'{type(config).__name__}.{field.name}', value, field.type):
      return wrong
    for part in value if isinstance(value, list) else [value]:
      if dataclasses.is_dataclass(part) and not isinstance(part, type) and (wrong := complaint_of_built(part)):
        return wrong
  return ''


def complaint(name: str, value: Any, annotation: Any) -> str:
  """Returns what is wrong with one value, '' for nothing. Where an annotation is not plain (int, str | None) any value is right."""
  allowed = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
  if not all(each in _PLAIN for each in allowed):
    return ''
  right = any(isinstance(value, _PLAIN[each]) and (each is bool or not isinstance(value, bool)) for each in allowed)
  expected = ' or '.join('None' if each is type(None) else each.__name__ for each in allowed)
  return '' if right else f'{name} must be of the type {expected}. Received: {value!r}.'
