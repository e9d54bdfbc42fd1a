"""Reads and writes PyTorch's weight files (`.pth`) without PyTorch.

A `.pth` file is a pickle with the tensors' bytes beside it: in the zip format (PyTorch 1.6 and later) `NAME/data.pkl` and
`NAME/data/0`, `NAME/data/1` ...; in the legacy format (the authors' files may be either) five pickles in a row and then the
bytes. An ordinary unpickler runs whatever a file tells it to, so the one here knows three things: OrderedDict, the function
that makes a tensor of a storage, and the names of the storages; a file that asks for anything else is refused. What it
makes are plain descriptions of tensors, and only then are bytes looked at, inside their bounds.

PyTorch is not asked because it is a large package to install for a file that takes two hundred lines to read; the tests read
and write with PyTorch itself where it is installed (`pip install '.[torch]'`).
"""

import collections
import io
import pickle
import struct
import zipfile
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_START = pickle.dumps(LEGACY_MAGIC, protocol=2)
LEGACY_PROTOCOL = 1001
ZIP_START = b'PK\x03\x04'
# A file may hold what it was made from: PyTorch ignores files that it does not know.
NOTES_FILE = 'extra/xdc_tf.json'

DTYPES = {
  'FloatStorage': np.dtype(np.float32),
  'DoubleStorage': np.dtype(np.float64),
  'HalfStorage': np.dtype(np.float16),
  'BFloat16Storage': np.dtype(tf.bfloat16.as_numpy_dtype),
  'LongStorage': np.dtype(np.int64),
  'IntStorage': np.dtype(np.int32),
  'ShortStorage': np.dtype(np.int16),
  'CharStorage': np.dtype(np.int8),
  'ByteStorage': np.dtype(np.uint8),
  'BoolStorage': np.dtype(np.bool_),
}

# What unpickling damaged bytes can raise, OverflowError and MemoryError for sizes that no file has.
DAMAGE = (
  pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, LookupError, ImportError, ArithmeticError,
  MemoryError, RecursionError, NotImplementedError, struct.error, zipfile.BadZipFile,
)  # fmt: skip


class RefusedFile(ValueError):
  """A file that is whole but asks for something that weights do not need, or is of a kind that is not read."""


class Storage(NamedTuple):
  """A run of numbers in the file: `key` names its bytes."""

  key: str
  dtype: np.dtype
  num_elements: int
  start: int = 0


class Tensor(NamedTuple):
  """A view of a storage; offset and strides count elements."""

  storage: Storage
  offset: int
  shape: tuple
  strides: tuple


def read(data: bytes) -> tuple[Any, bytes | None]:
  """Reads the bytes of a `.pth` file of either format.

  Args:
    data: the whole file.

  Returns:
    What was saved (dictionaries, lists, numbers, strings) with numpy arrays for tensors, and the bytes of NOTES_FILE or None.

  Raises:
    RefusedFile: when the pickle asks for anything but tensors, or was written on a big-endian machine.
    ValueError: when the file is damaged or cut off.
  """
  try:
    return _read_zip(data) if data.startswith(ZIP_START) else (_read_legacy(data), None)
  except RefusedFile:
    raise
  except DAMAGE as error:
    raise ValueError(f'The file is damaged or cut off ({type(error).__name__}: {error}). Download it again.') from error


def _read_zip(data: bytes) -> tuple[Any, bytes | None]:
  archive = zipfile.ZipFile(io.BytesIO(data))
  names = set(archive.namelist())
  if sum(entry.file_size for entry in archive.infolist()) > len(data):
    # PyTorch does not compress; a small file that unpacks to a huge one is not weights.
    raise RefusedFile(
      f'The zip file has {len(data)} bytes and says that it unpacks to more. PyTorch writes no such files.'
    )
  roots = [
    name.removesuffix('data.pkl') for name in sorted(names) if name.count('/') == 1 and name.endswith('/data.pkl')
  ]
  if len(roots) != 1:
    raise RefusedFile('The zip file is not of PyTorch: it must have one folder with data.pkl in it.')
  (root,) = roots
  if f'{root}byteorder' in names and archive.read(f'{root}byteorder') != b'little':
    raise RefusedFile('The file was written on a big-endian machine. Save it again on another one.')

  def storage_bytes(storage: Storage) -> bytes:
    entry = archive.getinfo(f'{root}data/{storage.key}')
    if entry.file_size != storage.num_elements * storage.dtype.itemsize:
      raise ValueError(f'storage {storage.key} has {entry.file_size} bytes for {storage.num_elements} {storage.dtype}')
    return archive.read(entry)

  saved = _TensorUnpickler(io.BytesIO(archive.read(f'{root}data.pkl'))).load()
  notes = archive.read(root + NOTES_FILE) if root + NOTES_FILE in names else None
  return _with_arrays(saved, storage_bytes), notes


