"""Clusters of hand-crafted features in the first iterations, against SciPy's cosine transform and lines fitted by NumPy."""

import dataclasses

import numpy as np
import pytest
import records_factory
import scipy.fft
import tensorflow as tf
from tiny_encoders import TinyAudio, TinyVideo

from xdc_tf.cli import configuration
from xdc_tf.clustering.feature_store import FeatureStore, write_shard
from xdc_tf.clustering.kmeans import KMeansOptions
from xdc_tf.deep_clustering import methods, mfcc
from xdc_tf.deep_clustering.outer_loop import Pretraining, make_trainers, pretrain
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.records.reader import evaluation_dataset
from xdc_tf.runs.run_directory import RunDirectory
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.schedules import Schedule


def by_hand(log_mel: np.ndarray) -> np.ndarray:
  """The features of one clip [40, P, 1]."""
  log_mel = log_mel[..., 0].astype(np.float64)
  coefficients = scipy.fft.dct(log_mel, axis=0, norm='ortho')[1:14]
  around = np.pad(coefficients, [(0, 0), (2, 2)], mode='edge')
  slopes = [np.polyfit(np.arange(5), around[:, t : t + 5].T, deg=1)[0] for t in range(log_mel.shape[1])]
  values = np.concatenate([coefficients, 10 * np.stack(slopes, axis=1)])
  energy = np.exp(log_mel).sum(axis=0)
  means = np.average(values, axis=1, weights=energy)
  return np.concatenate([means, np.sqrt(np.average((values - means[:, None]) ** 2, axis=1, weights=energy))])


def test_statistics_are_those_of_numpy_and_do_not_hear_how_loud_it_is():
  clips = np.random.default_rng(0).normal(0, 2, [3, 40, 50, 1]).astype(np.float32)
  features = mfcc.statistics(tf.constant(clips)).numpy()
  assert features.shape == (3, mfcc.DIMENSION) == (3, 52)
  np.testing.assert_allclose(features, [by_hand(clip) for clip in clips], rtol=1e-4, atol=1e-4)
  np.testing.assert_allclose(mfcc.statistics(tf.constant(clips + 3)).numpy(), features, rtol=1e-4, atol=1e-4)


def test_what_is_hardly_heard_says_nothing():
  generator = np.random.default_rng(0)
  sound, hiss = (generator.normal(level, 2, [1, 40, 30, 1]).astype(np.float32) for level in (0, -40))
  short, long = (np.concatenate([hiss[:, :, -n:], sound, hiss[:, :, :n]], axis=2) for n in (5, 30))
  np.testing.assert_allclose(
    mfcc.statistics(tf.constant(short)), mfcc.statistics(tf.constant(long)), rtol=1e-4, atol=1e-5
  )


def config_with(mfcc_iterations: int, **changes) -> Pretraining:
  config = Pretraining(
    {'video': TinyVideo, 'audio': TinyAudio}, methods.xdc(3, 4), VideoInput(num_frames=2, crop_size=8), AudioInput(),
    Schedule(epoch_size=4, batch_size=4, total_epochs=1, warmup_epochs=0, early_stop_epochs=0), KMeansOptions(),
    TrainingOptions(evaluation_batch_size=4), num_iterations=1, feature_clips=2, mfcc_iterations=mfcc_iterations,
  )  # fmt: skip
  return dataclasses.replace(config, **changes)


@pytest.mark.slow
@pytest.mark.stack
def test_the_first_sounds_are_clustered_by_them_and_the_last_ones_by_the_encoder(one_replica, tmp_path):
  records = records_factory.write_records(tmp_path / 'records', frames_per_span=8, missing=[('train', 5)])
  run, config = str(tmp_path / 'run'), config_with(1)
  pretrain(config, make_trainers(config, records, one_replica), RunDirectory(run, one_replica), records, one_replica)
  for split in ('train', 'validation'):
    index, features = (
      np.concatenate(parts)
      for parts in zip(*FeatureStore(f'{run}/iteration-00/features/audio', split).blocks(4), strict=True)
    )
    data = evaluation_dataset(records, split, AudioInput(), 3, num_clips=2)
    expected = {
      int(i): clips.numpy() for batch in data for i, clips in zip(batch['index'], batch['input'], strict=True)
    }
    assert index.tolist() == sorted(expected)
    means = [np.mean([by_hand(clip * AudioInput().std) for clip in expected[i]], axis=0) for i in index]
    np.testing.assert_allclose(features, means, rtol=2e-3, atol=2e-3)  # They are stored as float16.
  assert FeatureStore(f'{run}/iteration-00/features/video', 'train').dimension == TinyVideo.feature_dimension
  assert FeatureStore(f'{run}/iteration-01/features/audio', 'train').dimension == TinyAudio.feature_dimension


