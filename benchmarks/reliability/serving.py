"""Many clients at once ask a loaded SavedModel for good and bad things: no wrong answer, and no memory that grows.

The server is a process of its own with the tests' stand-in for TF Serving's REST interface on the loopback: what is tried is our
graphs in one TensorFlow runtime, not TF Serving.
"""

import base64
import dataclasses
import http.client
import http.server
import json
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

import numpy as np
import tensorflow as tf

from benchmarks.reliability import hostile_requests, processes
from benchmarks.reliability.material import Material
from benchmarks.reliability.report import Row

_CLIENTS = {True: 4, False: 16}
_WARM_UP_SHARE = 0.3
_MEMORY_GROWTH = 0.05
_BAD_SHARE = 0.3


def serve(models: str, pipe: Connection) -> None:
  """Serves xdc_video and xdc_audio until it is ended; sends its port."""
  import tf_serving_form

  servables = {name: tf_serving_form.Servable(f'{models}/{name}/1') for name in ('xdc_video', 'xdc_audio')}

  class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    wbufsize = -1  # Head and body in one packet: two would wait for each other for 40 ms.

    def do_POST(self):
      body = self.rfile.read(int(self.headers['Content-Length']))
      status, contents = tf_serving_form.answer(servables, self.path, body)
      data = json.dumps(contents).encode()
      self.send_response(status)
      self.send_header('Content-Length', str(len(data)))
      self.end_headers()
      self.wfile.write(data)

    def log_message(self, *_):
      pass

  with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
    pipe.send(server.server_address[1])
    server.serve_forever()


@dataclasses.dataclass
class Asked:
  """What one client saw.

  Attributes:
    seconds: the seconds of every good request.
    bad: number of bad requests.
    wrong: a sentence for each answer that was not as it should be.
  """

  seconds: list[float] = dataclasses.field(default_factory=list)
  bad: int = 0
  wrong: list[str] = dataclasses.field(default_factory=list)


def _body(inputs: dict) -> str:
  """The JSON of a request in rows."""
  ((name, value),) = inputs.items()

  def plain(x):
    if isinstance(x, bytes):
      return {'b64': base64.b64encode(x).decode()}
    return [plain(each) for each in x] if isinstance(x, list) else x

  value = value.tolist()
  rows = value if isinstance(value, list) else [value]
  return json.dumps({'signature_name': 'embed', 'instances': [{name: plain(row)} for row in rows]})


def _post(connection: http.client.HTTPConnection, model: str, body: str) -> tuple[int, dict]:
  connection.request('POST', f'/v1/models/xdc_{model}:predict', body)
  response = connection.getresponse()
  return response.status, json.loads(response.read())


# Requests that have no rows or whose values JSON turns into good ones do not reach the model as bad ones.
_NOT_BY_JSON = ('no clips', 'float64', 'another name')


def _make_bad(rng: np.random.Generator) -> tuple[str, str, str]:
  while True:
    model, what, inputs = hostile_requests.bad_request(rng)
    if what not in _NOT_BY_JSON:
      return model, what, _body(inputs)


def _client(port: int, seed: int, good: list, bad: list, until: float, asked: Asked) -> None:
  rng = np.random.default_rng(seed)
  connection = http.client.HTTPConnection('127.0.0.1', port, timeout=60)
  try:
    while time.monotonic() < until:
      if rng.random() < _BAD_SHARE:
        model, what, body = bad[int(rng.integers(len(bad)))]
        status, _ = _post(connection, model, body)
        asked.bad += 1
        right = status == 400 or (status == 200 and what.startswith(hostile_requests.EITHER))
        asked.wrong += [] if right else [f'a bad request got status {status}: {model}, {what}']
        continue
      model, body, expected = good[int(rng.integers(len(good)))]
      began = time.perf_counter()
      status, answer = _post(connection, model, body)
      asked.seconds.append(time.perf_counter() - began)
      if status != 200 or not np.allclose(answer['predictions'], expected, atol=hostile_requests.TOLERANCE):
        asked.wrong.append(f'a good request is answered otherwise than alone: {model}, status {status}')
  except (OSError, http.client.HTTPException) as error:
    asked.wrong.append(f'a client lost its server: {error!r}')
  finally:
    connection.close()


def _ask(port: int, count: int, seconds: float, good: list, bad: list, seed: int) -> list[Asked]:
  until, asked = time.monotonic() + seconds, [Asked() for _ in range(count)]
  threads = [
    threading.Thread(target=_client, args=(port, seed + number, good, bad, until, each))
    for number, each in enumerate(asked)
  ]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  return asked


def _alone(models: str, seed: int, count: int) -> list[tuple[str, str, np.ndarray]]:
  """(model, body, answer when nobody else asks) of some good requests."""
  embed = {name: tf.saved_model.load(f'{models}/xdc_{name}/1').signatures['embed'] for name in ('video', 'audio')}
  requests = []
  for number in range(count):
    for name, inputs in hostile_requests.good_requests(seed + number).items():
      answer = embed[name](**{key: tf.constant(value) for key, value in inputs.items()})['embedding']
      requests.append((name, _body(inputs), answer.numpy()))
  return requests


def run(made: Material, rng: np.random.Generator, short: bool, seconds: float) -> Iterator[Row]:
  """Asks for some seconds; yields the one row."""
  seed, clients = int(rng.integers(2**30)), _CLIENTS[short]
  row = Row('serving', f'{clients} clients, {seconds:g} s')
  good, bad = _alone(made.models, seed, 8), [_make_bad(rng) for _ in range(40)]
  ours, theirs = made.commands.pipe()
  process = made.commands.start(serve, (made.models, theirs))
  try:
    port = ours.recv()
    _ask(port, clients, max(3.0, _WARM_UP_SHARE * seconds), good, bad, seed + 1000)
    before = processes.status_bytes(processes.pid_of(process), 'VmRSS')
    asked = _ask(port, clients, seconds, good, bad, seed)
    after = processes.status_bytes(processes.pid_of(process), 'VmRSS')
  finally:
    process.kill()
    process.join()
  times, num_bad = [t for each in asked for t in each.seconds], sum(each.bad for each in asked)
  row.runs = len(times) + num_bad
  row.failures += list(dict.fromkeys(wrong for each in asked for wrong in each.wrong))
  if not after or after > (1 + _MEMORY_GROWTH) * before:
    row.failures.append(f'memory grew: from {before / 2**20:.0f} to {after / 2**20:.0f} MB')
  p50, p99 = np.quantile(times, (0.5, 0.99)) * 1000
  row.seen = (
    f'{len(times)} good and {num_bad} bad requests; p50 {p50:.0f} ms, p99 {p99:.0f} ms; {before / 2**20:.0f} MB before, '
    f'{after / 2**20:.0f} MB after'
  )
  yield row
