"""The report's data as scripts, for a page that is opened from disk may run a script beside it but not read a file.

A script sets XDC.NAME to a value. Arrays are base64 of their bytes, which browsers unpack a hundred times as fast as numbers.
"""

import base64
import json
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from xdc_tf import files
from xdc_tf.report.page_templates import plain


def pack(array: ArrayLike, dtype: str) -> str:
  """Returns the bytes of an array in a little-endian type, e.g. '<i4', as base64."""
  return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode()


def pack_places(places: np.ndarray) -> tuple[str, str]:
  """Packs places on a map, with the same scale in both directions.

  Args:
    places: float32 [n, 2]; nan where a clip has none.

  Returns:
    x and y as uint16, 0 to 65534 from one end of the map to the other; 65535 for none.
  """
  known = np.isfinite(places).all(axis=1)
  low, high = places[known].min(axis=0), places[known].max(axis=0)
  centre, side = (low + high) / 2, max(float((high - low).max()), 1e-12)
  scaled = np.full(places.shape, 65535, np.uint16)
  scaled[known] = np.rint(((places[known] - centre) / side + 0.5).clip(0, 1) * 65534)
  return pack(scaled[:, 0], '<u2'), pack(scaled[:, 1], '<u2')


def write_script(path: str, name: str, value: Any) -> None:
  """Writes a script that sets XDC.NAME, atomically; everything but ASCII is escaped."""
  with files.atomic_write(path, 'w') as file:
    file.write(
      f'"use strict";\n(globalThis.XDC ??= {{}}).{name} = {json.dumps(_plain(value), separators=(",", ":"))};\n'
    )


def _plain(value: Any) -> Any:
  """Replaces what JavaScript or UTF-8 could not hold in all texts of lists and dictionaries."""
  if isinstance(value, str):
    return plain(value)
  if isinstance(value, dict):
    return {key: _plain(part) for key, part in value.items()}
  return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value