def _read_legacy(data: bytes) -> Any:
  """Magic number, protocol, machine, what was saved, the storages' keys; then each storage's size (int64) and bytes."""
  file = io.BytesIO(data)
  magic, protocol, machine, saved, keys = (_TensorUnpickler(file).load() for _ in range(5))
  if (magic, protocol) != (LEGACY_MAGIC, LEGACY_PROTOCOL):
    raise RefusedFile(f'The file is not of PyTorch, or older than its version 0.4 (protocol {protocol!r}).')
  if not machine['little_endian']:
    raise RefusedFile('The file was written on a big-endian machine. Save it again on another one.')
  storages = {storage.key: storage for storage in _storages(saved)}
  blocks = {}
  for key in keys:
    (num_elements,) = struct.unpack('<q', file.read(8))
    storage = storages[key]
    if num_elements != storage.num_elements:
      raise ValueError(f'storage {key} has {num_elements} elements where {storage.num_elements} belong')
    blocks[key] = file.read(num_elements * storage.dtype.itemsize)
  if file.read(1):
    raise ValueError('there are bytes left over at the end')
  return _with_arrays(saved, lambda storage: blocks[storage.key])


class _RebuildTensor:
  """Stands for torch._utils._rebuild_tensor_v2. Without a __dict__, so that no pickle can change it."""

  __slots__ = ()

  def __call__(self, storage, offset, shape, strides, requires_grad, hooks, metadata=None):
    numbers = (offset, *shape, *strides)
    if not isinstance(storage, Storage) or len(shape) != len(strides):
      raise ValueError('a tensor without a storage, or whose shape and strides do not fit')
    if not all(isinstance(number, int) and 0 <= number < 2**48 for number in numbers):
      raise ValueError(f'a tensor of the shape {shape} with the strides {strides} from {offset}')
    return Tensor(storage, offset, tuple(shape), tuple(strides))


class _TensorUnpickler(pickle.Unpickler):
  """Unpickles state dictionaries and nothing else."""

  def __init__(self, file: io.BytesIO):
    super().__init__(file, encoding='utf-8')  # Names from Python 2 are byte strings.

  def find_class(self, module, name):
    """Returns the few things a file may name: those that can neither run code nor be changed."""
    if (module, name) == ('collections', 'OrderedDict'):
      return collections.OrderedDict
    if (module, name) == ('torch._utils', '_rebuild_tensor_v2'):
      return _RebuildTensor()
    if module == 'torch' and name in DTYPES:
      return name
    raise RefusedFile(
      f'The file asks for {module}.{name}, which weights do not need: it holds more than tensors (a whole model, an optimizer, '
      'or code that would run). Nothing of it was run. Save the state_dict alone: torch.save(model.state_dict(), path).'
    )

  def persistent_load(self, pid):
    """Returns the Storage that a tensor is cut from; files of the legacy format may have a part of another one."""
    kind, dtype, key, _, num_elements, *view = pid
    if kind != 'storage' or not isinstance(key, str) or not isinstance(num_elements, int) or num_elements < 0:
      raise ValueError(f'an unknown storage: {pid}')
    start = view[0][1] if view and view[0] is not None else 0
    if not isinstance(start, int) or start < 0:
      raise ValueError(f'an unknown storage: {pid}')
    return Storage(key, DTYPES[dtype], num_elements, start)


def _storages(saved: Any) -> list[Storage]:
  """All storages in what was unpickled."""
  if isinstance(saved, Tensor):
    return [saved.storage]
  parts = saved.values() if isinstance(saved, Mapping) else saved if isinstance(saved, list | tuple) else ()
  return [storage for part in parts for storage in _storages(part)]


