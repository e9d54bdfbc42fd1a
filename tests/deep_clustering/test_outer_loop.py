"""Every method through the real outer loop, on encoders of one layer, against numpy."""

import dataclasses
import os
import signal
import threading
import time

import numpy as np
import pytest
import records_factory
import tensorflow as tf
from event_reader import read_events
from tiny_encoders import FEATURE_DIMENSION, TinyAudio, TinyVideo

from xdc_tf import files, lease
from xdc_tf.clustering.assignments import PseudoLabels
from xdc_tf.clustering.clusters import Clusters
from xdc_tf.clustering.feature_store import FeatureStore
from xdc_tf.clustering.kmeans import KMeansOptions
from xdc_tf.deep_clustering import methods, outer_loop, stages
from xdc_tf.deep_clustering.outer_loop import Pretraining, make_trainers, pretrain
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.runs.run_directory import RunDirectory
from xdc_tf.training import encoder_threads, trainer
from xdc_tf.training.encoder_threads import for_each_encoder
from xdc_tf.training.metrics_log import read_metrics
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.schedules import Schedule
from xdc_tf.training.trainer import EncoderTrainer

BOTH = {'video': TinyVideo, 'audio': TinyAudio}
TWO_VIDEO = {'video_a': TinyVideo, 'video_b': TinyVideo}
TWO_AUDIO = {'audio_a': TinyAudio, 'audio_b': TinyAudio}
# Method, its encoders, and which heads each encoder must have been trained with (Figure 1).
METHODS = {
  'sdc': (methods.sdc(3, 4), BOTH, {'video': ['video'], 'audio': ['audio']}),
  'mdc': (methods.mdc(3, 4), BOTH, {'video': ['audio', 'video'], 'audio': ['audio', 'video']}),
  'cdc': (methods.cdc(3), BOTH, {'video': ['joint'], 'audio': ['joint']}),
  'xdc': (methods.xdc(3, 4), BOTH, {'video': ['audio'], 'audio': ['video']}),
  'two video': (
    methods.same_modality_xdc(('video_a', 'video_b'), 3), TWO_VIDEO, {'video_a': ['video_b'], 'video_b': ['video_a']}
  ),
  'two audio': (
    methods.same_modality_xdc(('audio_a', 'audio_b'), 3), TWO_AUDIO, {'audio_a': ['audio_b'], 'audio_b': ['audio_a']}
  ),
}  # fmt: skip


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  return records_factory.write_records(tmp_path_factory.mktemp('records'), frames_per_span=4, missing=[('train', 5)])


def run(config: Pretraining, path: str, records, strategy) -> None:
  pretrain(config, make_trainers(config, records, strategy), RunDirectory(path, strategy), records, strategy)


