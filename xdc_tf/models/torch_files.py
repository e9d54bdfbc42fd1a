"""Reads and writes PyTorch's weight files (`.pth`) without PyTorch.

A `.pth` file is a pickle with the tensors' bytes beside it: in the zip format (PyTorch 1.6 and later) `NAME/data.pkl` and
`NAME/data/0`, `NAME/data/1` ...; in the legacy format (the authors' files may be either) five pickles in a row and then the
bytes. An ordinary unpickler runs whatever a file tells it to, so the one here knows three things: OrderedDict, the functions
that make a tensor of a storage and a parameter of that, and the names of the storages; a file that asks for anything else is
refused. What it makes are plain descriptions of tensors, and only then are bytes looked at, inside their bounds.

PyTorch is not asked because it is a large package to install for a file that takes two hundred lines to read; the tests read
and write with PyTorch itself where it is installed (`pip install '.[torch]'`).
"""

import collections
import io
import pickle
import struct
import zipfile
import zlib
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
  """A view of a storage; offset and strides count elements. Negated: PyTorch stores the sign as a bit, as of `conj().imag`."""

  storage: Storage
  offset: int
  shape: tuple
  strides: tuple
  negated: bool = False


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
  if any(name.endswith('/constants.pkl') or '/code/' in name for name in names):
    raise RefusedFile(
      'The file is a TorchScript program, which holds code beside its weights. Nothing of it was run. Save the weights alone, in '
      "PyTorch: torch.save(torch.jit.load('FILE').state_dict(), 'WEIGHTS.pth')."
    )
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
  contents = _contents(archive, data)
  if contents.get(f'{root}byteorder', b'little') != b'little':
    raise RefusedFile('The file was written on a big-endian machine. Save it again on another one.')

  def storage_bytes(storage: Storage) -> bytes:
    content = contents[f'{root}data/{storage.key}']
    if len(content) != storage.num_elements * storage.dtype.itemsize:
      raise ValueError(f'storage {storage.key} has {len(content)} bytes for {storage.num_elements} {storage.dtype}')
    return content

  saved = _TensorUnpickler(io.BytesIO(contents[f'{root}data.pkl'])).load()
  return _with_arrays(saved, storage_bytes), contents.get(root + NOTES_FILE)


def _contents(archive: zipfile.ZipFile, data: bytes) -> dict[str, bytes]:
  """Returns the bytes of every entry of a zip file.

  PyTorch can leave the checksums out (torch.serialization.set_crc32_options): then none fits. Where some do, one that does not is
  damage.
  """
  entries, misfits = {}, []
  for entry in archive.infolist():
    if entry.compress_type != zipfile.ZIP_STORED:
      raise RefusedFile(f'{entry.filename} in the zip file is compressed. PyTorch writes no such files.')
    # The local header: 30 bytes, of which the last four are the lengths of the name and of the extra field.
    lengths = struct.unpack('<HH', data[entry.header_offset + 26 : entry.header_offset + 30])
    start = entry.header_offset + 30 + sum(lengths)
    entries[entry.filename] = data[start : start + entry.file_size]
    misfits += [entry.filename] if zlib.crc32(entries[entry.filename]) != entry.CRC else []
  if misfits and len(misfits) < sum(map(bool, entries.values())):
    raise ValueError(f'the checksum of {misfits[0]} does not fit its bytes')
  return entries


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
    if metadata and set(metadata) - {'neg', 'conj'} or (metadata or {}).get('conj'):
      raise RefusedFile(f'A tensor has the properties {metadata}, which weights do not need.')
    if not isinstance(storage, Storage) or len(shape) != len(strides):
      raise ValueError('a tensor without a storage, or whose shape and strides do not fit')
    if not all(isinstance(number, int) and 0 <= number < 2**48 for number in numbers):
      raise ValueError(f'a tensor of the shape {shape} with the strides {strides} from {offset}')
    return Tensor(storage, offset, tuple(shape), tuple(strides), bool((metadata or {}).get('neg')))


class _RebuildParameter:
  """Stands for torch._utils._rebuild_parameter: a parameter is its tensor."""

  __slots__ = ()

  def __call__(self, tensor, requires_grad, hooks):
    if not isinstance(tensor, Tensor):
      raise ValueError('a parameter without a tensor')
    return tensor


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
    if (module, name) == ('torch._utils', '_rebuild_parameter'):
      return _RebuildParameter()
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
  # The storage is negated and not the view: that may show one number a million times.
  numbers = -numbers if tensor.negated else numbers
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
      padding = -(file.tell() + zipfile.sizeFileHeader + len(entry.filename) + 4) % 64  # type: ignore[attr-defined]
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
