import dataclasses
import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import records_factory
import tensorflow as tf

from xdc_tf import files
from xdc_tf.manifest import manifest
from xdc_tf.records import schema

TFDS_READER = """
import json, sys
import tensorflow_datasets as tfds
folder = sys.argv[1]
assert not any(name.startswith('xdc_tf') for name in sys.modules)
found = {}
builder = tfds.builder_from_directory(folder)
for split in builder.info.splits:
  found[split] = [
    {name: value.tolist() if hasattr(value, 'tolist') else value.decode() for name, value in example.items()}
    for example in tfds.as_numpy(builder.as_dataset(split=split))
  ]
found['names'] = builder.info.features['labels'].feature.names
by_load, info = tfds.load('tiny', data_dir=sys.argv[2], split='train', with_info=True, try_gcs=False)
found['load'] = [int(example['index']) for example in by_load]
found['info'] = [info.splits['train'].num_examples, list(info.splits['train'].shard_lengths)]
print(json.dumps(found))
"""


def span(**changes):
  base = records_factory.make_span(3, frames=2, seconds=0.1, labels=[2, 0], official_split=[1, 2])
  return dataclasses.replace(base, **changes)


@pytest.mark.parametrize(
  'changes',
  [
    {},
    {'frames': []},
    {'log_mel': np.zeros((0, 40), np.float32)},
    {'frames': [], 'log_mel': np.zeros((0, 40), np.float32), 'labels': [], 'official_split': [0, 0]},
    {'video_id': 'Käse/1.mp4', 'start_seconds': 1234.5678, 'index': 2**40},
  ],
)
def test_encode_writes_the_example_that_tfds_writes(changes):
  one = span(**changes)
  features = schema.tfds_features(['cat', 'dog', 'owl'], num_official_splits=2)
  values = dataclasses.asdict(one)
  values['frames'] = [io.BytesIO(frame) for frame in one.frames]
  expected = tf.train.Example.FromString(features.serialize_example(features.encode_example(values)))
  assert tf.train.Example.FromString(schema.encode(one)) == expected


def test_encode_gives_the_same_bytes_and_parse_gives_them_back():
  one = span()
  serialized = schema.encode(one)
  assert serialized == schema.encode(span())
  parsed = schema.parse(tf.constant(serialized))
  assert parsed['index'] == 3
  assert parsed['video_id'] == b'video_1'
  assert parsed['start_seconds'] == 0.0
  assert parsed['frames'].numpy().tolist() == one.frames
  np.testing.assert_array_equal(parsed['log_mel'], one.log_mel)
  assert parsed['labels'].numpy().tolist() == [2, 0]
  assert parsed['official_split'].numpy().tolist() == [1, 2]


def test_parse_leaves_out_what_is_not_wanted():
  serialized = tf.constant(schema.encode(span()))
  assert set(schema.parse(serialized, want_frames=False)) == {
    'index', 'video_id', 'start_seconds', 'labels', 'official_split', 'log_mel',
  }  # fmt: skip
  assert 'log_mel' not in schema.parse(serialized, want_log_mel=False)


@pytest.mark.parametrize(
  'log_mel',
  [np.zeros((3, 39), np.float32), np.zeros((3, 40)), np.zeros(40, np.float32), np.full((2, 40), np.nan, np.float32)],
)
def test_encode_refuses_sound_that_is_none(log_mel):
  with pytest.raises(ValueError, match='log_mel of clip 3'):
    schema.encode(span(log_mel=log_mel))


def test_shards_are_named_as_tfds_names_them():
  assert schema.shard_name('tiny', 'train', 3, 12) == 'tiny-train.tfrecord-00003-of-00012'
  manifest.check_name('ucf101', 'data set name')
  with pytest.raises(ValueError, match="data set name 'My-Clips'.*'my_clips'"):
    manifest.check_name('My-Clips', 'data set name')


@pytest.fixture(scope='module')
def stored(tmp_path_factory):
  """A data set with an empty shard, laid out so that tfds.load finds it too."""
  root = tmp_path_factory.mktemp('stored')
  folder = root / 'tiny' / '1.0.0'
  splits = {'train': 6, 'validation': 2}
  missing = [('train', 2), ('train', 3)]
  return root, records_factory.write_records(folder, splits, 2, 3, seconds=0.1, num_official_splits=2, missing=missing)


@pytest.mark.slow
def test_tfds_reads_the_records_in_a_process_without_this_package(stored, tmp_path):
  root, records = stored
  environment = {name: value for name, value in os.environ.items() if name != 'PYTHONPATH'}
  command = [sys.executable, '-c', TFDS_READER, records.directory, str(root)]
  done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
  assert done.returncode == 0, done.stderr
  found = json.loads(done.stdout.splitlines()[-1])
  assert [example['index'] for example in found['train']] == [0, 1, 4, 5]
  assert [example['index'] for example in found['validation']] == [0, 1]
  assert found['names'] == ['cat', 'dog', 'owl']
  expected = records_factory.make_span(4, seed=0, frames=3, seconds=0.1)
  example = found['train'][2]
  images = [tf.io.decode_jpeg(frame).numpy() for frame in expected.frames]
  np.testing.assert_array_equal(np.array(example['frames'], np.uint8), images)
  np.testing.assert_array_equal(np.array(example['log_mel'], np.float32), expected.log_mel)
  assert (example['video_id'], example['start_seconds'], example['labels']) == ('video_1', 2.0, [1])
  assert found['train'][3]['official_split'] == [2, 2]
  assert found['load'] == [0, 1, 4, 5]
  assert found['info'] == [4, [2, 0, 2]]


