"""Two worker processes on this machine run the whole outer loop under MultiWorkerMirroredStrategy."""

import glob
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import records_factory
import tensorflow as tf
from worker_processes import free_addresses

pytestmark = [pytest.mark.stack, pytest.mark.slow]

TINY = [
  'num_audio_clusters = 3',
  'Pretraining.num_iterations = 1',
  'AudioResNet18.base_width = 4',
  'AudioResNet18.blocks_per_stage = 1',
  'Schedule.epoch_size = 24',
  'Schedule.batch_size = 4',
  'Schedule.total_epochs = 1',
  'Schedule.base_learning_rate = 0.001',
  'TrainingOptions.checkpoint_steps = 1',
  "TrainingOptions.precision = 'float32'",
]
# The first worker's program ends with an error when the other one dies; a cluster's manager starts both again.
PATIENCE_SECONDS = 300


def start(records: str, run: str, name: str, *options: str, tf_config: dict | None = None) -> subprocess.Popen:
  command = [sys.executable, '-m', 'xdc_tf.cli.main', 'pretrain', '--records', records, '--run_dir', run]
  command += ['--gin_file', 'methods/same_modality_audio.gin', '--deterministic', *options]
  command += [word for binding in TINY for word in ('--gin_param', binding)]
  environment = os.environ | ({'TF_CONFIG': json.dumps(tf_config)} if tf_config else {})
  with open(f'{run}.{name}.log', 'a') as log:
    return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


class Workers:
  """Two workers of one run."""

  def __init__(self, records: str, run: str):
    self._records, self._run, self._addresses = records, run, free_addresses(2)
    self.processes = [self._start(index) for index in range(2)]

  def _start(self, index: int) -> subprocess.Popen:
    tf_config = {'cluster': {'worker': self._addresses}, 'task': {'type': 'worker', 'index': index}}
    return start(self._records, self._run, f'worker{index}', tf_config=tf_config)

  def wait(self, restarts: int) -> None:
    """Waits for both, and starts again what ends with an error, `restarts` times in all."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(process.poll() != 0 for process in self.processes):
      for index, process in enumerate(self.processes):
        if process.poll():
          assert restarts, self.log(index)
          restarts -= 1
          self.processes[index] = self._start(index)
      assert time.monotonic() < deadline, self.log(0)
      time.sleep(0.1)

  def log(self, index: int) -> str:
    with open(f'{self._run}.worker{index}.log') as file:
      return file.read()[-3000:]


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
  """Returns the run directories of one process with two replicas, of two workers, and of two workers of which one was killed."""
  folder = tmp_path_factory.mktemp('workers')
  splits = {'train': 32, 'validation': 8}
  records = records_factory.write_records(folder / 'records', splits, clips_per_shard=16, frames_per_span=0).directory
  one, two, cut = (str(folder / name) for name in ('one', 'two', 'cut'))
  alone = start(records, one, 'log', '--logical_cpus=2')
  workers = []
  try:
    workers.append(Workers(records, two))
    workers[0].wait(restarts=0)
    workers.append(Workers(records, cut))
    while not glob.glob(f'{cut}/iteration-00/train/audio_a/checkpoints/ckpt-1.index'):
      assert workers[1].processes[1].poll() is None, workers[1].log(1)
      time.sleep(0.01)
    workers[1].processes[1].kill()
    workers[1].wait(restarts=3)
    assert alone.wait(PATIENCE_SECONDS) == 0
  finally:
    for process in [alone, *(process for pair in workers for process in pair.processes)]:
      process.kill()
  return one, two, cut


def arrays(run: str, part: str) -> dict[str, np.ndarray]:
  """The features, centroids and pseudo-labels of a part of a run, by their places in it."""
  paths = glob.glob(f'{run}/{part}/**/*.npy', recursive=True)
  return {os.path.relpath(path, run): np.load(path) for path in paths}


def weights(run: str, stage: str) -> np.ndarray:
  """All numbers of an encoder, one after the other."""
  reader = tf.train.load_checkpoint(f'{run}/{stage}/weights')
  found = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
  return np.concatenate([np.ravel(found[name]) for name in sorted(found) if isinstance(found[name], np.ndarray)])


def assert_same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
  assert found.keys() == expected.keys()
  for name, value in expected.items():
    np.testing.assert_array_equal(found[name], value, err_msg=name)


def test_features_and_clusters_are_those_of_one_process(runs):
  one, two, _ = runs
  expected = arrays(one, 'iteration-00')
  assert sum('pseudo_labels' in name for name in expected) == 4 and sum('features' in name for name in expected) == 12
  assert_same(arrays(two, 'iteration-00'), expected)
  assert not glob.glob(two + '/**/.worker-*', recursive=True)


@pytest.mark.parametrize('encoder', ['audio_a', 'audio_b'])
def test_training_goes_where_that_of_one_process_goes(runs, encoder):
  """Each worker reads its own shards, so the batches are other ones, and BatchNorm sees the difference."""
  one, two, _ = runs
  before = weights(one, f'initial/{encoder}')
  alone, shared = (weights(run, f'iteration-00/train/{encoder}') for run in (one, two))
  assert np.linalg.norm(shared - alone) < 0.15 * np.linalg.norm(alone - before)


def test_a_worker_that_was_killed_changes_nothing(runs):
  _, two, cut = runs
  for part in ('iteration-00', 'iteration-01'):
    assert_same(arrays(cut, part), arrays(two, part))
  assert len(arrays(two, 'iteration-01')) == len(arrays(two, 'iteration-00'))
  # The statistics of BatchNorm too: a resumed run restores the chief's on every worker.
  for encoder in ('audio_a', 'audio_b'):
    found, expected = (weights(run, f'iteration-00/train/{encoder}') for run in (cut, two))
    np.testing.assert_array_equal(found, expected)
