"""xdc client embed over gRPC, against a server in this process with TF Serving's own service definition."""

import contextlib

import grpc
import numpy as np
import pytest
import tensorflow as tf
from made_up_film import film
from serving_in_process import grpc_server

from xdc_tf.serving import client
from xdc_tf.serving.embed import embed_video
from xdc_tf.serving.retries import Retries, ServerError
from xdc_tf.serving.version_folder import read_metadata

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def connected(url, model='xdc_video'):
  connection = client.connect(url, model)
  try:
    yield connection
  finally:
    connection.close()


@pytest.mark.stack
@pytest.mark.parametrize('modality', ['video', 'audio'])
def test_grpc_gives_the_numbers_of_xdc_embed(modality, servables, request):
  model = request.getfixturevalue(modality)
  read_span = film(5.0)[0]
  with grpc_server(servables) as (url, asked), connected(url, f'xdc_{modality}') as connection:
    found = client.embed_video('film.mp4', connection, read_span, metadata=read_metadata(model.path), batch_size=2)
  starts, embeddings = embed_video('film.mp4', model.path, read_span, batch_size=2)
  np.testing.assert_array_equal(found['start_seconds'], starts)
  np.testing.assert_allclose(found['embeddings'], embeddings, rtol=1e-4, atol=1e-6)
  assert asked == ['GetModelMetadata'] + ['Predict'] * -(-len(starts) // 2)


def test_grpc_gives_clusters_after_a_busy_while(video, servables):
  read_span, frames, _, _ = film(1.0)
  busy = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED]
  waits = []
  with grpc_server(servables, failures=busy) as (url, asked), connected(url) as connection:
    found = client.embed_video('film.mp4', connection, read_span, 'cluster', retries=Retries(3, wait=waits.append))
  expected = video.signatures['cluster'](jpegs=tf.constant([frames[0:8]]))
  np.testing.assert_array_equal(found['clusters'], expected['cluster'])
  np.testing.assert_allclose(found['squared_distances'], expected['squared_distance'], rtol=1e-3)
  assert len(waits) == 3 and asked == ['GetModelMetadata'] * 4 + ['Predict']


def test_invalid_argument_is_not_repeated_and_shows_the_servers_sentence(servables):
  read_span, frames, _, _ = film(1.0)
  frames[3] = b'no picture'
  sentence = '(?s)answered INVALID_ARGUMENT: .*jpegs must hold whole JPEG files'
  with grpc_server(servables) as (url, asked), connected(url) as connection, pytest.raises(ServerError, match=sentence):
    client.embed_video('film.mp4', connection, read_span)
  assert asked == ['GetModelMetadata', 'Predict']


def test_messages_above_four_megabytes(servables):
  # What follows the end of a JPEG is ignored, so that these clips are large and their embeddings known.
  jpegs = film(1.0)[1][:8]
  small, large = np.array([jpegs], object), np.array([[jpeg + bytes(700_000) for jpeg in jpegs]], object)
  with grpc_server(servables) as (url, _), connected(url) as connection:
    found, expected = (connection.predict('embed', 'jpegs', x, ['embedding'])['embedding'] for x in (large, small))
  np.testing.assert_array_equal(found, expected)
  # A proxy that has the limit answers with the code of a full queue, but asking again does not help.
  sentence = 'answered RESOURCE_EXHAUSTED: .*larger than max'
  with (
    grpc_server(servables, options=()) as (url, _),
    connected(url) as connection,
    pytest.raises(ServerError, match=sentence),
  ):
    connection.predict('embed', 'jpegs', large, ['embedding'])


def test_no_server_is_one_clear_error():
  waits = []
  sentence = r'^grpc://127.0.0.1:1 answered UNAVAILABLE: .*\(tried 3 times\)$'
  with connected('grpc://127.0.0.1:1') as connection, pytest.raises(ServerError, match=sentence):
    client.embed_video('film.mp4', connection, film(1.0)[0], retries=Retries(2, wait=waits.append))
  assert len(waits) == 2