def features(folder: str, split: str) -> tuple[np.ndarray, np.ndarray]:
  blocks = list(FeatureStore(folder, split).blocks(5))
  unit = np.concatenate([block for _, block in blocks]).astype(np.float64)
  return np.concatenate([index for index, _ in blocks]), unit / np.linalg.norm(unit, axis=1, keepdims=True)


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize('name', METHODS)
def test_every_method(name, records, one_replica, tmp_path):
  clusterings, encoders, heads = METHODS[name]
  config = Pretraining(
    encoders=encoders,
    clusterings=clusterings,
    video_input=VideoInput(num_frames=2, crop_size=8),
    audio_input=AudioInput(),
    schedule=Schedule(epoch_size=8, batch_size=4, total_epochs=1, warmup_epochs=0, base_learning_rate=0.001),
    kmeans=KMeansOptions(),
    training=TrainingOptions(),
    num_iterations=1,
  )
  run(config, str(tmp_path), records, one_replica)

  for iteration in ('iteration-00', 'iteration-01'):
    for clustering in clusterings:
      folder = os.path.join(tmp_path, iteration, 'clusters', clustering.name)
      centroids = Clusters.load(folder).centroids
      assert len(centroids) == clustering.num_clusters
      for split in ('train', 'validation'):
        index, parts = zip(
          *(features(f'{tmp_path}/{iteration}/features/{s}', split) for s in clustering.sources), strict=True
        )
        joint = np.concatenate(parts, axis=1)
        distances = np.square(joint[:, None] - centroids[None]).sum(axis=2)
        found = PseudoLabels.load(os.path.join(folder, split), records.num_rows(split))
        np.testing.assert_array_equal(found.labels[index[0]], distances.argmin(axis=1))
        np.testing.assert_allclose(found.distances[index[0]], distances.min(axis=1), atol=1e-5)
        if split == 'train':
          assert found.labels[5] == -1, 'the clip that has no record must have no label'
  for encoder, names in heads.items():
    (row,) = read_metrics(f'{tmp_path}/iteration-00/train/{encoder}/metrics.csv')
    assert [column for column in row if column.startswith('train_accuracy')] == [f'train_accuracy_{n}' for n in names]
    curves = read_events(f'{tmp_path}/iteration-00/train/{encoder}/tensorboard')
    assert {tag: [(0, pytest.approx(float(row[tag])))] for tag in row if tag != 'epoch'} == curves
  for clustering in clusterings:
    events = read_events(f'{tmp_path}/tensorboard/clusters/{clustering.name}')
    assert [(step, buckets[:, 2].sum()) for step, buckets in events['cluster_sizes']] == [
      (iteration, clustering.num_clusters) for iteration in (0, 1)
    ]
  between = files.read_json(f'{tmp_path}/iteration-01/metrics/metrics.json')['train_nmi_between']
  assert len(between) == (0 if name == 'cdc' else 1)


@pytest.mark.slow
def test_two_encoders_of_one_modality_start_differently(records, one_replica, tmp_path):
  clusterings, encoders, _ = METHODS['two audio']
  schedule, options = Schedule(epoch_size=4, batch_size=4, total_epochs=1), TrainingOptions()
  config = Pretraining(
    encoders, clusterings, VideoInput(), AudioInput(), schedule, KMeansOptions(), options, num_iterations=0
  )
  run(config, str(tmp_path), records, one_replica)
  first, second = (features(f'{tmp_path}/iteration-00/features/audio_{x}', 'train')[1] for x in 'ab')
  assert not np.allclose(first, second, atol=0.1)


def test_features_are_of_as_many_clips_as_the_configuration_says(records, one_replica, tmp_path):
  config = Pretraining(
    BOTH, methods.xdc(3, 4), VideoInput(num_frames=2, crop_size=8), AudioInput(), Schedule(), KMeansOptions(),
    TrainingOptions(), num_iterations=0, feature_clips=3,
  )  # fmt: skip
  run(config, str(tmp_path), records, one_replica)
  trainer = make_trainers(config, records, one_replica)['video']  # The same seed, so the same weights.
  mean, centre = (next(trainer.inference.embed('validation', [0], num_clips))[1] for num_clips in (3, 1))
  _, found = FeatureStore(f'{tmp_path}/iteration-00/features/video', 'validation').read_shard(0)
  np.testing.assert_allclose(found, mean, rtol=2e-3)
  assert np.abs(mean - centre).max() > 10 * np.abs(mean - found).max()
  with pytest.raises(ValueError, match='feature_clips must be at least 1'):
    dataclasses.replace(config, feature_clips=0)


