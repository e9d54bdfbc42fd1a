"""A pretraining run on two replicas that is killed again and again ends with the same bits as an undisturbed one."""

import glob
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import records_factory
import tensorflow as tf
from event_reader import read_events

pytestmark = pytest.mark.slow

TINY = [
  'num_video_clusters = 3',
  'num_audio_clusters = 4',
  'Pretraining.num_iterations = 2',
  'R2Plus1D18.base_width = 4',
  'R2Plus1D18.blocks_per_stage = 1',
  'AudioResNet18.base_width = 4',
  'AudioResNet18.blocks_per_stage = 1',
  'VideoInput.num_frames = 4',
  'VideoInput.crop_size = 16',
  'Schedule.epoch_size = 24',
  'Schedule.batch_size = 2',
  'Schedule.base_learning_rate = 0.0001',  # The BatchNorm of batches of two is chaotic: more, and the features may overflow.
  'Schedule.total_epochs = 2',
  'Schedule.warmup_epochs = 0',
  'TrainingOptions.checkpoint_steps = 4',
  'TrainingOptions.evaluation_batch_size = 3',
  'KMeansOptions.num_passes = 4',
  'KMeansOptions.tolerance = 0.0',
]
# Kill as soon as this exists: in the middle of feature extraction, of k-means, and of training.
KILL_AT = (
  'iteration-00/features/video/train-00001*index.npy',
  'iteration-00/clusters/audio/kmeans*',
  'iteration-01/train/video/checkpoints/ckpt-8.index',
)


def read_log(run_dir: str) -> str:
  with open(run_dir + '.log') as file:
    return file.read()


def start(records: str, run_dir: str) -> subprocess.Popen:
  options = [
    '--records',
    records,
    '--run_dir',
    run_dir,
    '--gin_file',
    'methods/xdc.gin',
    '--deterministic',
    '--logical_cpus=2',
  ]
  bindings = [word for binding in TINY for word in ('--gin_param', binding)]
  command = [sys.executable, '-m', 'xdc_tf.cli.main', 'pretrain', *options, *bindings]
  log = open(run_dir + '.log', 'a')  # noqa: SIM115 - the process keeps it.
  return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def kill_when_there(process: subprocess.Popen, pattern: str) -> None:
  while not glob.glob(pattern):
    assert process.poll() is None, f'the run ended before {pattern} was there'
    time.sleep(0.002)
  os.killpg(process.pid, signal.SIGKILL)
  process.wait()


def results(run_dir: str) -> dict[str, np.ndarray]:
  """Every pseudo-label, centroid and final weight of a run."""
  found = {}
  for path in glob.glob(run_dir + '/iteration-*/clusters/**/*.npy', recursive=True):
    found[os.path.relpath(path, run_dir)] = np.load(path)
  for encoder in ('video', 'audio'):
    reader = tf.train.load_checkpoint(f'{run_dir}/iteration-01/train/{encoder}/weights')
    found |= {f'{encoder}: {name}': reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
  return found


def events(run_dir: str) -> dict[str, list]:
  """What TensorBoard shows of a run: (step, value) of every curve and histogram."""
  folders = glob.glob(run_dir + '/iteration-*/train/*/tensorboard') + glob.glob(run_dir + '/tensorboard/clusters/*/')
  return {
    f'{os.path.relpath(folder, run_dir)}: {tag}': [(step, value.tolist()) for step, value in values]
    for folder in folders
    for tag, values in read_events(folder).items()
  }


@pytest.mark.stack
def test_a_killed_run_ends_like_an_undisturbed_one(tmp_path):
  records = records_factory.write_records(tmp_path / 'records', frames_per_span=8).directory
  whole, cut = str(tmp_path / 'whole'), str(tmp_path / 'cut')
  assert start(records, whole).wait() == 0, read_log(whole)[-3000:]
  for pattern in KILL_AT:
    kill_when_there(start(records, cut), os.path.join(cut, pattern))
  assert start(records, cut).wait() == 0, read_log(cut)[-3000:]

  expected, found = results(whole), results(cut)
  assert expected.keys() == found.keys()
  assert sum(name.endswith('pseudo_labels.npy') for name in expected) == 3 * 2 * 2  # Iterations, clusterings, splits.
  for name, value in expected.items():
    if isinstance(value, np.ndarray):  # Checkpoints also hold bytes that describe their objects.
      np.testing.assert_array_equal(found[name], value, err_msg=name)

  curves = events(cut)
  assert curves == events(whole)
  assert [step for step, _ in curves['iteration-01/train/video/tensorboard: validation_loss']] == [0, 1]
  assert [step for step, _ in curves['tensorboard/clusters/audio: cluster_sizes']] == [0, 1, 2]
