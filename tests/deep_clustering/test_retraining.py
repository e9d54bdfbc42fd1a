"""The last iteration's own schedule, and the video encoder trained again on longer clips: with what, and who uses the result."""

import argparse
import dataclasses
import os

import numpy as np
import pytest
import records_factory
import tensorflow as tf
from tiny_encoders import AnyLengthVideo, TinyAudio, folded_weights

from xdc_tf import files
from xdc_tf.cli import configuration, encoder_arguments, main
from xdc_tf.clustering.assignments import PseudoLabels
from xdc_tf.clustering.kmeans import KMeansOptions
from xdc_tf.deep_clustering import methods
from xdc_tf.deep_clustering.outer_loop import Pretraining, make_trainers, pretrain
from xdc_tf.deep_clustering.retraining import Retraining
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.runs import run_info
from xdc_tf.runs.run_directory import RunDirectory
from xdc_tf.training import checkpoints
from xdc_tf.training.metrics_log import read_metrics
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.schedules import Schedule
from xdc_tf.training.trainer import EncoderTrainer

pytestmark = pytest.mark.slow

RETRAINING = Retraining(num_frames=4, batch_size=2, base_learning_rate=0.0025)
CONFIG = Pretraining(
  encoders={'video': AnyLengthVideo, 'audio': TinyAudio},
  clusterings=methods.xdc(3, 4),
  video_input=VideoInput(num_frames=2, crop_size=8),
  audio_input=AudioInput(),
  schedule=Schedule(epoch_size=8, batch_size=4, total_epochs=1, warmup_epochs=0, base_learning_rate=0.01),
  last_schedule=Schedule(epoch_size=8, batch_size=4, total_epochs=3, warmup_epochs=0, base_learning_rate=0.01),
  kmeans=KMeansOptions(),
  training=TrainingOptions(),
  retraining=RETRAINING,
  num_iterations=2,
)


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  return records_factory.write_records(tmp_path_factory.mktemp('records'), frames_per_span=6)


def run(config: Pretraining, path: str, records, strategy) -> run_info.FinishedRun:
  pretrain(config, make_trainers(config, records, strategy), RunDirectory(path, strategy), records, strategy)
  return run_info.FinishedRun(path, config, records)


def weights(folder: str) -> dict[str, np.ndarray]:
  reader = tf.train.load_checkpoint(os.path.join(folder, 'weights'))
  names = [name for name in reader.get_variable_to_shape_map() if name.endswith('VARIABLE_VALUE')]
  return {name: reader.get_tensor(name) for name in names}