def test_xdc_plus_is_xdc_but_for_that_and_its_heads():
  clusters = ['num_video_clusters = 3', 'num_audio_clusters = 4']
  configs = []
  for method in ('xdc', 'xdc_plus'):
    configuration.load([f'methods/{method}.gin'], clusters)
    configs.append(configuration.pretraining())
  xdc, plus = configs
  assert (xdc.mfcc_iterations, plus.mfcc_iterations) == (0, 4)
  assert (xdc.training.head_deviation, plus.training.head_deviation) == (0.01, 0.0)
  assert dataclasses.replace(plus, mfcc_iterations=0, training=xdc.training) == xdc
  takes = [[plus.takes_mfcc(encoder, iteration) for iteration in (0, 3, 4)] for encoder in ('video', 'audio')]
  assert takes == [[False, False, False], [True, True, False]]


def test_xdc_plus_after_an_experiment_leaves_its_encoders(tmp_path):
  """It includes a method, which includes R(2+1)D: Table 13's ResNet3D was gone without a word."""
  configuration.load(['papers/neurips2020/table13_xdc_resnet3d.gin', 'methods/xdc_plus.gin'], [])
  config = configuration.pretraining()
  assert config.encoders['video'].__name__ == 'ResNet3D18'
  assert (config.mfcc_iterations, config.training.head_deviation) == (4, 0.0)
  # Within a file the last include wins, as the last line does.
  mine = tmp_path / 'mine.gin'
  mine.write_text("include 'papers/neurips2020/table13_xdc_resnet3d.gin'\ninclude 'models/r2plus1d_18.gin'\n")
  configuration.load([str(mine)], [])
  assert configuration.pretraining().encoders['video'].__name__ == 'R2Plus1D18'


@pytest.mark.slow
@pytest.mark.parametrize(('encoder', 'mfcc_iterations', 'expected'), [('audio', 1, 52), ('video', 0, 8)])
def test_features_of_another_kind_are_not_taken_for_these(encoder, mfcc_iterations, expected, one_replica, tmp_path):
  """Whoever puts features of their own into a run's folder may; a run that says MFCC has clustered MFCC."""
  records = records_factory.write_records(tmp_path / 'records', frames_per_span=8)
  run, config = tmp_path / 'run', config_with(mfcc_iterations)
  folder = run / 'iteration-00/features' / encoder
  for split in ('train', 'validation'):
    for shard, length in enumerate(records.shard_lengths[split]):
      num_shards = len(records.shard_lengths[split])
      write_shard(str(folder), split, shard, num_shards, np.arange(length), np.zeros([length, 9], np.float16))
  (folder / 'DONE').write_text('done\n')
  trainers = make_trainers(config, records, one_replica)
  with pytest.raises(ValueError, match=rf'features/{encoder} holds features of 9 numbers; expected {expected}'):
    pretrain(config, trainers, RunDirectory(str(run), one_replica), records, one_replica)


def test_what_cannot_be_is_refused():
  with pytest.raises(ValueError, match=r'must be 0 to Pretraining.num_iterations \(1\).*Received: 2'):
    config_with(2)
  two_videos = {'encoders': {'a': TinyVideo, 'b': TinyVideo}, 'clusterings': methods.same_modality_xdc(('a', 'b'), 3)}
  with pytest.raises(ValueError, match='is for audio encoders'):
    config_with(1, **two_videos)
