"""Weight files as PyTorch and Caffe2 write them, made by hand: the pickles spell out what the real ones contain."""

import collections
import io
import pickle
import struct
import zipfile

import numpy as np

STORAGES = {'<f4': 'FloatStorage', '<f8': 'DoubleStorage', '<f2': 'HalfStorage', '<i8': 'LongStorage'}


class Named:
  """What pickles as the global MODULE.NAME, whether that exists or not."""

  def __init__(self, module, name):
    self.module, self.name = module, name


class Rebuilt:
  """A tensor: a storage (key, array), an offset, a shape and strides in elements."""

  def __init__(self, key, storage, offset, shape, strides, view=None, metadata=None, is_parameter=False):
    self.key, self.storage, self.view = key, np.asarray(storage), view
    self.arguments = (offset, tuple(shape), tuple(strides), False)
    self.metadata, self.is_parameter = metadata, is_parameter


def whole(key, array):
  array = np.ascontiguousarray(array)
  strides = tuple(stride // array.itemsize for stride in array.strides)
  return Rebuilt(key, array.ravel(), 0, array.shape, strides)


class TorchPickler(pickle._Pickler):
  """The pure Python pickler, taught to write names of modules that are not installed."""

  def __init__(self, file, legacy):
    super().__init__(file, protocol=2)
    self.legacy = legacy

  def save(self, obj, save_persistent_id=True):
    if isinstance(obj, Named):
      self.write(pickle.GLOBAL + f'{obj.module}\n{obj.name}\n'.encode())
    elif isinstance(obj, Rebuilt) and obj.is_parameter:
      obj.is_parameter = False
      self.save(Named('torch._utils', '_rebuild_parameter'))
      self.write(pickle.MARK)
      for argument in (obj, True, collections.OrderedDict()):
        self.save(argument)
      self.write(pickle.TUPLE + pickle.REDUCE)
    elif isinstance(obj, Rebuilt):
      self.save(Named('torch._utils', '_rebuild_tensor_v2'))
      dtype = Named('torch', STORAGES[obj.storage.dtype.str])
      persistent = ('storage', dtype, obj.key, 'cpu', obj.storage.size) + ((obj.view,) if self.legacy else ())
      self.write(pickle.MARK)
      self.save(persistent)
      self.write(pickle.BINPERSID)
      for argument in (*obj.arguments, collections.OrderedDict(), *([obj.metadata] if obj.metadata else [])):
        self.save(argument)
      self.write(pickle.TUPLE + pickle.REDUCE)
    else:
      super().save(obj, save_persistent_id)


def pickled(value, legacy=False) -> bytes:
  file = io.BytesIO()
  TorchPickler(file, legacy).dump(value)
  return file.getvalue()


def storages(value) -> dict:
  if isinstance(value, Rebuilt):
    return {value.key: value.storage}
  found = {}
  for part in value.values() if isinstance(value, dict) else ():
    found |= storages(part)
  return found


def zip_file(value, root='archive', data_pickle=None, byteorder=b'little') -> bytes:
  file = io.BytesIO()
  with zipfile.ZipFile(file, 'w') as archive:
    archive.writestr(f'{root}/data.pkl', data_pickle or pickled(value))
    archive.writestr(f'{root}/byteorder', byteorder)
    for key, storage in storages(value).items():
      archive.writestr(f'{root}/data/{key}', storage.tobytes())
    archive.writestr(f'{root}/version', b'3\n')
  return file.getvalue()


def legacy_file(value, little_endian=True) -> bytes:
  machine = {'protocol_version': 1001, 'little_endian': little_endian, 'type_sizes': {'short': 2, 'int': 4, 'long': 4}}
  parts = storages(value)
  head = (0x1950A86A20F9469CFC6C, 1001, machine)
  data = b''.join(pickle.dumps(part, protocol=2) for part in head)
  data += pickled(value, legacy=True) + pickle.dumps(sorted(parts), protocol=2)
  return data + b''.join(struct.pack('<q', parts[key].size) + parts[key].tobytes() for key in sorted(parts))


def state(arrays: dict) -> collections.OrderedDict:
  """A state_dict with the attribute that PyTorch's have."""
  tensors = collections.OrderedDict((name, whole(str(n), array)) for n, (name, array) in enumerate(arrays.items()))
  tensors._metadata = collections.OrderedDict({'': {'version': 1}})
  return tensors


class Python2Array:
  """An array as Python 2's numpy pickled it: its bytes are a str."""

  def __init__(self, array):
    self.array = array


class Python2Pickler(TorchPickler):
  def __init__(self, file):
    super().__init__(file, legacy=False)

  def save(self, obj, save_persistent_id=True):
    if not isinstance(obj, Python2Array):
      return super().save(obj, save_persistent_id)
    array = obj.array
    self.save(Named('numpy.core.multiarray', '_reconstruct'))
    self.write(pickle.MARK)
    self.save(Named('numpy', 'ndarray'))
    self.save((0,))
    self.write(
      pickle.SHORT_BINSTRING + b'\x01b' + pickle.TUPLE + pickle.REDUCE + pickle.MARK + pickle.BININT1 + b'\x01'
    )
    self.save(array.shape)
    self.save(Named('numpy', 'dtype'))
    code = array.dtype.str[1:].encode()
    self.write(pickle.MARK + pickle.SHORT_BINSTRING + bytes([len(code)]) + code + pickle.BININT1 + b'\0')
    self.write(pickle.BININT1 + b'\x01' + pickle.TUPLE + pickle.REDUCE)
    self.write(pickle.MARK + pickle.BININT1 + b'\x03' + pickle.SHORT_BINSTRING + b'\x01<' + pickle.NONE * 3)
    self.write((pickle.BININT + struct.pack('<i', -1)) * 2 + pickle.BININT1 + b'\0' + pickle.TUPLE + pickle.BUILD)
    data = array.tobytes()
    self.write(pickle.NEWFALSE + pickle.BINSTRING + struct.pack('<i', len(data)) + data + pickle.TUPLE + pickle.BUILD)


def caffe2_file(blobs: dict) -> bytes:
  file = io.BytesIO()
  Python2Pickler(file).dump({'blobs': {name: Python2Array(array) for name, array in blobs.items()}})
  return file.getvalue()