def differ(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
  assert first.keys() == second.keys()
  return any(not np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.stack
def test_the_last_iteration_and_the_retraining_are_as_configured(records, one_replica, tmp_path):
  finished = run(CONFIG, str(tmp_path), records, one_replica)
  for encoder in ('video', 'audio'):
    epochs = [len(read_metrics(f'{tmp_path}/iteration-0{i}/train/{encoder}/metrics.csv')) for i in (0, 1)]
    assert epochs == [1, 3]
  rows = read_metrics(f'{tmp_path}/retrained/video/metrics.csv')
  assert [float(row['learning_rate']) for row in rows] == [
    0.0025
  ] * 3  # The last schedule's epochs, a quarter of the rate.
  assert 'train_accuracy_audio' in rows[0]
  assert os.listdir(f'{tmp_path}/retrained') == ['video']
  assert not os.path.exists(f'{tmp_path}/retrained/video/checkpoints')

  assert finished.weights_folder('video') == f'{tmp_path}/retrained/video'
  assert finished.weights_folder('audio') == f'{tmp_path}/iteration-01/train/audio'
  assert differ(weights(finished.weights_folder('video')), weights(f'{tmp_path}/iteration-01/train/video'))
  assert (finished.input_of('video').shape, finished.input_of('audio').shape) == ((4, 8, 8, 3), (40, 100, 1))
  assert CONFIG.input_of('video').shape == (2, 8, 8, 3), 'features are still of the short clips'
  run(CONFIG, str(tmp_path), records, one_replica)  # All is done: nothing is opened for training again.


@pytest.mark.parametrize('method', ['xdc', 'shuffled_xdc'])
def test_the_retraining_starts_from_the_last_weights_and_labels(method, records, one_replica, tmp_path, monkeypatch):
  calls = []

  def train(self, folder, training, validation, schedule, seed):
    start = [v.numpy() for v in self.encoder.trainable_variables]
    calls.append((self.name, self.inputs, self.options.evaluation_batch_size, training, validation, schedule, start))
    for v in self.encoder.trainable_variables:
      v.assign_add(tf.ones_like(v))
    self.save(folder)

  monkeypatch.setattr(EncoderTrainer, 'train', train)
  config = dataclasses.replace(
    CONFIG, encoders={'video': AnyLengthVideo, 'audio': TinyAudio}, clusterings=getattr(methods, method)(3, 4)
  )
  run(config, str(tmp_path), records, one_replica)
  assert [call[0] for call in calls] == ['video', 'audio', 'video', 'audio', 'video']
  assert [call[1].num_frames for call in calls if call[0] == 'video'] == [2, 2, 4]
  assert [call[2] for call in calls] == [32, 32, 32, 32, 2]
  (_, _, _, training, validation, last, start), again = calls[2], calls[4]
  for one, other in ((training, again[3]), (validation, again[4])):
    np.testing.assert_array_equal(one.labels['audio'], other.labels['audio'])
  stored = PseudoLabels.load(f'{tmp_path}/iteration-01/clusters/audio/train', records.num_rows('train')).labels
  assert np.array_equal(again[3].labels['audio'], stored) == (method == 'xdc')
  assert again[5] == dataclasses.replace(last, batch_size=2, base_learning_rate=0.0025)
  for before, after in zip(start, again[6], strict=True):
    np.testing.assert_array_equal(after, before + 1)


def test_what_cannot_be_is_refused():
  with pytest.raises(ValueError, match=r"for video encoders. Received the encoders: \['a', 'b'\]"):
    dataclasses.replace(
      CONFIG, encoders={'a': TinyAudio, 'b': TinyAudio}, clusterings=methods.same_modality_xdc(('a', 'b'), 3)
    )
  with pytest.raises(ValueError, match='num_iterations is 0'):
    dataclasses.replace(CONFIG, num_iterations=0)
  for name in ('num_frames', 'batch_size'):
    with pytest.raises(ValueError, match=f'Retraining.{name} must be at least 1'):
      Retraining(**{name: 0})
  with pytest.raises(ValueError, match='Retraining.base_learning_rate must not be negative'):
    Retraining(base_learning_rate=-1.0)


def xdc(*words: str) -> None:
  parsed = main.build_parser().parse_args([*words])
  parsed.run(parsed)


def test_export_and_finetuning_take_the_retrained_encoder(records, tmp_path):
  run_dir, models = str(tmp_path / 'run'), tmp_path / 'models'
  bindings = {
    'num_video_clusters': 3,
    'num_audio_clusters': 4,
    'Pretraining.num_iterations': 1,
    'Pretraining.retraining': '@Retraining()',
    'Retraining.num_frames': 4,
    'Retraining.batch_size': 2,
    'R2Plus1D18.base_width': 4,
    'R2Plus1D18.blocks_per_stage': 1,
    'AudioResNet18.base_width': 4,
    'AudioResNet18.blocks_per_stage': 1,
    'VideoInput.num_frames': 2,
    'VideoInput.crop_size': 16,
    'Schedule.epoch_size': 4,
    'Schedule.batch_size': 4,
    'Schedule.total_epochs': 1,
  }
  words = [word for name, value in bindings.items() for word in ('--gin_param', f'{name} = {value}')]
  xdc('pretrain', '--records', records.directory, '--run_dir', run_dir, '--gin_file', 'methods/xdc.gin', *words)
  xdc('export', '--run_dir', run_dir, '--output_dir', str(models))

  arguments = argparse.Namespace(run_dir=run_dir, encoder='video', weights=None, random=None)
  start = encoder_arguments.find(arguments)
  assert start.weights == f'{run_dir}/retrained/video'
  assert start.inputs.shape == (4, 16, 16, 3)
  encoder = start.load(start.inputs)
  before = start.make()
  before(tf.zeros([1, 2, 16, 16, 3]))
  checkpoints.load_weights(before, f'{run_dir}/iteration-00/train/video')
  exported = tf.saved_model.load(str(models / 'xdc_video' / '1'))
  # The exported kernels and biases are those of the encoder with its BatchNorm folded in.
  folded = [folded_weights(e) for e in (encoder, before)]
  sums = [sorted(float(tf.reduce_sum(v)) for v in vs) for vs in (exported.weights, *folded)]
  assert sums[0] == sums[1] != sums[2]
  outputs = {name: set(signature.structured_outputs) for name, signature in exported.signatures.items()}
  audio = tf.saved_model.load(str(models / 'xdc_audio' / '1')).signatures
  assert not any('cluster' in output for names in outputs.values() for output in names), outputs
  assert any('cluster' in output for signature in audio.values() for output in signature.structured_outputs)

  os.remove(f'{run_dir}/retrained/video/DONE')
  with pytest.raises(ValueError, match='has not finished .*retrained/video is not done'):
    configuration.open_run(run_dir)
  assert files.read_json(f'{run_dir}/iteration-01/metrics/metrics.json')['train_nmi_between'].keys() == {'audio-video'}
