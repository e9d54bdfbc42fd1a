"""TensorFlow Data Validation on our records: the types it finds, `schema.pbtxt` beside the records, and clips without a label."""

import json
import os

import numpy as np
import pytest
import records_factory
import tensorflow as tf

from xdc_tf.manifest import manifest
from xdc_tf.records import human_labels, label_table, reader, schema
from xdc_tf.records.inputs import AudioInput
from xdc_tf.report import cluster_concepts
from xdc_tf.training import scores

SCHEMA_FILE = 'schema.pbtxt'
NAMES = ['cat', 'dog', 'owl']


@pytest.fixture(scope='module')
def tfdv():
  return pytest.importorskip(
    'tensorflow_data_validation', reason='needs the extra `tfdv`, which exists for Python 3.11'
  )


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  splits = {'train': 6, 'validation': 3}
  return records_factory.write_records(
    tmp_path_factory.mktemp('records') / 'tiny', splits, clips_per_shard=3, frames_per_span=2, seconds=0.2
  )


def all_shards(records, split):
  """The pattern of a split's files."""
  return os.path.join(records.directory, f'{records.name}-{split}.tfrecord-*')


def statistics(tfdv, pattern):
  return tfdv.generate_statistics_from_tfrecord(data_location=pattern)


def found_features(result):
  """The statistics of each feature by name."""
  return {feature.path.step[0]: feature for feature in result.datasets[0].features}


def loaded_schema(tfdv, records):
  return tfdv.load_schema_text(os.path.join(records.directory, SCHEMA_FILE))


def anomalies(tfdv, records, path):
  """{feature: {reasons}} that TFDV finds in a file, by the schema beside the records."""
  from tensorflow_metadata.proto.v0 import anomalies_pb2

  found = tfdv.validate_statistics(statistics(tfdv, path), loaded_schema(tfdv, records)).anomaly_info
  name = anomalies_pb2.AnomalyInfo.Type.Name
  return {feature: {name(reason.type) for reason in info.reason} for feature, info in found.items()}


def serialized_type(description):
  """The type of a feature in tf.train.Example, as features.json describes the feature."""
  if 'sequence' in description:
    return serialized_type(description['sequence']['feature'])
  if 'classLabel' in description:
    return 'INT'
  if 'text' in description or 'video' in description:
    return 'STRING'
  return {'int64': 'INT', 'float32': 'FLOAT'}[description['tensor']['dtype']]


def test_statistics_have_the_types_of_features_json(tfdv, records):
  with open(os.path.join(records.directory, 'features.json')) as file:
    described = json.load(file)['featuresDict']['features']
  found = found_features(statistics(tfdv, all_shards(records, 'train')))
  types = {name: feature.Type.Name(feature.type) for name, feature in found.items()}
  assert types == {name: serialized_type(description) for name, description in described.items()}
  assert set(types) == set(schema.example_spec())


def test_statistics_count_records_and_values(tfdv, records):
  result = statistics(tfdv, all_shards(records, 'train'))
  assert result.datasets[0].num_examples == 6
  values = {}
  for name, feature in found_features(result).items():
    common = getattr(feature, feature.WhichOneof('stats')).common_stats
    assert (common.num_non_missing, common.num_missing) == (6, 0), name
    values[name] = (common.min_num_values, common.max_num_values)
  assert values == dict.fromkeys(values, (1, 1)) | {'frames': (2, 2), 'log_mel': (400, 400)}


def test_records_have_no_anomaly(tfdv, records):
  for split in records.splits:
    found = tfdv.validate_statistics(statistics(tfdv, all_shards(records, split)), loaded_schema(tfdv, records))
    assert not found.anomaly_info
    assert not found.HasField('dataset_anomaly_info')


@pytest.mark.parametrize(
  'changes',
  [
    {'frames_per_span': 0},
    {'seconds': 0},
    {'label_names': ()},
    {'num_official_splits': 0},
    {'label_names': (), 'num_official_splits': 3},
  ],
  ids=str,
)
def test_records_without_a_part_have_no_anomaly(tfdv, tmp_path, changes):
  made = records_factory.write_records(
    tmp_path / 'some', {'train': 3}, **{'frames_per_span': 2, 'seconds': 0.2} | changes
  )
  assert anomalies(tfdv, made, made.shard_paths('train')[0]) == {}


def test_several_labels_and_lengths_have_no_anomaly(tfdv, records, tmp_path):
  path = str(tmp_path / 'spans')
  with tf.io.TFRecordWriter(path) as writer:
    for index in range(4):
      span = records_factory.make_span(
        index, frames=index, seconds=0.1 * index, labels=range(index), official_split=[index % 3]
      )
      writer.write(schema.encode(span))
  assert anomalies(tfdv, records, path) == {}


def set_values(example, name, values):
  feature = example.features.feature[name]
  getattr(feature, feature.WhichOneof('kind')).value[:] = values


@pytest.mark.parametrize('name', schema.example_spec())
def test_a_missing_feature_is_an_anomaly(tfdv, records, tmp_path, name):
  path = tampered(records, tmp_path, lambda example: example.features.feature.pop(name))
  assert anomalies(tfdv, records, path) == {name: {'SCHEMA_MISSING_COLUMN'}}


def float_labels(example):
  example.features.feature['labels'].float_list.value.append(1.0)


def another_feature(example):
  example.features.feature['extra'].int64_list.value.append(1)


