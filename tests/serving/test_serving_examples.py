"""The REST and gRPC examples of saved_models/README.md, as they stand there, against servers that speak TF Serving's protocols."""

import json
import pathlib
import re
import shutil
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from records_factory import jpeg
from serving_in_process import grpc_server, rest_server

README = pathlib.Path(__file__).resolve().parents[2] / 'saved_models' / 'README.md'
RANDOM = np.random.default_rng(0)


def example(language: str, words: str) -> str:
  """The one fenced block of the page that has these words."""
  blocks = re.findall(r'^```(\w*)\n(.*?)^```', README.read_text(), flags=re.MULTILINE | re.DOTALL)
  (block,) = [block for found, block in blocks if found == language and words in block]
  return block


@pytest.fixture
def frames(tmp_path, monkeypatch):
  """Eight pictures where the examples look for them."""
  pictures = [jpeg(RANDOM, (48, 64)) for _ in range(8)]
  for number, picture in enumerate(pictures):
    (tmp_path / f'frame{number}.jpg').write_bytes(picture)
  monkeypatch.chdir(tmp_path)
  return pictures


@pytest.mark.stack
def test_the_grpc_example(video, servables, frames):
  namespace = {}
  with grpc_server(servables) as (url, _):
    exec(example('python', 'PredictRequest').replace('localhost:8500', url.removeprefix('grpc://')), namespace)
  expected = video.signatures['embed'](jpegs=tf.constant([frames]))['embedding']
  np.testing.assert_allclose(namespace['embedding'], expected, rtol=1e-5)


@pytest.mark.skipif(not (shutil.which('curl') and shutil.which('bash')), reason='The example needs curl and bash.')
def test_the_curl_example(video, servables, frames):
  with rest_server(servables) as (url, _):
    command = example('', ':predict').replace('http://localhost:8501', url).replace('curl', "curl --noproxy '*'")
    done = subprocess.run(['bash', '-c', command], capture_output=True, timeout=60)
  (answer,) = json.loads(done.stdout)['predictions']
  expected = video.signatures['cluster'](jpegs=tf.constant([frames[:2]]))
  assert set(answer) == set(expected)
  for name, value in expected.items():
    np.testing.assert_allclose(answer[name], value[0], rtol=1e-5)
