"""xdc client embed against servers in this process that speak TF Serving's REST and gRPC; the truth is `xdc embed`."""

import concurrent.futures
import http.server
import socket
import threading
import types

import media_factory
import numpy as np
import pytest
import tensorflow as tf
from made_up_film import film
from serving_in_process import rest_server
from tensorflow.core.framework import tensor_shape_pb2, types_pb2

from xdc_tf import compat
from xdc_tf.cli import main
from xdc_tf.media import media
from xdc_tf.media.media import MediaError
from xdc_tf.serving import client
from xdc_tf.serving.clips import LeftOut
from xdc_tf.serving.embed import embed_video
from xdc_tf.serving.retries import Retries, ServerError, Unavailable
from xdc_tf.serving.version_folder import read_metadata


def free_port() -> int:
  with socket.socket() as probe:
    probe.bind(('127.0.0.1', 0))
    return probe.getsockname()[1]


def retries(limit=3):
  """Retries that do not wait, and the list of what they would have waited."""
  waits = []
  return Retries(limit, wait=waits.append), waits


def assert_equals_xdc_embed(found, path, read_span, **kwargs):
  starts, embeddings = embed_video('film.mp4', path, read_span, **kwargs)
  np.testing.assert_array_equal(found['start_seconds'], starts)
  np.testing.assert_allclose(found['embeddings'], embeddings, rtol=1e-4, atol=1e-6)
  assert found['embeddings'].dtype == np.float32


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize('modality', ['video', 'audio'])
def test_rest_gives_the_numbers_of_xdc_embed(modality, servables, request):
  model = request.getfixturevalue(modality)
  read_span = film(5.0)[0]
  with rest_server(servables) as (url, asked):
    connection = client.connect(url, f'xdc_{modality}')
    found = client.embed_video(
      'film.mp4', connection, read_span, 'embed', read_metadata(model.path), stride_seconds=0.7, batch_size=3
    )
  assert set(found) == {'start_seconds', 'embeddings'}
  assert_equals_xdc_embed(found, model.path, read_span, stride_seconds=0.7, batch_size=3)
  clips = {'video': 7, 'audio': 5}[modality]  # Starts before 5 - 8/30 s, and up to 3 s.
  assert len(found['start_seconds']) == clips
  assert asked == [f'/v1/models/xdc_{modality}/metadata'] + [f'/v1/models/xdc_{modality}:predict'] * -(-clips // 3)


@pytest.mark.slow
def test_rest_gives_clusters(video, servables):
  read_span, frames, _, _ = film(3.0)
  with rest_server(servables) as (url, _):
    found = client.embed_video('film.mp4', client.connect(url, 'xdc_video'), read_span, 'cluster', batch_size=1)
  expected = video.signatures['cluster'](jpegs=tf.constant([frames[0:8], frames[60:68]]))
  assert list(found)[:3] == ['start_seconds', 'embeddings', 'clusters']
  assert len(found) == 1 + len(expected)
  plurals = {'embedding': 'embeddings', 'cluster': 'clusters', 'squared_distance': 'squared_distances'}
  for name, value in expected.items():
    values = found[plurals.get(name, name)]
    assert values.dtype == value.dtype.as_numpy_dtype
    np.testing.assert_allclose(values, value, rtol=1e-3, atol=1e-6)


@pytest.mark.slow
def test_a_busy_server_is_asked_again_after_longer_and_longer_waits(video, servables):
  read_span = film(0.5)[0]
  patience, waits = retries(limit=4)
  busy = [(status, {'error': 'not now'}) for status in (429, 502, 503, 504)]
  with rest_server(servables, failures=busy) as (url, asked):
    found = client.embed_video('film.mp4', client.connect(url, 'xdc_video'), read_span, retries=patience)
  assert_equals_xdc_embed(found, video.path, read_span)
  assert len(asked) == 6 and len(waits) == 4
  for wait, longest in zip(waits, (0.5, 1.0, 2.0, 4.0), strict=True):
    assert longest / 2 <= wait <= longest


@pytest.mark.slow
def test_a_bad_request_is_not_repeated_and_shows_the_servers_sentence(servables):
  read_span, frames, _, _ = film(1.0)
  frames[3] = b'no picture'
  patience, waits = retries()
  sentence = '(?s):predict answered 400: .*jpegs must hold whole JPEG files'
  with rest_server(servables) as (url, asked), pytest.raises(ServerError, match=sentence):
    client.embed_video('film.mp4', client.connect(url, 'xdc_video'), read_span, retries=patience)
  assert asked == ['/v1/models/xdc_video/metadata', '/v1/models/xdc_video:predict']
  assert not waits


def test_no_server_is_one_clear_error():
  url = f'http://127.0.0.1:{free_port()}'
  patience, waits = retries()
  with pytest.raises(ServerError, match=rf'^{url}/\S+ cannot be reached: .*refused.*\(tried 4 times\)$'):
    client.embed_video('film.mp4', client.connect(url, 'xdc_video'), film(1.0)[0], retries=patience)
  assert len(waits) == 3


def test_a_server_that_dies_within_its_answer_is_asked_again():
  def die_twice(server):
    for _ in range(2):
      connection, _ = server.accept()
      with connection:
        connection.recv(10_000)
        connection.sendall(b'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 100\r\n\r\n{"error": "half a sen')

  with socket.create_server(('127.0.0.1', 0)) as server, concurrent.futures.ThreadPoolExecutor(1) as pool:
    server.settimeout(20)
    dying = pool.submit(die_twice, server)
    patience, _ = retries(limit=1)
    url = f'http://127.0.0.1:{server.getsockname()[1]}'
    with pytest.raises(ServerError, match=r'answered 503: Service Unavailable \(tried 2 times\)'):
      client.embed_video('film.mp4', client.connect(url, 'xdc_video'), film(1.0)[0], retries=patience)
    dying.result()


def test_a_silent_server_is_too_late():
  with socket.create_server(('127.0.0.1', 0)) as silent:  # Its backlog takes the connection, nobody answers.
    url = f'http://127.0.0.1:{silent.getsockname()[1]}'
    patience, _ = retries(limit=1)
    with pytest.raises(ServerError, match=r'cannot be reached: timed out \(tried 2 times\)'):
      client.embed_video('film.mp4', client.connect(url, 'xdc_video', 0.05), film(1.0)[0], retries=patience)


@pytest.mark.slow
@pytest.mark.parametrize(
  ('failure', 'message'),
  [
    ((200, b'<html>'), 'did not answer with JSON: b.<html>'),
    ((200, {'name': 'xdc_video', 'ready': True}), "did not answer as TF Serving does: {'name': 'xdc_video'"),
    ((404, b'404 page not found'), 'answered 404: 404 page not found'),
    ((500, {'error': 'out of memory'}), 'answered 500: out of memory'),
  ],
)
def test_other_answers_are_shown(failure, message, servables):
  with rest_server(servables, failures=[failure]) as (url, _), pytest.raises(ServerError, match=message):
    client.embed_video('film.mp4', client.connect(url, 'xdc_video'), film(1.0)[0])


@pytest.mark.slow
def test_another_shape_of_predictions_is_shown(servables):
  with rest_server(servables) as (url, _), pytest.raises(ServerError, match='did not answer as TF Serving does'):
    clip = np.array([film(0.5)[1][:8]], object)
    client.connect(url, 'xdc_video').predict('cluster', 'jpegs', clip, ['no such output'])


@pytest.mark.slow
def test_an_unknown_model_is_named_by_the_server(servables):
  with rest_server(servables) as (url, _), pytest.raises(ServerError, match=r'404: Servable not found .*Latest\(xdc\)'):
    client.embed_video('film.mp4', client.connect(url, 'xdc'), film(1.0)[0])


@pytest.mark.slow
def test_metadata_of_another_model_and_missing_signatures_are_refused(video, audio, servables):
  read_span = film(1.0)[0]
  with rest_server(servables) as (url, asked):
    connection = client.connect(url, 'xdc_video')
    with pytest.raises(
      ValueError, match='they say waveform -> 32 numbers, the model on the server is jpegs -> 32 numb'
    ):
      client.embed_video('film.mp4', connection, read_span, metadata=read_metadata(audio.path))
    other_width = read_metadata(video.path) | {'feature_dimension': 512}
    with pytest.raises(
      ValueError, match='they say jpegs -> 512 numbers, the model on the server is jpegs -> 32 numbers'
    ):
      client.embed_video('film.mp4', connection, read_span, metadata=other_width)
    assert asked == ['/v1/models/xdc_video/metadata'] * 2


class FakeConnection:
  """A video model whose embedding is the first byte of the first frame; `meet` is called in each request."""

  def __init__(self, meet=lambda: None, signatures=('embed',), input_name='jpegs'):
    shape = tensor_shape_pb2.TensorShapeProto(unknown_rank=True)
    unknown = types.SimpleNamespace(tensor_shape=shape, dtype=types_pb2.DT_FLOAT)
    signature = types.SimpleNamespace(inputs={input_name: None}, outputs={'embedding': unknown})
    self.signatures = lambda: dict.fromkeys(signatures, signature)
    self.meet = meet

  def predict(self, signature, name, batch, outputs):
    self.meet()
    return {'embedding': [[clip[0][0]] for clip in batch]}


def numbered_film(num_clips):
  """A film whose clip i, every two seconds, begins with the byte i."""

  def read_span(path, start, end, options):
    if start >= 2 * num_clips:
      raise MediaError('empty_span', 'the end')
    first, last = round(start * 30), round(min(end, 2 * num_clips) * 30)
    return types.SimpleNamespace(frames=[bytes([i // 60]) for i in range(first, last)], end_seconds=last / 30)

  return read_span


def test_so_many_requests_are_in_flight_and_answers_stay_in_order():
  together, inside, most = threading.Barrier(3, timeout=20), [], []

  def meet():
    inside.append(0)
    most.append(len(inside))
    together.wait()  # Passes only when three requests are in flight.
    inside.pop()

  found = client.embed_video('film.mp4', FakeConnection(meet), numbered_film(9), batch_size=1, in_flight=3)
  np.testing.assert_array_equal(found['embeddings'], np.arange(9)[:, None])
  np.testing.assert_array_equal(found['start_seconds'], 2.0 * np.arange(9))
  assert max(most) == 3


def test_a_refusal_ends_the_waits_of_other_requests():
  refused = threading.Event()

  def meet():
    if refused.is_set():
      raise ServerError('refused')
    refused.set()
    raise Unavailable('later')  # Would wait for an hour.

  with pytest.raises(ServerError, match='^refused$'):
    client.embed_video(
      'film.mp4', FakeConnection(meet), numbered_film(4), batch_size=1, retries=Retries(5, 3600.0, 3600.0)
    )


def test_an_answer_for_fewer_clips_is_refused():
  connection = FakeConnection()
  connection.predict = lambda signature, name, batch, outputs: {'embedding': [[0.0]] * (len(batch) - 1)}
  with pytest.raises(ServerError, match=r"answered \{'embedding': 2\} rows for 3 clips"):
    client.embed_video('film.mp4', connection, numbered_film(3))


def test_stop_ends_a_wait():
  patience, failed = Retries(5, 3600.0, 3600.0), threading.Event()

  def attempt():
    failed.set()
    raise Unavailable('later')

  with concurrent.futures.ThreadPoolExecutor(1) as pool:
    future = pool.submit(patience.call, attempt)
    assert failed.wait(20)
    patience.stop()
    with pytest.raises(ServerError, match=r'later \(tried 2 times\)'):
      future.result(20)


def test_no_wait_is_longer_than_the_longest():
  waits = []
  patience = Retries(8, first_seconds=1.0, longest_seconds=5.0, wait=waits.append)

  def attempt():
    raise Unavailable('never')

  with pytest.raises(ServerError, match=r'never \(tried 9 times\)'):
    patience.call(attempt)
  assert len(waits) == 8 and max(waits) <= 5 and min(waits[3:]) >= 2.5
  assert len(set(waits)) == 8  # Chance has a part.


def test_bad_arguments_are_named():
  film_of_one = numbered_film(1)
  with pytest.raises(ValueError, match="has no signature 'cluster'. It has: embed, embed_frames"):
    client.embed_video(
      'film.mp4', FakeConnection(signatures=('embed_frames', 'embed', '__init')), film_of_one, 'cluster'
    )
  with pytest.raises(ValueError, match=r"makes \['embedding'\] of \['images'\]. Expected `embedding` of"):
    client.embed_video('film.mp4', FakeConnection(input_name='images'), film_of_one)
  with pytest.raises(ValueError, match='in flight must be positive. Received: 0'):
    client.embed_video('film.mp4', FakeConnection(), film_of_one, in_flight=0)
  with pytest.raises(ValueError, match='cannot be negative. Received: -1'):
    Retries(-1)
  with pytest.raises(ValueError, match='timeout must be positive. Received: 0'):
    client.connect('http://localhost:8501', 'xdc_video', 0)
  for url in ('localhost:8501', 'ftp://localhost', 'http://', 'grpc://localhost'):
    with pytest.raises(ValueError, match='Expected http://HOST:8501'):
      client.connect(url, 'xdc_video')


@pytest.mark.parametrize(
  'words',
  [
    'embed s3://b --saved_model m',
    'embed film.mp4 --saved_model s3://b',
    'embed film.mp4 --saved_model m --output s3://b/a.npz',
    'client embed s3://b --url http://localhost:1',
    'client embed film.mp4 --url http://localhost:1 --metadata s3://b',
    'client embed film.mp4 --url http://localhost:1 --output s3://b/a.npz',
    'export --run_dir r --output_dir s3://b',
  ],
)
def test_remote_paths_are_prepared_before_anything_is_done(words, monkeypatch):
  def prepare(path):
    if path.startswith('s3://b'):
      raise RuntimeError('prepared')

  monkeypatch.setattr(compat, 'use_remote_file_systems', prepare)
  parsed = main.build_parser().parse_args(words.split())
  with pytest.raises(RuntimeError, match='prepared'):
    parsed.run(parsed)


@pytest.mark.slow
def test_the_command_writes_the_feature_file_of_xdc_embed(video, servables, tmp_path, monkeypatch, capsys):
  read_span = film(5.0)[0]
  monkeypatch.setattr(media.MediaReader, 'read_span', lambda self, *span: read_span(*span))

  def xdc(*words):
    parsed = main.build_parser().parse_args(words)
    parsed.run(parsed)

  local, served = str(tmp_path / 'local.npz'), str(tmp_path / 'served.npz')
  xdc('embed', 'film.mp4', '--saved_model', video.path, '--output', local)
  with rest_server(servables) as (url, _):
    command = ('client', 'embed', 'film.mp4', '--url', url, '--metadata', f'{video.path}/assets.extra/metadata.json')
    xdc(*command, '--output', served)
    assert f'{served}: start_seconds (3,), embeddings (3, 32)' in capsys.readouterr().out
    xdc(*command, '--signature', 'cluster')
    assert ' cluster ' in capsys.readouterr().out
  expected, found = np.load(local), np.load(served)
  assert list(found) == list(expected) == ['start_seconds', 'embeddings']
  np.testing.assert_array_equal(found['start_seconds'], expected['start_seconds'])
  np.testing.assert_allclose(found['embeddings'], expected['embeddings'], rtol=1e-4, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(('answers', 'expected'), [(15, 15), (4, None)])
def test_what_was_embedded_before_the_server_went_away_stays(tmp_path, answers, expected):
  path = media_factory.write_video(tmp_path / 'film.mp4', 40, size=(32, 32), audio_rate=None)
  asked, left_out = [], LeftOut()

  def meet():
    asked.append(0)
    if len(asked) > answers:
      raise Unavailable('gone')

  def embed():
    return client.embed_video(
      path, FakeConnection(meet), numbered_film(20), batch_size=1, in_flight=1, retries=Retries(0), left_out=left_out
    )

  if expected is None:
    with pytest.raises(ServerError, match='gone'):
      embed()
    return
  assert len(embed()['embeddings']) == expected
  assert left_out.starts == [2.0 * i for i in range(expected, 20)] and 'gone' in left_out.summary(expected)


def test_a_request_that_is_too_large_says_what_to_do():
  class TooLarge(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
      self.rfile.read(int(self.headers['Content-Length']))
      self.send_error(413)

    def log_message(self, *arguments):
      pass

  with http.server.HTTPServer(('127.0.0.1', 0), TooLarge) as server:
    threading.Thread(target=server.handle_request, daemon=True).start()
    connection = client.connect(f'http://127.0.0.1:{server.server_port}', 'xdc_video')
    with pytest.raises(ServerError, match=r'a request of 2\.\d MB is too large .*: a smaller --batch_size'):
      connection.predict('embed', 'jpegs', np.array([[b'x' * 1_500_000]], object), ['embedding'])
