"""xdc client embed, and the README's curl commands, against a server that this project did not write: KServe's.

    python3.12 -m venv kserve_env
    kserve_env/bin/pip install '.[test,kserve]'
    kserve_env/bin/python -m pytest tests/serving/test_kserve.py

KServe needs Python 3.12 or later here: with TensorFlow 2.15 it does not agree on a protobuf. Without it these tests are skipped.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from made_up_film import film
from media_factory import write_video

from xdc_tf.cli import main
from xdc_tf.serving import client
from xdc_tf.serving.retries import ServerError

pytest.importorskip('kserve')

HERE = pathlib.Path(__file__).resolve().parent
README = HERE.parent.parent / 'saved_models/README.md'


@pytest.fixture(scope='module')
def url(video, audio, tmp_path_factory):
  log = tmp_path_factory.mktemp('kserve') / 'log.txt'
  command = [sys.executable, HERE / 'kserve_server.py', '0', f'xdc_video={video.path}', f'xdc_audio={audio.path}']
  with open(log, 'w') as errors, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as server:
    try:
      lines = iter(server.stdout.readline, '')
      port = next((line.strip() for line in lines if line.strip().isdigit()), None)
      assert port, log.read_text()
      yield f'http://127.0.0.1:{port}'
    finally:
      server.kill()


def xdc(*words):
  parsed = main.build_parser().parse_args(words)
  parsed.run(parsed)


@pytest.mark.parametrize('modality', ['video', 'audio'])
def test_xdc_client_gives_the_numbers_of_xdc_embed(modality, url, tmp_path, request):
  path = request.getfixturevalue(modality).path
  film_path, local, served = str(tmp_path / 'film.mp4'), str(tmp_path / 'local.npz'), str(tmp_path / 'served.npz')
  write_video(film_path, seconds=5.0)
  options = ('--stride_seconds', '0.5', '--batch_size', '3')
  xdc('embed', film_path, '--saved_model', path, '--output', local, *options)
  command = ('--url', url, '--model', f'xdc_{modality}', '--metadata', path, '--output', served)
  xdc('client', 'embed', film_path, *command, *options)
  expected, found = np.load(local), np.load(served)
  np.testing.assert_array_equal(found['start_seconds'], expected['start_seconds'])
  np.testing.assert_allclose(found['embeddings'], expected['embeddings'], rtol=1e-4, atol=1e-6)
  assert len(found['start_seconds']) == {'video': 10, 'audio': 7}[modality]


def test_bad_input_and_unknown_models_end_with_the_servers_sentence(url):
  read_span, frames, _, _ = film(1.0)
  frames[3] = b'no picture'
  with pytest.raises(ServerError, match='(?s)answered 400: .*jpegs must hold whole JPEG files'):
    client.embed_video('film.mp4', client.connect(url, 'xdc_video'), read_span)
  with pytest.raises(ServerError, match='answered 404: Model with name xdc does not exist'):
    client.embed_video('film.mp4', client.connect(url, 'xdc'), read_span)


@pytest.mark.skipif(shutil.which('curl') is None, reason='needs curl')
def test_the_curl_commands_of_the_readme(url, video, tmp_path):
  blocks = re.findall(r'^```\w*\n(.*?)^```', README.read_text(), flags=re.MULTILINE | re.DOTALL)
  lines = ''.join(blocks).replace('\\\n', ' ').replace('|\n', '|').splitlines()  # A command is on one line.
  commands = [line for line in lines if 'curl' in line and 'http://localhost:8501' in line]
  jpegs = film(1.0)[1][:8]
  for i, jpeg in enumerate(jpegs):
    (tmp_path / f'frame{i}.jpg').write_bytes(jpeg)
  answers = {}
  for command in commands:
    shell = ['bash', '-c', command.replace('http://localhost:8501', url)]
    done = subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, check=True)
    answers[command.rpartition('/')[2]] = json.loads(done.stdout)
  assert set(answers['metadata']['metadata']['signature_def']['signature_def']) >= {'embed', 'embed_frames', 'cluster'}
  (prediction,) = answers['xdc_video:predict']['predictions']
  expected = video.signatures['cluster'](jpegs=tf.constant([jpegs[:2]]))
  assert set(prediction) == set(expected)
  for name, value in expected.items():
    np.testing.assert_allclose(prediction[name], value[0], rtol=1e-3, atol=1e-6)
