"""Whether what gin binds is of the types that are annotated, before anything is built of it."""

import ast
import inspect
import re
from collections.abc import Iterable
from typing import Any

from xdc_tf import value_types


def complaint_of_bindings(text: str, configurables: Iterable[Any]) -> str:
  """Looks at bindings.

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
      if wrong := value_types.complaint(title, literal, known[name][parameter].annotation):
        return wrong
  return ''