def test_records_without_picture_or_sound_are_read_by_tfds(tmp_path):
  import tensorflow_datasets as tfds

  blind = records_factory.write_records(
    tmp_path / 'blind', {'train': 1}, frames_per_span=0, seconds=0.1, label_names=()
  )
  silent = records_factory.write_records(
    tmp_path / 'silent', {'train': 1}, frames_per_span=2, seconds=0, num_official_splits=0
  )
  (example,) = tfds.builder_from_directory(blind.directory).as_dataset(split='train')
  assert len(example['frames']) == 0 and example['log_mel'].shape == (5, 40) and len(example['labels']) == 0
  (example,) = tfds.builder_from_directory(silent.directory).as_dataset(split='train')
  assert example['frames'].shape == (2, 24, 32, 3) and example['log_mel'].shape == (0, 40)
  assert len(example['official_split']) == 0


def test_open_records_knows_the_whole_folder(stored):
  _, records = stored
  assert records.splits == ('train', 'validation')
  assert records.shard_lengths == {'train': (2, 0, 2), 'validation': (2,)}
  assert (records.num_clips('train'), records.num_rows('train')) == (4, 6)
  assert [os.path.basename(path) for path in records.shard_paths('validation')] == [
    'tiny-validation.tfrecord-00000-of-00001'
  ]
  assert (records.name, records.frame_rate, records.short_side) == ('tiny', 30.0, 24)
  assert (records.label_names, records.num_official_splits) == (('cat', 'dog', 'owl'), 2)
  assert records.log_mel_spec.hop_length == 320
  assert records.failed == {'train': {'missing_file': 2}, 'validation': {}}
  with pytest.raises(ValueError, match="no split 'test'; it has"):
    records.num_clips('test')


@pytest.mark.slow
def test_open_records_does_without_tfds(stored):
  script = (
    'import sys; from xdc_tf.records import reader, schema; schema.open_records(sys.argv[1]); '
    'print("tensorflow_datasets" in sys.modules)'
  )
  done = subprocess.run(
    [sys.executable, '-c', script, stored[1].directory], capture_output=True, text=True, timeout=120
  )
  assert done.stdout.strip() == 'False', done.stderr


def test_open_records_refuses_folders_that_are_not_finished(tmp_path):
  with pytest.raises(FileNotFoundError, match='nowhere does not exist'):
    schema.open_records(str(tmp_path / 'nowhere'))
  directory = records_factory.write_records(tmp_path, {'train': 8}, frames_per_span=1, seconds=0.1).directory
  clips = tmp_path / schema.CLIPS_FILE
  text = clips.read_text()
  clips.write_text(text.replace('"hop_length"', '"hop"'))
  with pytest.raises(ValueError, match='clips.json does not describe records'):
    schema.open_records(directory)
  clips.write_text(text)
  (tmp_path / 'tiny-train.tfrecord-00001-of-00002').unlink()
  with pytest.raises(FileNotFoundError, match='lacks 1 of its shards.*00001-of-00002'):
    schema.open_records(directory)
  (tmp_path / schema.DONE_FILE).unlink()
  with pytest.raises(FileNotFoundError, match='it has no DONE'):
    schema.open_records(directory)


def test_write_metadata_refuses_incomplete_settings(tmp_path):
  with pytest.raises(ValueError, match='expected exactly'):
    schema.write_metadata(str(tmp_path), 'tiny', {}, {}, (), 0, {'frame_rate': 30.0})


@pytest.mark.parametrize(
  ('key', 'value'),
  [
    ('num_rows', 'ab'), ('num_rows', True), ('num_rows', {}), ('failed', 3), ('label_names', 'cat'), ('num_official_splits', None),
    ('frame_rate', '30'), ('frame_rate', 0), ('short_side', [1]), ('name', '../x'), ('shard_lengths', {'../x': [1]}),
    ('shard_lengths', {'train': [-1]}), ('manifest_directory', 3), ('log_mel', {'window': 1}),
  ],
)  # fmt: skip
def test_a_description_that_was_edited_is_named(key, value, tmp_path):
  records = records_factory.write_records(tmp_path, {'train': 1})
  path = os.path.join(records.directory, schema.CLIPS_FILE)
  files.write_json(path, files.read_json(path) | {key: value})
  with pytest.raises(ValueError, match=f'^{path} does not describe records'):
    schema.open_records(records.directory)
