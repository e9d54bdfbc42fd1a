"""The reader and the writer of safetensors files, on files made by hand, and against the package where it is installed."""

import json
import struct

import numpy as np
import pytest
import tensorflow as tf

from xdc_tf.models import safetensors_files, torch_files

FLOAT8 = tf.dtypes.experimental


def by_hand(entries, content: bytes) -> bytes:
  header = json.dumps(entries).encode()
  return struct.pack('<Q', len(header)) + header + content


def entry(dtype, shape, begin, end):
  return {'dtype': dtype, 'shape': shape, 'data_offsets': [begin, end]}


@pytest.mark.parametrize(
  ('dtype', 'numbers'),
  [
    ('F32', np.float32([1.5, -2])), ('F16', np.float16([1.5, -2])), ('F64', np.float64([1.5, -2])),
    ('BF16', np.array([1.5, -2], tf.bfloat16.as_numpy_dtype)),
    ('F8_E4M3', np.array([1.5, -2], FLOAT8.float8_e4m3fn.as_numpy_dtype)),
    ('F8_E5M2', np.array([1.5, -2], FLOAT8.float8_e5m2.as_numpy_dtype)), ('I64', np.int64([1, -2])), ('U8', np.uint8([1, 2])),
    ('BOOL', np.array([True, False])),
  ],
)  # fmt: skip
def test_every_type_is_read(dtype, numbers):
  content = numbers.tobytes()
  data = by_hand({'__metadata__': {'a': 'b'}, 'x': entry(dtype, [2, 1], 0, len(content))}, content)
  assert safetensors_files.is_safetensors(data)
  arrays, notes = safetensors_files.read(data)
  assert notes == {'a': 'b'} and arrays['x'].shape == (2, 1) and arrays['x'].dtype == numbers.dtype
  np.testing.assert_array_equal(arrays['x'].ravel(), numbers)


def test_what_is_written_is_read_and_always_the_same_bytes():
  turned = np.arange(6, dtype=np.float32).reshape(2, 3).T
  arrays = {'turned': turned, 'number': np.float32(3), 'none': np.zeros((0, 2), np.float32)}
  data = safetensors_files.write(arrays, {'note': 'é'})
  assert data == safetensors_files.write(arrays, {'note': 'é'})
  assert struct.unpack('<Q', data[:8])[0] % 8 == 0
  found, notes = safetensors_files.read(data)
  assert notes == {'note': 'é'} and list(found) == list(arrays)
  for name, array in arrays.items():
    np.testing.assert_array_equal(found[name], array)
    assert found[name].shape == np.shape(array)


FLOATS = np.float32([1, 2]).tobytes()


@pytest.mark.parametrize(
  'data',
  [
    by_hand({'x': entry('F32', [2], 0, 8)}, FLOATS[:-1]),
    by_hand({'x': entry('F32', [2], 0, 8)}, FLOATS + b'more'),
    by_hand({'x': entry('F32', [3], 0, 8)}, FLOATS),
    by_hand({'x': entry('F32', [2], 4, 12)}, FLOATS),
    by_hand({'x': entry('F32', [-2], 0, -8)}, FLOATS),
    by_hand({'x': entry('F32', [2.0], 0, 8)}, FLOATS),
    by_hand({'x': {'dtype': 'F32'}}, FLOATS),
    by_hand({'x': 3}, FLOATS),
    struct.pack('<Q', 90) + b'{"x": 1}',
  ],
)
def test_damage_is_one_clear_error(data):
  with pytest.raises(ValueError, match='damaged or cut off'):
    safetensors_files.read(data)


def test_other_types_and_files_are_refused():
  with pytest.raises(torch_files.RefusedFile, match='x is of the type F4, which is not read'):
    safetensors_files.read(by_hand({'x': entry('F4', [2], 0, 1)}, b'a'))
  for data in (b'', b'<html>', b'PK\x03\x04 and more', struct.pack('<Q', 2**60) + b'{}'):
    assert not safetensors_files.is_safetensors(data)


def test_the_package_reads_what_is_written_and_the_other_way_round():
  safetensors = pytest.importorskip('safetensors.numpy')
  arrays = {'a': np.arange(6, dtype=np.float32).reshape(2, 3), 'b': np.float32([7])}
  for name, array in safetensors.load(safetensors_files.write(arrays, {'n': '1'})).items():
    np.testing.assert_array_equal(array, arrays[name])
  found, notes = safetensors_files.read(safetensors.save(arrays, {'n': '1'}))
  assert notes == {'n': '1'}
  for name, array in arrays.items():
    np.testing.assert_array_equal(found[name], array)
