"""The readers and the writer of weight files, on files made by hand: PyTorch is not needed."""

import collections
import io
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest
from weight_files import Named, Rebuilt, caffe2_file, legacy_file, pickled, state, whole, zip_file

from xdc_tf.models import caffe2_files, torch_files

RANDOM = np.random.default_rng(0)
ARRAYS = {
  'kernel': RANDOM.normal(size=(2, 3, 1, 5)).astype(np.float32),
  'count': np.array(7, np.int64),
  'half': RANDOM.normal(size=4).astype(np.float16),
  'empty': np.zeros((0, 3), np.float32),
}
FORMATS = {'zip': zip_file, 'legacy': legacy_file}
both = pytest.mark.parametrize('make', FORMATS.values(), ids=FORMATS)


def assert_same(found, expected):
  assert list(found) == list(expected)
  for name, array in expected.items():
    assert found[name].dtype == array.dtype
    np.testing.assert_array_equal(found[name], array)


@pytest.mark.stack
@both
def test_a_state_dict_is_read(make):
  saved, notes = torch_files.read(make(state(ARRAYS)))
  assert_same(saved, ARRAYS)
  assert notes is None


@both
def test_views_share_a_storage(make):
  storage = np.arange(24, dtype=np.float32)
  cut = Rebuilt('0', storage, 5, (2, 3), (6, 2))
  turned = Rebuilt('0', storage, 0, (6, 4), (1, 6))
  repeated = Rebuilt('0', storage, 23, (1000, 2), (0, 0))
  saved, _ = torch_files.read(make({'cut': cut, 'turned': turned, 'repeated': repeated}))
  np.testing.assert_array_equal(saved['cut'], [[5, 7, 9], [11, 13, 15]])
  np.testing.assert_array_equal(saved['turned'], storage.reshape(4, 6).T)
  np.testing.assert_array_equal(saved['repeated'], np.full((1000, 2), 23))


def test_a_legacy_storage_may_be_part_of_another():
  tensor = Rebuilt('0', np.arange(10, dtype=np.float32), 1, (2,), (2,), view=('part', 4, 5))
  saved, _ = torch_files.read(legacy_file({'a': tensor}))
  np.testing.assert_array_equal(saved['a'], [5, 7])


