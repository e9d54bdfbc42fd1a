"""TensorFlow's own command, saved_model_cli, shows the signatures and computes Python's numbers."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from records_factory import jpeg

pytestmark = pytest.mark.slow

RANDOM = np.random.default_rng(0)


def start(*words: str) -> subprocess.Popen:
  command = [sys.executable, '-m', 'tensorflow.python.tools.saved_model_cli', *words]
  environment = os.environ | {'TF_CPP_MIN_LOG_LEVEL': '3', 'CUDA_VISIBLE_DEVICES': ''}
  return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.stack
def test_show_and_run(video, audio, tmp_path):
  jpegs = np.array([[jpeg(RANDOM, (48, 64)) for _ in range(3)] for _ in range(2)])
  waveform = RANDOM.uniform(-1, 1, (2, 40_000)).astype(np.float32)
  running = {'show': start('show', '--dir', video.path, '--all')}
  for model, name, value in ((video, 'jpegs', jpegs), (audio, 'waveform', waveform)):
    np.save(tmp_path / f'{name}.npy', value)
    words = ('--tag_set', 'serve', '--signature_def', 'cluster', '--inputs', f'{name}={tmp_path / name}.npy')
    running[name] = start('run', '--dir', model.path, *words, '--outdir', str(tmp_path / f'of_{name}'))
  printed = {}
  for name, process in running.items():
    printed[name], errors = process.communicate()
    assert process.returncode == 0, errors[-3000:]

  for signature in ('serving_default', 'embed', 'embed_frames', 'cluster'):
    assert f"signature_def['{signature}']" in printed['show']
  for words in ("inputs['frames']", 'shape: (-1, -1, -1, -1, 3)', "outputs['nearest_clusters']", 'shape: (-1, 5)'):
    assert words in printed['show']
  for model, name, value in ((video, 'jpegs', jpegs), (audio, 'waveform', waveform)):
    expected = model.signatures['cluster'](**{name: tf.constant(value)})
    for key, array in expected.items():
      found = np.load(tmp_path / f'of_{name}' / f'{key}.npy')
      assert found.dtype == array.numpy().dtype
      np.testing.assert_allclose(found, array, rtol=1e-4, atol=1e-5)