def _with_arrays(saved: Any, storage_bytes) -> Any:
  """Replaces every Tensor by its array."""
  if isinstance(saved, Tensor):
    return _array(saved, storage_bytes(saved.storage))
  if isinstance(saved, Mapping):
    return {key: _with_arrays(value, storage_bytes) for key, value in saved.items()}
  if isinstance(saved, list | tuple):
    return [_with_arrays(value, storage_bytes) for value in saved]
  return saved


def _array(tensor: Tensor, data: bytes) -> np.ndarray:
  """The view of the bytes that a tensor is; it takes no memory, however large a shape the file claims."""
  numbers = np.frombuffer(data, tensor.storage.dtype)
  if len(numbers) != tensor.storage.num_elements:
    raise ValueError(f'storage {tensor.storage.key} has {len(numbers)} of {tensor.storage.num_elements} elements')
  if 0 in tensor.shape:
    return np.zeros(tensor.shape, numbers.dtype)
  first = tensor.storage.start + tensor.offset
  last = first + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True))
  if last >= len(numbers):
    raise ValueError(f'a tensor of the shape {tensor.shape} ends outside of storage {tensor.storage.key}')
  strides = [stride * numbers.itemsize for stride in tensor.strides]
  return np.lib.stride_tricks.as_strided(numbers[first:], tensor.shape, strides, writeable=False)


def write(arrays: Mapping[str, np.ndarray], notes: bytes = b'{}') -> bytes:
  """Returns the bytes of a `.pth` file in the zip format that `torch.load(path, weights_only=True)` reads as a state_dict.

  Written without PyTorch: that takes fewer lines here than an optional dependency, which would have to be installed beside
  TensorFlow, would take to explain. The same arrays give the same bytes.

  Args:
    arrays: float32, by name.
    notes: JSON about them, kept beside the tensors where PyTorch does not look.
  """
  contents = {'data.pkl': _pickled(arrays), 'byteorder': b'little', NOTES_FILE: notes}
  for number, array in enumerate(arrays.values()):
    contents[f'data/{number}'] = np.ascontiguousarray(array, '<f4').tobytes()
  contents['version'] = b'3\n'
  file = io.BytesIO()
  with zipfile.ZipFile(file, 'w', zipfile.ZIP_STORED) as archive:
    for name, content in contents.items():
      entry = zipfile.ZipInfo(f'archive/{name}')
      # Tensors start at multiples of 64 bytes, as PyTorch has it, so that it can map the file into memory.
      padding = -(file.tell() + zipfile.sizeFileHeader + len(entry.filename) + 4) % 64
      entry.extra = struct.pack('<2sH', b'FB', padding) + b'Z' * padding
      archive.writestr(entry, content)
  return file.getvalue()


def _pickled(arrays: Mapping[str, np.ndarray]) -> bytes:
  """The pickle of a dictionary of tensors, by hand: Python's pickler would import PyTorch to name its functions."""

  def text(value: str) -> bytes:
    encoded = value.encode()
    return pickle.BINUNICODE + struct.pack('<I', len(encoded)) + encoded

  def sizes(values) -> bytes:
    return pickle.MARK + b''.join(pickle.BININT + struct.pack('<i', value) for value in values) + pickle.TUPLE

  def name(module: str, attribute: str) -> bytes:
    return pickle.GLOBAL + f'{module}\n{attribute}\n'.encode()

  ordered_dict = name('collections', 'OrderedDict') + pickle.EMPTY_TUPLE + pickle.REDUCE
  parts = [pickle.PROTO + b'\x02', ordered_dict]
  for number, (key, array) in enumerate(arrays.items()):
    count = pickle.BININT + struct.pack('<i', array.size)
    strides = [int(np.prod(array.shape[axis + 1 :])) for axis in range(array.ndim)]
    parts += [text(key), name('torch._utils', '_rebuild_tensor_v2'), pickle.MARK]
    parts += [pickle.MARK, text('storage'), name('torch', 'FloatStorage'), text(str(number)), text('cpu'), count]
    parts += [pickle.TUPLE, pickle.BINPERSID, pickle.BININT1 + b'\0', sizes(array.shape), sizes(strides)]
    parts += [pickle.NEWFALSE, ordered_dict, pickle.TUPLE, pickle.REDUCE, pickle.SETITEM]
  return b''.join([*parts, pickle.STOP])
