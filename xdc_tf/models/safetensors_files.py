"""Reads and writes safetensors files: the length of a header, the header in JSON, and the bytes of the tensors.

The format is so small that it takes less code than its package would take care: safetensors 0.8 writes arrays that are not
contiguous with their numbers in the wrong order, and its NumPy interface does not read all types that it writes.
"""

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from xdc_tf.models.torch_files import RefusedFile

METADATA = '__metadata__'
_LARGEST_HEADER = 100_000_000  # As the format has it.
DTYPES: dict[str, np.dtype] = {
  'F64': np.dtype('<f8'),
  'F32': np.dtype('<f4'),
  'F16': np.dtype('<f2'),
  'BF16': np.dtype(tf.bfloat16.as_numpy_dtype),
  'F8_E4M3': np.dtype(tf.dtypes.experimental.float8_e4m3fn.as_numpy_dtype),
  'F8_E5M2': np.dtype(tf.dtypes.experimental.float8_e5m2.as_numpy_dtype),
  'I64': np.dtype('<i8'),
  'I32': np.dtype('<i4'),
  'I16': np.dtype('<i2'),
  'I8': np.dtype('i1'),
  'U8': np.dtype('u1'),
  'BOOL': np.dtype('?'),
}


def is_safetensors(data: bytes) -> bool:
  """Whether bytes begin as such a file does."""
  return len(data) > 8 and data[8:9] == b'{' and struct.unpack('<Q', data[:8])[0] <= _LARGEST_HEADER


def read(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, str]]:
  """Reads the bytes of a file.

  Args:
    data: the whole file.

  Returns:
    The arrays by name, and what the file says of itself.

  Raises:
    RefusedFile: for a type of numbers that is not read.
    ValueError: when the file is damaged or cut off.
  """
  (length,) = struct.unpack('<Q', data[:8])
  try:
    header = json.loads(data[8 : 8 + length])
    notes = header.pop(METADATA, None) or {}
    content = memoryview(data)[8 + length :]
    arrays = {name: _array(name, entry, content) for name, entry in header.items()}
  except RefusedFile:
    raise
  except (ValueError, TypeError, KeyError, AttributeError) as error:
    raise ValueError(f'The file is damaged or cut off ({type(error).__name__}: {error}). Download it again.') from error
  if sum(array.nbytes for array in arrays.values()) != len(content):
    raise ValueError('The file is damaged or cut off: it has other bytes than its tensors take. Download it again.')
  return arrays, notes


def _array(name: str, entry: Mapping[str, Any], content: memoryview) -> np.ndarray:
  if entry['dtype'] not in DTYPES:
    raise RefusedFile(
      f'{name} is of the type {entry["dtype"]}, which is not read. Expected one of {", ".join(DTYPES)}.'
    )
  dtype, shape, (begin, end) = DTYPES[entry['dtype']], entry['shape'], entry['data_offsets']
  if not all(isinstance(size, int) and size >= 0 for size in (*shape, begin, end)):
    raise ValueError(f'{name} has the shape {shape} at {begin} to {end}')
  if end > len(content) or end - begin != math.prod(shape) * dtype.itemsize:
    raise ValueError(f'{name} of the shape {shape} lies at {begin} to {end} of {len(content)} bytes')
  return np.frombuffer(content[begin:end], dtype).reshape(shape)


def write(arrays: Mapping[str, np.ndarray], notes: Mapping[str, str]) -> bytes:
  """Returns the bytes of a file of float32 arrays; the same arrays give the same bytes.

  Args:
    arrays: by name.
    notes: texts about them.
  """
  header: dict[str, Any] = {METADATA: dict(notes)}
  parts, begin = [], 0
  for name, array in arrays.items():
    parts.append(np.ascontiguousarray(array, '<f4').tobytes())
    end = begin + len(parts[-1])
    header[name] = {'dtype': 'F32', 'shape': list(np.shape(array)), 'data_offsets': [begin, end]}
    begin = end
  text = json.dumps(header, sort_keys=False).encode()
  text += b' ' * (-len(text) % 8)  # So that tensors start at multiples of eight bytes.
  return b''.join([struct.pack('<Q', len(text)), text, *parts])