@pytest.mark.slow
@pytest.mark.stack
def test_encoders_trained_at_the_same_time_are_those_trained_in_turn(records, one_replica, two_replicas, tmp_path):
  config = Pretraining(
    BOTH, methods.xdc(3, 4), VideoInput(num_frames=2, crop_size=8), AudioInput(),
    Schedule(epoch_size=8, batch_size=4, total_epochs=2, warmup_epochs=0), KMeansOptions(), TrainingOptions(),
    num_iterations=2,
  )  # fmt: skip
  concurrent = dataclasses.replace(config, concurrent_encoders=True)
  run(config, str(tmp_path / 'in turn'), records, one_replica)
  run(concurrent, str(tmp_path / 'together'), records, one_replica)
  for encoder in BOTH:
    in_turn, together = (
      tf.train.load_checkpoint(f'{tmp_path}/{how}/iteration-01/train/{encoder}/weights')
      for how in ('in turn', 'together')
    )
    names = [name for name in in_turn.get_variable_to_shape_map() if name.endswith('VARIABLE_VALUE')]
    assert names
    for name in names:
      np.testing.assert_array_equal(in_turn.get_tensor(name), together.get_tensor(name))


def test_encoders_of_several_replicas_are_trained_in_turn(records, two_replicas, tmp_path, monkeypatch):
  """The miniature, whose settings ask for both at the same time, was refused on two GPUs."""
  asked = []

  class Stop(Exception):
    pass

  def noted(items, function, concurrent):
    asked.append(concurrent)
    raise Stop

  monkeypatch.setattr(outer_loop, 'for_each_encoder', noted)
  config = Pretraining(
    BOTH, methods.xdc(3, 4), VideoInput(num_frames=2, crop_size=8), AudioInput(), Schedule(), KMeansOptions(), TrainingOptions(),
    concurrent_encoders=True,
  )  # fmt: skip
  with pytest.raises(Stop):
    run(config, str(tmp_path), records, two_replicas)
  assert asked == [False]


def test_what_one_encoder_finished_stays_when_the_other_fails():
  finished = []

  def work(name: str, item: int) -> None:
    if name == 'broken':
      raise OSError('no disk')
    time.sleep(0.1)
    finished.append(item)

  with pytest.raises(OSError, match='no disk'):
    for_each_encoder({'broken': 0, 'whole': 1}, work, concurrent=True)
  assert finished == [1]


@pytest.mark.slow
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_both_encoders_before_the_folder_is_free(number, records, one_replica, tmp_path, monkeypatch):
  """The main thread, which signals reach, gave the lease back, and the threads trained on for hours beside the next job."""
  config = Pretraining(
    BOTH, methods.xdc(3, 4), VideoInput(num_frames=2, crop_size=8), AudioInput(),
    Schedule(epoch_size=4000, batch_size=4, total_epochs=100, warmup_epochs=0), KMeansOptions(), TrainingOptions(),
    num_iterations=1, concurrent_encoders=True,
  )  # fmt: skip
  at_work, alive = set(), []

  def signalled():
    at_work.add(threading.current_thread().name)
    if len(at_work) == 2:
      signal.pthread_kill(threading.main_thread().ident, number)
      at_work.add('signalled')
    encoder_threads.check_ending()

  release = lease.Lease.release
  monkeypatch.setattr(trainer, 'check_ending', signalled)  # Before every step.
  monkeypatch.setattr(
    lease.Lease,
    'release',
    lambda self: (alive.extend(at_work & {t.name for t in threading.enumerate()}), release(self)),
  )
  with pytest.raises((KeyboardInterrupt, SystemExit)), lease.held(str(tmp_path)):
    run(config, str(tmp_path), records, one_replica)
  assert len(at_work) == 3 and not alive
  assert not files.guards and not (tmp_path / 'iteration-00/train/video/DONE').exists()


@pytest.mark.slow
def test_the_control_learns_from_the_same_labels_on_other_clips(records, one_replica, tmp_path, monkeypatch):
  taught = {}
  monkeypatch.setattr(
    EncoderTrainer,
    'train',
    lambda self, folder, training, validation, *_: (taught.update({self.name: training.labels}), self.save(folder)),
  )
  config = Pretraining(
    BOTH, methods.shuffled_xdc(3, 4), VideoInput(num_frames=2, crop_size=8), AudioInput(), Schedule(), KMeansOptions(),
    TrainingOptions(), num_iterations=1,
  )  # fmt: skip
  run(config, str(tmp_path), records, one_replica)
  for encoder, teacher in (('audio', 'video'), ('video', 'audio')):
    clusters = PseudoLabels.load(f'{tmp_path}/iteration-00/clusters/{teacher}/train', records.num_rows('train')).labels
    dealt = taught[encoder][teacher]
    np.testing.assert_array_equal(np.sort(dealt), np.sort(clusters))
    assert dealt[5] == clusters[5] == -1
    assert (dealt != clusters).sum() > 2


