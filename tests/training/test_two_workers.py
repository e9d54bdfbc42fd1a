"""Two worker processes agree on one network."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from worker_processes import free_addresses
from worker_program import NUM_REPLICAS, statistics_of

pytestmark = pytest.mark.slow

TESTS = pathlib.Path(__file__).resolve().parents[1]


@pytest.mark.stack
def test_workers_agree_on_the_mean_of_all_replicas_statistics(tmp_path):
  """On Keras 3 each worker kept its own first replica's, and embedded its share of the clips by a network of its own."""
  path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
  addresses, workers = free_addresses(2), []
  for index in range(2):
    tf_config = {'cluster': {'worker': addresses}, 'task': {'type': 'worker', 'index': index}}
    environment = os.environ | {'TF_CONFIG': json.dumps(tf_config), 'PYTHONPATH': path}
    program = [sys.executable, str(TESTS / 'training/worker_program.py'), str(tmp_path)]
    workers.append(subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
  output = [worker.communicate(timeout=200)[0] for worker in workers]
  assert [worker.returncode for worker in workers] == [0, 0], output
  expected = np.mean([statistics_of(replica, (8,)) for replica in range(NUM_REPLICAS)], axis=0)
  for index in range(2):
    for variable in np.load(tmp_path / f'worker{index}.npy'):
      np.testing.assert_allclose(variable, expected, atol=1e-6)
  saved = tf.train.load_checkpoint(str(tmp_path / 'weights/weights'))
  name = next(name for name in saved.get_variable_to_shape_map() if 'moving_mean' in name)
  np.testing.assert_allclose(saved.get_tensor(name), expected, atol=1e-6)
  first, second = (np.load(tmp_path / f'features{index}.npy') for index in range(2))
  assert first.shape == (4, 32) and np.abs(first).max() > 0
  np.testing.assert_array_equal(first, second)
  for index in range(2):
    answer, catches_sigterm = json.loads((tmp_path / f'manners{index}.json').read_text())
    # Networks of two shapes ended in words of TensorFlow's collective operations; SIGTERM ended nothing.
    assert answer.startswith(
      f'Worker {index} was asked for:\nof worker {index}\nThe workers were started with different'
    )
    assert not catches_sigterm
