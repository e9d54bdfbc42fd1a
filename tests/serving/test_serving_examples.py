"""The REST and gRPC examples of saved_models/README.md, as they stand there, against servers that speak TF Serving's protocols."""

import base64
import concurrent.futures
import http.server
import json
import pathlib
import re
import shutil
import subprocess
import threading

import grpc
import numpy as np
import pytest
import tensorflow as tf
from records_factory import jpeg
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

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


class Predictor(prediction_service_pb2_grpc.PredictionServiceServicer):
  """TF Serving's Predict over the signatures of one loaded model."""

  def __init__(self, name, signatures):
    self.name, self.signatures = name, signatures

  def Predict(self, request, context):
    assert request.model_spec.name == self.name
    inputs = {name: tf.constant(tf.make_ndarray(value)) for name, value in request.inputs.items()}
    response = predict_pb2.PredictResponse()
    for name, value in self.signatures[request.model_spec.signature_name](**inputs).items():
      response.outputs[name].CopyFrom(tf.make_tensor_proto(value.numpy()))
    return response


@pytest.mark.stack
def test_the_grpc_example(video, frames):
  server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
  prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Predictor('xdc_video', video.signatures), server)
  port = server.add_insecure_port('127.0.0.1:0')
  server.start()
  try:
    namespace = {}
    exec(example('python', 'PredictRequest').replace('localhost:8500', f'127.0.0.1:{port}'), namespace)
  finally:
    server.stop(None)
  expected = video.signatures['embed'](jpegs=tf.constant([frames]))['embedding']
  np.testing.assert_allclose(namespace['embedding'], expected, rtol=1e-5)


class Rest(http.server.BaseHTTPRequestHandler):
  """TF Serving's POST /v1/models/NAME:predict in the row form, for signatures of one input and several outputs."""

  signatures = None

  def do_POST(self):
    assert self.path == '/v1/models/xdc_video:predict'
    body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
    (name,) = body['instances'][0]
    clips = [[base64.b64decode(frame['b64']) for frame in instance[name]] for instance in body['instances']]
    outputs = self.signatures[body['signature_name']](**{name: tf.constant(clips)})
    rows = [{key: value[i].numpy().tolist() for key, value in outputs.items()} for i in range(len(clips))]
    answer = json.dumps({'predictions': rows}).encode()
    self.send_response(200)
    self.send_header('Content-Length', str(len(answer)))
    self.end_headers()
    self.wfile.write(answer)

  def log_message(self, *_):
    pass


@pytest.mark.skipif(not (shutil.which('curl') and shutil.which('bash')), reason='The example needs curl and bash.')
def test_the_curl_example(video, frames):
  handler = type('Handler', (Rest,), {'signatures': video.signatures})
  with http.server.HTTPServer(('127.0.0.1', 0), handler) as server:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
      command = example('', ':predict').replace('localhost:8501', f'127.0.0.1:{server.server_port}')
      done = subprocess.run(
        ['bash', '-c', command.replace('curl', "curl --noproxy '*'")], capture_output=True, timeout=60
      )
    finally:
      server.shutdown()
      thread.join()
  (answer,) = json.loads(done.stdout)['predictions']
  expected = video.signatures['cluster'](jpegs=tf.constant([frames[:2]]))
  assert set(answer) == set(expected)
  for name, value in expected.items():
    np.testing.assert_allclose(answer[name], value[0], rtol=1e-5)