def test_a_zip_file_without_checksums_is_read():
  """As after torch.serialization.set_crc32_options(False); the sizes are still checked."""
  data = zip_file(state(ARRAYS))
  for entry in zipfile.ZipFile(io.BytesIO(data)).infolist():
    data = data.replace(struct.pack('<I', entry.CRC), b'none' if entry.file_size else bytes(4))
  assert_same(torch_files.read(data)[0], ARRAYS)
  with pytest.raises(ValueError):
    torch_files.read(data[: len(data) // 2])


@both
def test_pytorchs_negative_bit_is_obeyed(make):
  """conj().imag is the stored numbers with the other sign, and a bit that says so."""
  tensor = Rebuilt('0', np.arange(6, dtype=np.float32), 1, (2,), (2,), metadata={'neg': True, 'conj': False})
  np.testing.assert_array_equal(torch_files.read(make({'a': tensor}))[0]['a'], [-1, -3])
  with pytest.raises(torch_files.RefusedFile, match='properties'):
    torch_files.read(make({'a': Rebuilt('0', np.arange(6, dtype=np.float32), 0, (2,), (1,), metadata={'conj': True})}))


@both
def test_parameters_are_their_tensors(make):
  tensor = Rebuilt('0', np.arange(6, dtype=np.float32), 1, (2,), (2,), is_parameter=True)
  np.testing.assert_array_equal(torch_files.read(make({'a': tensor}))[0]['a'], [1, 3])


@both
@pytest.mark.parametrize(
  'tensor',
  [
    Rebuilt('0', np.zeros(6, np.float32), 0, (2, 3), (3, 2)),
    Rebuilt('0', np.zeros(6, np.float32), 6, (1,), (1,)),
    Rebuilt('0', np.zeros(6, np.float32), -1, (2,), (1,)),
    Rebuilt('0', np.zeros(6, np.float32), 0, (2,), (-1,)),
    Rebuilt('0', np.zeros(6, np.float32), 0, (2, 2), (1,)),
    Rebuilt('0', np.zeros(6, np.float32), 0, (2**62, 2**62), (2**62, 1)),
    Rebuilt('0', np.zeros(6, np.float32), 0, ('2',), (1,)),
  ],
)
def test_a_tensor_outside_of_its_storage_is_damage(make, tensor):
  with pytest.raises(ValueError, match='damaged or cut off'):
    torch_files.read(make({'a': tensor}))


class Evil:
  def __reduce__(self):
    return os.system, ('touch evil',)


@pytest.mark.stack
@both
def test_code_is_refused_and_not_run(make, tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  with pytest.raises(torch_files.RefusedFile, match=r'asks for (posix|nt)\.system.*Nothing of it was run'):
    torch_files.read(make({'a': whole('0', np.zeros(2, np.float32)), 'b': Evil()}))
  with pytest.raises(torch_files.RefusedFile, match=r'(posix|nt)\.system'):
    caffe2_files.read(pickle.dumps({'blobs': Evil()}, protocol=2))
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
  ('module', 'name'),
  [('builtins', 'eval'), ('torch', 'load'), ('torch.nn.modules.conv', 'Conv3d'), ('torch._utils', '_rebuild_tensor'),
   ('collections', 'OrderedDict.fromkeys'), ('numpy', 'load'), ('torch', 'DTYPES')],
)  # fmt: skip
def test_every_other_name_is_refused(module, name):
  data = pickled({'a': Named(module, name)})
  with pytest.raises(torch_files.RefusedFile, match=f'asks for {module}.{name}'):
    torch_files.read(zip_file({}, data_pickle=data))
  with pytest.raises(torch_files.RefusedFile, match=f'asks for {module}.{name}'):
    caffe2_files.read(data)


@pytest.mark.parametrize(
  'global_name', [('torch._utils', '_rebuild_tensor_v2'), ('collections', 'OrderedDict'), ('torch', 'FloatStorage')]
)
def test_a_pickle_cannot_change_what_it_may_name(global_name):
  # BUILD with a pair sets attributes of any object that has them.
  data = pickled(Named(*global_name))[:-1]
  build = pickled((None, {'__call__': 1, 'fromkeys': 2}))[2:-1] + pickle.BUILD + pickle.STOP
  with pytest.raises(ValueError, match='damaged'):
    torch_files.read(zip_file({}, data_pickle=data + build))
  assert collections.OrderedDict.fromkeys is not None
  assert_same(torch_files.read(zip_file(state(ARRAYS)))[0], ARRAYS)


@both
def test_every_cut_is_one_clear_error(make):
  data = make(state(ARRAYS))
  for length in range(4, len(data), 37):
    with pytest.raises(ValueError, match='damaged|not of PyTorch'):
      torch_files.read(data[:length])


def test_a_flipped_bit_in_a_zip_file_is_found():
  data = bytearray(zip_file(state(ARRAYS)))
  data[data.index(ARRAYS['kernel'].tobytes()) + 3] ^= 1
  with pytest.raises(ValueError, match='damaged'):
    torch_files.read(bytes(data))


def test_other_zip_files_and_machines_are_refused():
  with pytest.raises(torch_files.RefusedFile, match='not of PyTorch'):
    torch_files.read(zip_file({}, root='a/b'))
  with pytest.raises(torch_files.RefusedFile, match='big-endian'):
    torch_files.read(zip_file({}, byteorder=b'big'))
  with pytest.raises(torch_files.RefusedFile, match='big-endian'):
    torch_files.read(legacy_file({}, little_endian=False))


def test_a_zip_file_that_unpacks_to_more_is_refused():
  file = io.BytesIO()
  with zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED) as archive:
    archive.writestr('archive/data.pkl', bytes(10_000_000))
  with pytest.raises(torch_files.RefusedFile, match='unpacks to more'):
    torch_files.read(file.getvalue())


def test_what_is_written_is_read_and_always_the_same_bytes():
  arrays = {'a.b': ARRAYS['kernel'], 'scalar': np.float32(3).reshape(()), 'c': ARRAYS['kernel'].T}
  data = torch_files.write(arrays, b'{"x": 1}')
  saved, notes = torch_files.read(data)
  assert_same(saved, arrays)
  assert notes == b'{"x": 1}'
  assert data == torch_files.write(arrays, b'{"x": 1}')
  for array in arrays.values():
    assert data.index(np.ascontiguousarray(array).tobytes()) % 64 == 0


@pytest.mark.stack
def test_caffe2_arrays_of_python_2_and_3():
  blobs = {'w': ARRAYS['kernel'], 'turned': np.asfortranarray(ARRAYS['kernel'][0, :, 0]), 'n': np.array(3, np.int64)}
  python2 = {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in blobs.items()}
  assert_same(caffe2_files.read(caffe2_file(python2))['blobs'], blobs)
  for protocol in (2, 4):
    assert_same(caffe2_files.read(pickle.dumps({'blobs': blobs}, protocol=protocol))['blobs'], blobs)


def test_caffe2_arrays_that_lie_are_damage():
  data = caffe2_file({'w': np.zeros(6, np.float32)})
  wrong_size = data.replace(pickle.BININT1 + b'\x06', pickle.BININT1 + b'\x07', 1)
  wrong_type = data.replace(b'\x02f4', b'\x02O8', 1)
  for damaged in (wrong_size, wrong_type, data[:-9], b'', b'no pickle'):
    assert damaged != data
    with pytest.raises(ValueError, match='neither of PyTorch nor a whole pickle of Caffe2'):
      caffe2_files.read(damaged)


@pytest.mark.parametrize('legacy', [False, True])
def test_files_of_pytorch_itself(legacy, tmp_path):
  torch = pytest.importorskip('torch')
  base = torch.arange(24.0)
  tensors = {
    'cut': base[4:16].reshape(3, 4)[:, 1:3], 'turned': base.reshape(4, 6).t(), 'half': base.half(),
    'brain': base.bfloat16(), 'double': base.double(), 'count': torch.tensor(3), 'flag': torch.tensor([True, False]),
  }  # fmt: skip
  path = tmp_path / 'weights.pth'
  torch.save(tensors, path, _use_new_zipfile_serialization=not legacy)
  saved, _ = torch_files.read(path.read_bytes())
  for name, tensor in tensors.items():
    np.testing.assert_array_equal(saved[name].astype(np.float64), tensor.double().numpy(), err_msg=name)


def test_pytorch_reads_what_is_written(tmp_path):
  torch = pytest.importorskip('torch')
  path = tmp_path / 'weights.pth'
  path.write_bytes(torch_files.write({'a.b': ARRAYS['kernel'], 'c': ARRAYS['kernel'].T}, b'{}'))
  for mmap in (False, True):
    saved = torch.load(path, weights_only=True, mmap=mmap)
    assert isinstance(saved, collections.OrderedDict)
    np.testing.assert_array_equal(saved['a.b'].numpy(), ARRAYS['kernel'])
    np.testing.assert_array_equal(saved['c'].numpy(), ARRAYS['kernel'].T)
