"""Damaged shards are named, whoever reads them."""

import dataclasses
import re

import numpy as np
import pytest
import records_factory
import tensorflow as tf
from tensorflow.python.eager import context
from tiny_encoders import AnyLengthVideo, TinyAudio

from beam_pipelines.feature_shard import FeatureJob
from xdc_tf.cli import extract_features
from xdc_tf.clustering.feature_store import FeatureStore
from xdc_tf.deep_clustering import stages
from xdc_tf.evaluation.clip_features import ClipFeatures
from xdc_tf.records import damage, positions
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.records.snippets import Snippets
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.schedules import Schedule
from xdc_tf.training.targets import Targets
from xdc_tf.training.trainer import EncoderTrainer


@pytest.fixture
def records(tmp_path):
  return records_factory.write_records(tmp_path / 'records', {'train': 12, 'validation': 4}, frames_per_span=8)


def harm(path, place, change=lambda byte: byte ^ 64):
  data = bytearray(open(path, 'rb').read())  # noqa: SIM115
  data[place] = change(data[place])
  with open(path, 'wb') as file:
    file.write(data)


def test_whole_and_damaged_shards(records, tmp_path):
  paths = records.shard_paths('train')
  assert [damage.of_shard(path, 4) for path in paths] == ['', '', '']
  assert damage.of_shard(paths[0], 5) == 'holds 4 records, and 5 were written'
  harm(paths[1], 700)
  assert damage.of_shard(paths[1], 4) == 'is damaged (corrupted record at 12)'
  assert damage.of_shard(str(tmp_path / 'none'), 4) == 'is missing'


def test_looking_at_a_shard_leaves_nothing_behind(records):
  """A graph of each stayed: 100,000 shards were 14 GB."""
  path, before = records.shard_paths('train')[0], len(context.context().list_function_names())
  assert [damage.of_shard(path, 4) for _ in range(5)] == [''] * 5
  assert len(context.context().list_function_names()) == before


def make_trainer(records, one_replica, modality):
  model, inputs = (AnyLengthVideo, VideoInput(8, 16)) if modality == 'video' else (TinyAudio, AudioInput())
  options = TrainingOptions(precision='float32')
  return EncoderTrainer(modality, model, inputs, records, {'label': 2}, options, one_replica, seed=0)


def labels(records, split):
  return Targets(split, {'label': np.zeros(records.num_rows(split), np.int32)})


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize('kind', ['a byte', 'records'])
@pytest.mark.parametrize(
  'how', ['embed', 'predict', 'validate', 'clip_features', 'some_clips', 'store', 'snippets', 'beam']
)
def test_who_reads_whole_records_names_the_shard(records, one_replica, tmp_path, how, kind):
  """Records that are gone, as from a copy that broke off between two, were no damage: what was left was measured."""
  split = 'validation' if how == 'validate' else 'train'
  trainer = make_trainer(records, one_replica, 'audio')
  path = records.shard_paths(split)[-1]
  if kind == 'a byte':
    harm(path, 9000)
  else:
    first = next(tf.data.TFRecordDataset(path).as_numpy_iterator())
    with tf.io.TFRecordWriter(path) as writer:
      writer.write(first)
  clip_features = ClipFeatures(TinyAudio(), AudioInput(), records, 1)
  schedule = Schedule(epoch_size=4, batch_size=4, total_epochs=1, warmup_epochs=0)
  read = {
    'embed': lambda: list(trainer.inference.embed('train', [0, 1, 2])),
    'predict': lambda: list(trainer.inference.predict(labels(records, 'train'), 2)),
    'validate': lambda: trainer.train(str(tmp_path), labels(records, 'train'), labels(records, split), schedule, 0),
    'clip_features': lambda: clip_features.extract('train'),
    'some_clips': lambda: clip_features.extract('train', np.arange(records.num_rows('train')) % 2 == 0),
    'store': lambda: extract_features.write_means(
      str(tmp_path), TinyAudio(), AudioInput(), records, num_clips=1, batch_size=4
    ),
    'snippets': lambda: extract_features.write_snippets(
      str(tmp_path), TinyAudio(), AudioInput(), records, Snippets(frames=4, stride=4), batch_size=4
    ),
    'beam': lambda: list(
      FeatureJob(
        records.directory,
        str(tmp_path),
        {'modality': 'audio', 'num_samples': 100 * records.log_mel_spec.hop_length, 'clip_length': 8},
        num_clips=1,
        snippets=None,
        batch_size=4,
      ).read((split, len(records.shard_lengths[split]) - 1))
    ),
  }[how]
  what = 'is damaged' if kind == 'a byte' else 'holds 1 records, and 4 were written'
  with pytest.raises(ValueError, match=f'^{re.escape(path)} {what}.*--repair'):
    read()
  if how == 'store':
    assert FeatureStore(str(tmp_path), 'train').complete_shards() == [0, 1]


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize('harmed', ['jpeg', 'cut'])
def test_training_names_the_shard(records, one_replica, tmp_path, harmed):
  """It reads clips only, whose checksums are not theirs; what cannot be decoded or is not there is named all the same."""
  path = records.shard_paths('train')[1]
  trainer = make_trainer(records, one_replica, 'video')
  if harmed == 'jpeg':
    data = open(path, 'rb').read()  # noqa: SIM115
    for match in re.finditer(b'\xff\xd8\xff', data):
      harm(path, match.start(), lambda byte: 0)
  else:
    with open(path, 'r+b') as file:
      file.truncate(3000)
  schedule = Schedule(epoch_size=24, batch_size=4, total_epochs=1, warmup_epochs=0, early_stop_epochs=0)
  with pytest.raises((ValueError, tf.errors.OpError), match=re.escape(path)):
    trainer.train(str(tmp_path), labels(records, 'train'), None, schedule, 0)


