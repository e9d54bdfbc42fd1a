"""The packages of the extra [avdigits]: they are data to this project, so nothing else needs them."""

import importlib
import types


def import_extra(name: str) -> types.ModuleType:
  """Imports a module that only the corpus needs.

  Args:
    name: the name of the module, e.g. 'mlxtend.data'.

  Raises:
    RuntimeError: when it is not installed.
  """
  try:
    return importlib.import_module(name)
  except ImportError as error:
    raise RuntimeError(
      f'AV digits are made with the package {name.partition(".")[0]}, which cannot be imported ({error}). '
      "Install it: pip install 'xdc-tf[avdigits]'"
    ) from error