def test_a_warm_up_that_takes_all_epochs_is_told(records, one_replica, caplog):
  config = Pretraining(
    BOTH, methods.xdc(3, 4), VideoInput(num_frames=2, crop_size=8), AudioInput(),
    Schedule(total_epochs=5), KMeansOptions(), TrainingOptions(),
  )  # fmt: skip
  make_trainers(config, records, one_replica)
  assert 'Schedule.warmup_epochs (10) takes all of Schedule.total_epochs (5)' in caplog.text
  caplog.clear()
  make_trainers(dataclasses.replace(config, schedule=Schedule(total_epochs=11)), records, one_replica)
  assert 'warmup_epochs' not in caplog.text


def test_records_that_cannot_be_clustered_are_refused_before_anything_is_done(tmp_path, one_replica):
  one_split = records_factory.write_records(tmp_path / 'records', splits={'train': 4})
  with pytest.raises(ValueError, match=r"no clips in the split 'validation'; it has 4 in train.*validation_fraction"):
    stages.check_records(one_split, methods.xdc(3, 4))
  both = records_factory.write_records(tmp_path / 'both', splits={'train': 4, 'validation': 2})
  with pytest.raises(ValueError, match="'audio' wants 5 clusters of 4 clips"):
    stages.check_records(both, methods.xdc(3, 5))
  with pytest.raises(ValueError, match='1 shards with training clips for 2 workers'):
    stages.check_records(both, methods.xdc(3, 4), num_workers=2)


def test_options_of_kmeans_are_checked_before_features_are_made(records, one_replica):
  for name, value in (('num_passes', 0), ('block_size', 0), ('init_sample_per_cluster', 0), ('pca_components', -1)):
    with pytest.raises(
      ValueError, match=f'KMeansOptions.{name} must be at least {1 + min(value, 0)}. Received: {value}'
    ):
      KMeansOptions(**{name: value})
  config = Pretraining(
    encoders=BOTH,
    clusterings=METHODS['xdc'][0],
    video_input=VideoInput(num_frames=2, crop_size=8),
    audio_input=AudioInput(),
    schedule=Schedule(),
    kmeans=KMeansOptions(pca_components=FEATURE_DIMENSION + 1),
    training=TrainingOptions(),
  )
  # One of the 12 rows is missing.
  complaint = f'pca_components = {FEATURE_DIMENSION + 1}, but 11 clips of {FEATURE_DIMENSION} dimensions allow 1 to'
  with pytest.raises(ValueError, match=complaint):
    make_trainers(config, records, one_replica)


@pytest.mark.slow
def test_a_shard_without_any_clip_is_an_empty_shard_of_features(one_replica, tmp_path):
  missing = [('train', index) for index in range(4, 8)]  # All rows of the second shard.
  records = records_factory.write_records(tmp_path / 'records', frames_per_span=4, missing=missing)
  clusterings, encoders, _ = METHODS['two audio']
  schedule, options = Schedule(epoch_size=4, batch_size=4, total_epochs=1, warmup_epochs=0), TrainingOptions()
  config = Pretraining(
    encoders, clusterings, VideoInput(), AudioInput(), schedule, KMeansOptions(), options, num_iterations=1
  )
  run(config, str(tmp_path / 'run'), records, one_replica)
  index, _ = features(str(tmp_path / 'run' / 'iteration-01' / 'features' / 'audio_a'), 'train')
  np.testing.assert_array_equal(index, [0, 1, 2, 3, 8, 9, 10, 11])
