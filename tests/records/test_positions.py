"""Where records lie in a shard, against the records as TensorFlow parses them."""

import os
import pathlib
import shutil

import numpy as np
import pytest
import records_factory
import tensorflow as tf

from xdc_tf.records import positions, schema


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  return records_factory.write_records(
    tmp_path_factory.mktemp('records'), splits={'train': 9}, missing=[('train', 2)], size=(40, 300)
  )


def assert_where_the_records_are(found, path):
  data = pathlib.Path(path).read_bytes()
  examples = [schema.parse(serialized) for serialized in tf.data.TFRecordDataset(path)]
  np.testing.assert_array_equal(found.index, [int(example['index']) for example in examples])
  np.testing.assert_array_equal(np.diff(found.first_frame), [len(example['frames']) for example in examples])
  for number, example in enumerate(examples):
    frames = found.frames[found.first_frame[number] : found.first_frame[number + 1]]
    assert [data[begin : begin + size] for begin, size in frames] == example['frames'].numpy().tolist()
    begin, size = found.log_mel[number]
    assert data[begin : begin + size] == example['log_mel'].numpy().tobytes()


def write(path, spans):
  writer = positions.PositionsWriter()
  with tf.io.TFRecordWriter(str(path)) as file:
    for span in spans:
      record = schema.encode(span)
      file.write(record)
      writer.add(record)
  writer.save(str(path))


def test_positions_are_found_in_the_shard(records):
  for path in records.shard_paths('train'):
    assert_where_the_records_are(positions.of_shard(path), path)
    np.testing.assert_array_equal(positions.read_indices(path), positions.of_shard(path).index)


@pytest.mark.parametrize('kind', ['no frames', 'no sound', 'many labels', 'long', 'large index'])
def test_every_kind_of_record_is_found_and_written_alike(kind, tmp_path):
  """Lengths of one, two and three bytes among them."""
  options = {
    'no frames': {'frames': 0},
    'no sound': {'seconds': 0},
    'many labels': {'labels': range(300), 'official_split': (0, 1, 2)},
    'long': {'frames': 400, 'seconds': 20.0},
    'large index': {},
  }[kind]
  path = tmp_path / 'shard'
  write(
    path, [records_factory.make_span(10**12 if kind == 'large index' else 0, **options), records_factory.make_span(7)]
  )
  assert_where_the_records_are(positions.of_shard(str(path)), path)
  shutil.rmtree(tmp_path / positions.FOLDER)
  os.utime(path, (1, 1))  # Another file, so nothing is remembered.
  assert_where_the_records_are(positions.of_shard(str(path)), path)


def test_an_empty_shard_has_no_positions(tmp_path):
  (tmp_path / 'shard').touch()
  found = positions.of_shard(str(tmp_path / 'shard'))
  assert found.index.shape == (0,) and found.frames.shape == (0, 2) and found.first_frame.tolist() == [0]


def test_a_shard_that_was_made_again_is_looked_at_again(tmp_path):
  """With written positions of the one before, and with a number of bytes that happens to be the same."""
  path = tmp_path / 'shard'
  write(path, [records_factory.make_span(1)])
  assert positions.read_indices(str(path)).tolist() == [1]
  with tf.io.TFRecordWriter(str(path)) as file:
    file.write(schema.encode(records_factory.make_span(2, frames=3)))
  assert positions.read_indices(str(path)).tolist() == [2]
  assert_where_the_records_are(positions.of_shard(str(path)), path)
  os.remove(tmp_path / positions.FOLDER / 'shard.npz')
  data = bytearray(path.read_bytes())
  place = data.index(b'index') + len(b'index')
  place = data.index(b'\x02', place)
  data[place] = 5
  path.write_bytes(data)
  os.utime(path, (2, 2))
  assert positions.read_indices(str(path)).tolist() == [5]


@pytest.mark.parametrize('damage', [b'', b'no archive', None])
def test_damaged_positions_are_found_in_the_shard(damage, tmp_path):
  path, written = tmp_path / 'shard', tmp_path / positions.FOLDER / 'shard.npz'
  write(path, [records_factory.make_span(3)])
  written.write_bytes(written.read_bytes()[:-30] if damage is None else damage)
  assert_where_the_records_are(positions.of_shard(str(path)), path)


@pytest.mark.parametrize('kind', ['cut', 'length', 'foreign'])
def test_a_damaged_shard_is_named(kind, tmp_path):
  path = tmp_path / 'shard'
  with tf.io.TFRecordWriter(str(path)) as file:
    file.write(
      tf.train.Example().SerializeToString() if kind == 'foreign' else schema.encode(records_factory.make_span(3))
    )
  data = bytearray(path.read_bytes())
  if kind == 'cut':
    del data[-100:]
  if kind == 'length':
    data[3] = 200
  path.write_bytes(data)
  with pytest.raises(ValueError, match=rf'^{path}') as raised:
    positions.of_shard(str(path))
  assert ('not laid out as make_clips does' if kind == 'foreign' else 'cut off or damaged') in str(raised.value)


def test_a_file_that_ends_early_is_named(tmp_path):
  path = tmp_path / 'shard'
  path.write_bytes(b'0123456789')
  changed = positions.changed_at(str(path))
  assert positions.read(str(path), 2, 5, changed) == b'23456'
  with pytest.raises(ValueError, match=rf'^{path} ends at byte 10, but a clip in it ends at 14'):
    positions.read(str(path), 8, 6, changed)


def test_a_shard_that_is_replaced_while_it_is_read_is_named(tmp_path):
  """A job beside a training made it again; other bytes were taken for sound and pictures."""
  path, again = tmp_path / 'shard', tmp_path / 'again'
  path.write_bytes(b'0123456789')
  os.utime(path, (1, 1))
  changed = positions.changed_at(str(path))
  again.write_bytes(b'9876543210')
  again.replace(path)
  with pytest.raises(ValueError, match=rf'^{path} was written anew while it was read'):
    positions.read(str(path), 2, 5, changed)