def test_other_errors_stay_what_they_are(records):
  with pytest.raises(tf.errors.InvalidArgumentError, match='of the network'), damage.named(records, 'train'):
    raise tf.errors.InvalidArgumentError(None, None, 'of the network')
  with pytest.raises(tf.errors.ResourceExhaustedError), damage.named(records, 'train'):
    harm(records.shard_paths('train')[0], 700)
    raise tf.errors.ResourceExhaustedError(None, None, 'memory')


def test_training_on_some_clips_misses_records_that_are_gone(records, one_replica, tmp_path):
  """A finetuning went through on what was left, and stood when the shard was repaired."""
  path = records.shard_paths('train')[1]
  first = next(tf.data.TFRecordDataset(path).as_numpy_iterator())
  with tf.io.TFRecordWriter(path) as writer:
    writer.write(first)
  targets = dataclasses.replace(labels(records, 'train'), subset=np.ones(records.num_rows('train'), bool))
  schedule = Schedule(epoch_size=24, batch_size=4, total_epochs=1, warmup_epochs=0, early_stop_epochs=0)
  trainer = make_trainer(records, one_replica, 'audio')
  with pytest.raises(ValueError, match=f'^{re.escape(path)} holds 1 records, and 4 were written'):
    trainer.train(str(tmp_path), targets, None, schedule, 0)


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize('shard', [0, 1])
def test_a_shard_without_its_records_is_not_passed_over(records, one_replica, tmp_path, shard):
  """A full disk can leave an empty file, which is a whole file of no records."""
  path = records.shard_paths('train')[shard]
  schedule = Schedule(epoch_size=24, batch_size=4, total_epochs=1, warmup_epochs=0, early_stop_epochs=0)
  trainer = make_trainer(records, one_replica, 'audio')
  open(path, 'wb').close()
  with pytest.raises(ValueError, match=f'^{re.escape(path)} holds 0 records, and 4 were written'):
    trainer.train(str(tmp_path), labels(records, 'train'), None, schedule, 0)


def test_sound_that_is_damaged_is_not_called_a_divergence(records, one_replica, tmp_path):
  """A clip's bytes are read without the checksum of its record."""
  path = records.shard_paths('train')[2]
  begin, size = positions.of_shard(path).log_mel[0]
  with open(path, 'r+b') as file:
    file.seek(begin)
    file.write(b'\xff' * size)  # NaN
  schedule = Schedule(epoch_size=24, batch_size=4, total_epochs=1, warmup_epochs=0, early_stop_epochs=0)
  with pytest.raises(ValueError, match=f'^{re.escape(path)} is damaged'):
    make_trainer(records, one_replica, 'audio').train(str(tmp_path), labels(records, 'train'), None, schedule, 0)


@pytest.mark.parametrize('length', [0, 3])
def test_features_name_a_shard_that_lost_its_records(records, one_replica, tmp_path, length):
  """The batches of the next shard would have been counted to it."""
  path = records.shard_paths('train')[1]
  kept = list(tf.data.TFRecordDataset(path).take(length).as_numpy_iterator())
  with tf.io.TFRecordWriter(path) as writer:
    for record in kept:
      writer.write(record)
  with pytest.raises(ValueError, match=f'^{re.escape(path)} holds {length} records, and 4 were written'):
    stages.extract_features(str(tmp_path / 'features'), make_trainer(records, one_replica, 'audio'), 1)