@pytest.mark.parametrize(
  ('change', 'feature', 'reason'),
  [
    (lambda example: set_values(example, 'labels', [-1]), 'labels', 'INT_TYPE_SMALL_INT'),
    (lambda example: set_values(example, 'labels', [3]), 'labels', 'INT_TYPE_BIG_INT'),
    (lambda example: set_values(example, 'official_split', [3]), 'official_split', 'INT_TYPE_BIG_INT'),
    (
      lambda example: set_values(example, 'official_split', [1, 1]),
      'official_split',
      'FEATURE_TYPE_HIGH_NUMBER_VALUES',
    ),
    (lambda example: set_values(example, 'index', [1, 2]), 'index', 'INVALID_FEATURE_SHAPE'),
    (lambda example: set_values(example, 'log_mel', [np.nan] * 400), 'log_mel', 'FLOAT_TYPE_HAS_NAN'),
    (lambda example: set_values(example, 'log_mel', [np.inf] * 400), 'log_mel', 'FLOAT_TYPE_HAS_INF'),
    (float_labels, 'labels', 'UNEXPECTED_DATA_TYPE'),
    (another_feature, 'extra', 'SCHEMA_NEW_COLUMN'),
  ],
)
def test_a_damaged_feature_is_an_anomaly(tfdv, records, tmp_path, change, feature, reason):
  assert anomalies(tfdv, records, tampered(records, tmp_path, change)) == {feature: {reason}}


def tampered(records, folder, change):
  """Writes a shard of `records` again, every record changed, and returns its path."""
  path = str(folder / 'tampered')
  with tf.io.TFRecordWriter(path) as writer:
    for serialized in tf.data.TFRecordDataset(records.shard_paths('train')[0]).as_numpy_iterator():
      example = tf.train.Example.FromString(serialized)
      change(example)
      writer.write(example.SerializeToString())
  return path


@pytest.fixture(scope='module')
def half_labelled(tmp_path_factory):
  """Six clips, labelled 0, none, 2, none, 1, none, in the records and in their manifest."""
  made = records_factory.write_records(
    tmp_path_factory.mktemp('half') / 'tiny',
    {'train': 6},
    clips_per_shard=6,
    frames_per_span=2,
    seconds=2.0,
    num_official_splits=0,
  )
  labels = [[0], [], [2], [], [1], []]
  with tf.io.TFRecordWriter(made.shard_paths('train')[0]) as writer:
    for index, own in enumerate(labels):
      writer.write(schema.encode(records_factory.make_span(index, frames=2, labels=own)))
  rows = [
    manifest.Row(i, f'video_{i}', f'{i}.mp4', 2.0 * i, None, [NAMES[n] for n in own]) for i, own in enumerate(labels)
  ]
  manifest.write_manifest(made.manifest_directory, 'tiny', [('train', row) for row in rows], label_names=NAMES)
  return made


def test_labels_in_the_records_stay_empty(half_labelled):
  path = half_labelled.shard_paths('train')[0]
  found = [schema.parse(one)['labels'].numpy().tolist() for one in tf.data.TFRecordDataset(path)]
  assert found == [[0], [], [2], [], [1], []]


def test_labels_that_tfds_reads_stay_empty(half_labelled):
  import tensorflow_datasets as tfds

  builder = tfds.builder_from_directory(half_labelled.directory)
  to_name = builder.info.features['labels'].feature.int2str
  # The reason why -1 must never stand in a record.
  assert to_name(-1) == NAMES[-1]
  found = [[to_name(n) for n in example['labels']] for example in tfds.as_numpy(builder.as_dataset(split='train'))]
  assert found == [['cat'], [], ['owl'], [], ['dog'], []]


def test_labels_of_the_manifest_have_none_where_there_is_none(half_labelled):
  assert human_labels.first_labels(half_labelled, 'train').tolist() == [0, -1, 2, -1, 1, -1]
  bits = np.unpackbits(human_labels.all_labels(half_labelled, 'train'), axis=1, count=len(NAMES))
  assert bits.tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0], [0, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize('kind', ['first', 'all'])
def test_labels_of_the_reader_teach_and_count_nothing_without_one(half_labelled, kind):
  labels = getattr(human_labels, f'{kind}_labels')(half_labelled, 'train')
  batch = next(iter(reader.evaluation_dataset(half_labelled, 'train', AudioInput(20, 4), 6, labels={'human': labels})))
  assert batch['index'].numpy().tolist() == list(range(6))
  # Sure of the last class: right for clip 2 alone, which has it.
  logits = {'human': tf.constant([[0.0, 0.0, 9.0]] * 6)}
  _, hits, clips = scores.statistics(['human'], logits, batch['labels'])[1].numpy()
  assert (hits, clips) == (1, 3)


def test_labels_of_clusters_count_no_clip_without_one(half_labelled):
  bits = human_labels.all_labels(half_labelled, 'train')
  counts, labelled = cluster_concepts.count_labels(np.zeros(6, np.int32), bits, len(NAMES))
  assert (counts.tolist(), labelled.tolist()) == ([[1, 1, 1]], [3])


def test_label_tables_keep_none_and_refuse_numbers_below_it():
  assert label_table.lookup(tf.constant([2, label_table.NO_LABEL]), tf.constant([1])).numpy().tolist() == [-1]
  with pytest.raises(ValueError, match='-2'):
    label_table.checked(np.array([0, -2]), 2, 'labels')
