"""Whether values are of the plain types that are annotated: Python and gin take any, and it fails later, elsewhere."""

import dataclasses
import functools
import inspect
import numbers
import os
import types
import typing
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np

_PLAIN: dict[Any, Any] = {
  bool: (bool, np.bool_),
  int: numbers.Integral,
  float: numbers.Real,
  str: str,
  os.PathLike: os.PathLike,
  type(None): type(None),
}
_LONGEST = 200  # Characters of a value in a message.
_Arguments = ParamSpec('_Arguments')
_Result = TypeVar('_Result')


def complaint(name: str, value: Any, annotation: Any) -> str:
  """Says what is wrong with one value.

  Args:
    name: what the message calls it.
    value: any.
    annotation: plain types (int, str | None) or a dataclass; of other ones any value is right.

  Returns:
    the message; '' when nothing is wrong.
  """
  allowed = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
  if not all(each in _PLAIN or dataclasses.is_dataclass(each) for each in allowed):
    return ''
  if any(isinstance(value, _PLAIN.get(each, each)) and _is_meant(value, each) for each in allowed):
    return ''
  expected = ' or '.join('None' if each is type(None) else each.__name__ for each in allowed)
  text = repr(value)
  received = text if len(text) <= _LONGEST else f'{text[:_LONGEST]} ...'
  return f'{name} must be of the type {expected}. Received: {received}.'


def _is_meant(value: Any, annotation: Any) -> bool:
  """True and False are no numbers, though Python takes them for 1 and 0."""
  return annotation is bool or not isinstance(value, bool)


def check_fields(config: Any) -> None:
  """Looks at the fields of a dataclass, as the first line of its __post_init__: what comes then may compare and count.

  Raises:
    ValueError: for a value that is not of its field's type.
  """
  for field in dataclasses.fields(config):
    if wrong := complaint(f'{type(config).__name__}.{field.name}', getattr(config, field.name), field.type):
      raise ValueError(wrong)


def checked(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
  """Makes a function look at the types of its arguments first: ValueError where one is not of the annotated type."""
  parameters = inspect.signature(function).parameters

  @functools.wraps(function)
  def call(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
    for name, value in (dict(zip(parameters, args, strict=False)) | kwargs).items():
      if name in parameters and (wrong := complaint(name, value, parameters[name].annotation)):
        raise ValueError(wrong)
    return function(*args, **kwargs)

  return call
