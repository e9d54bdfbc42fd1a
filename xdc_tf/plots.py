"""Pictures of numbers, drawn by matplotlib: the extra [plots], which nothing else needs."""

import io
import os
import warnings
from typing import Any

from xdc_tf import files

# What each kind of file would note of the time of its making: the same numbers give the same file.
_UNDATED = {'.png': {}, '.svg': {'Date': None}, '.pdf': {'CreationDate': None}}


def pyplot() -> Any:
  """Returns matplotlib.pyplot, drawing without a screen.

  Raises:
    RuntimeError: when it is not installed.
  """
  try:
    import matplotlib
  except ImportError as error:
    raise RuntimeError(
      f"Pictures are drawn by matplotlib, which cannot be imported ({error}). Install it: pip install 'xdc-tf[plots]'"
    ) from error
  matplotlib.use('Agg')
  matplotlib.rcParams['svg.fonttype'] = 'none'  # Labels in any script: whoever looks has the font, and can search.
  matplotlib.rcParams['svg.hashsalt'] = 'xdc-tf'  # Else the names inside an SVG are random.
  matplotlib.rcParams['text.parse_math'] = False  # Names of files and labels may hold two dollars.
  from matplotlib import pyplot

  return pyplot


def check_path(path: str) -> str:
  """Returns the ending of a picture's name, which says its format.

  Raises:
    ValueError: when it is not one of .png, .svg and .pdf.
  """
  ending = os.path.splitext(path)[1].lower()
  if ending not in _UNDATED:
    raise ValueError(f'A picture is a file that ends in {", ".join(_UNDATED)}. Received: {path}.')
  return ending


def save(figure: Any, path: str) -> None:
  """Writes a figure, atomically, in the format that the path's ending says, and closes it.

  Raises:
    ValueError: see check_path.
  """
  ending = check_path(path)
  picture = io.BytesIO()  # matplotlib itself writes local files alone.
  with warnings.catch_warnings():
    warnings.filterwarnings('ignore', message='Glyph .* missing from')
    figure.savefig(picture, format=ending[1:], metadata=_UNDATED[ending])
  pyplot().close(figure)
  with files.atomic_write(path) as file:
    file.write(picture.getvalue())
