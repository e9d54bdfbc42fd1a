"""Reads Caffe2's weight files (`.pkl`) without unpickling them freely.

Such a file is a Python 2 pickle of {'blobs': {name: numpy array}}. numpy's own classes are not given to it, because their
`__setstate__` believes what it is told about sizes; stand-ins note what the file says, and arrays are made of that, checked.
"""

import io
import math
import pickle
from typing import Any

import numpy as np

from xdc_tf.models.torch_files import DAMAGE, RefusedFile

# Floating-point numbers, and the integers of counters.
DTYPES = ('f2', 'f4', 'f8', 'i4', 'i8')


def read(data: bytes) -> Any:
  """Reads the bytes of a `.pkl` file.

  Args:
    data: the whole file.

  Returns:
    What was pickled, the arrays in it as numpy arrays; for Caffe2's files {'blobs': {name: array}}.

  Raises:
    RefusedFile: when the pickle asks for anything but arrays.
    ValueError: when the file is damaged or cut off.
  """
  try:
    return _with_arrays(_ArrayUnpickler(io.BytesIO(data), encoding='latin1').load())
  except RefusedFile:
    raise
  except DAMAGE as error:
    raise ValueError(
      f'The file is neither of PyTorch nor a whole pickle of Caffe2 ({type(error).__name__}: {error}). Download it again.'
    ) from error


class _Dtype:
  """Stands for numpy.dtype: a type's code and byte order."""

  __slots__ = ('code', 'order')

  def __init__(self, code, *_):
    self.code, self.order = code, '<'

  def __setstate__(self, state):
    self.order = {'|': '<'}.get(state[1], state[1])


class _Array:
  """Stands for an array that numpy is about to reconstruct."""

  __slots__ = ('state',)

  def __init__(self, *_):
    self.state = None

  def __setstate__(self, state):
    self.state = state

  def array(self) -> np.ndarray:
    _, shape, dtype, fortran_order, data = self.state
    if dtype.code not in DTYPES or dtype.order not in '<>':
      raise ValueError(f'an array of the type {dtype.order}{dtype.code}')
    data = data.encode('latin1') if isinstance(data, str) else data
    numbers = np.frombuffer(data, np.dtype(dtype.order + dtype.code))
    if numbers.size != math.prod(shape):
      raise ValueError(f'an array of the shape {shape} with {numbers.size} numbers')
    return numbers.reshape(shape, order='F' if fortran_order else 'C')


def _latin1(text: str, encoding: str) -> bytes:
  """Stands for _codecs.encode, by which Python 3 writes bytes in a Python 2 pickle."""
  if encoding != 'latin1':
    raise RefusedFile(f'The file asks for text in the encoding {encoding!r}, which arrays do not need.')
  return text.encode('latin1')


class _ArrayUnpickler(pickle.Unpickler):
  """Unpickles dictionaries of arrays and nothing else."""

  def find_class(self, module, name):
    """Returns the stand-in for what an array's pickle names, and refuses everything else."""
    if module in ('numpy.core.multiarray', 'numpy._core.multiarray') and name == '_reconstruct':
      return _Array
    if (module, name) == ('numpy', 'ndarray'):
      return name
    if (module, name) == ('numpy', 'dtype'):
      return _Dtype
    if (module, name) == ('_codecs', 'encode'):
      return lambda text, encoding: _latin1(text, encoding)  # A new one each time: a pickle could set attributes of it.
    raise RefusedFile(f'The file asks for {module}.{name}, which arrays do not need. Nothing of it was run.')


def _with_arrays(value: Any) -> Any:
  """Replaces every stand-in by its array."""
  if isinstance(value, _Array):
    return value.array()
  if isinstance(value, dict):
    return {key: _with_arrays(part) for key, part in value.items()}
  return value
