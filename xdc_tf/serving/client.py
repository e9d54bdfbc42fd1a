"""Embeddings of a whole video by a model that a server holds: cut here, embedded there."""

import collections
import concurrent.futures
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from xdc_tf.media.media import ReadOptions
from xdc_tf.records.audio_ops import LogMelSpec
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.serving import clips
from xdc_tf.serving.credentials import Credentials
from xdc_tf.serving.grpc_connection import GrpcConnection
from xdc_tf.serving.rest_connection import RestConnection
from xdc_tf.serving.retries import Retries, ServerError

# What the outputs for one clip are called in a file of many; outputs that are not here keep their names.
PLURALS = {
  'embedding': 'embeddings',
  'cluster': 'clusters',
  'squared_distance': 'squared_distances',
  'class': 'classes',
}
# How to cut for a model whose metadata.json is not at hand, by the name of its input.
DEFAULTS: dict[str, dict[str, Any]] = {
  'jpegs': {
    'num_frames': VideoInput().num_frames,
    'frame_rate': ReadOptions().frame_rate,
    'short_side': ReadOptions().short_side,
  },
  'waveform': {
    'sample_rate': LogMelSpec().sample_rate,
    'num_samples': AudioInput().num_frames * LogMelSpec().hop_length,
  },
}


def connect(
  url: str, model: str, timeout_seconds: float = 60.0, credentials: Credentials | None = None
) -> RestConnection | GrpcConnection:
  """Returns a connection to one model of a server that speaks TF Serving's REST or gRPC.

  Args:
    url: http://host:8501, https://..., grpc://host:8500 or grpcs://host:443 (gRPC over TLS).
    model: its name on the server, e.g. 'xdc_video'.
    timeout_seconds: how long to wait for an answer.
    credentials: certificates and a token; None: the system's authorities, no token.

  Raises:
    ValueError: for another kind of URL, credentials that would go over an unencrypted way, or certificates that cannot be read.
  """
  credentials = credentials or Credentials()
  credentials.check_url(url)
  if not timeout_seconds > 0:
    raise ValueError(f'The timeout must be positive. Received: {timeout_seconds}.')
  parts = urllib.parse.urlsplit(url)
  if parts.scheme in ('http', 'https') and parts.hostname:
    return RestConnection(url, model, timeout_seconds, credentials)
  if parts.scheme in ('grpc', 'grpcs') and parts.hostname and parts.port:
    return GrpcConnection(f'{parts.scheme}://{parts.netloc}', model, timeout_seconds, credentials)
  raise ValueError(f'Expected http://HOST:8501, https://HOST, grpc://HOST:8500 or grpcs://HOST:443. Received: {url!r}.')


def embed_video(
  path: str,
  connection: RestConnection | GrpcConnection,
  read_span: Callable,
  signature: str = 'embed',
  metadata: Mapping[str, Any] | None = None,
  stride_seconds: float = 2.0,
  batch_size: int = 8,
  in_flight: int = 2,
  retries: Retries | None = None,
  left_out: clips.LeftOut | None = None,
  audio_track: str = '',
) -> dict[str, np.ndarray]:
  """Does what embed.embed_video does, with a model on a server; see `clips.batches`.

  Args:
    path: the video.
    connection: to the model.
    read_span: xdc_tf.media.media.read_span, or a function like it.
    signature: 'embed', 'cluster' or 'classify'.
    metadata: what the export wrote to metadata.json; None: cut as `xdc pretrain` does by default.
    stride_seconds: time between the starts of two clips.
    batch_size: clips in one request.
    in_flight: requests that may wait for their answers at once; so many batches are in memory.
    retries: how often to ask again; None: the defaults.
    left_out: takes the clips that cannot be read, and those that come after the server has gone away.
    audio_track: see ReadOptions; '': as the metadata say.

  Returns:
    start_seconds float64 [n] and embeddings float32 [n, d]; for cluster also its other outputs, as clusters int32 [n] and
    squared_distances float32 [n], and for classify classes int32 [n] and probabilities float32 [n, classes].

  Raises:
    ValueError: for a number that is not positive, a model without the signature, or metadata of another model.
    ServerError: when the server refuses, or does not answer in all tries, before most of the clips are embedded.
    MediaError: when most of the video cannot be read.
  """
  left_out = clips.LeftOut() if left_out is None else left_out
  if in_flight < 1:
    raise ValueError(f'The number of requests in flight must be positive. Received: {in_flight}.')
  retries = retries or Retries()
  signatures = retries.call(connection.signatures)
  how = _how_to_cut(signatures, signature, metadata)
  types = {name: tf.as_dtype(info.dtype).as_numpy_dtype for name, info in signatures[signature].outputs.items()}

  def ask(batch: np.ndarray) -> dict[str, np.ndarray]:
    answer = retries.call(lambda: connection.predict(signature, how['input'], batch, list(types)))
    rows = {name: len(value) for name, value in answer.items()}
    if set(rows.values()) != {len(batch)}:
      raise ServerError(f'The server answered {rows} rows for {len(batch)} clips.')
    return answer

  starts, answers = [], []
  how |= {'audio_track': audio_track} if audio_track else {}
  cut = clips.batches(path, read_span, how, stride_seconds, batch_size, left_out)
  try:
    for batch_starts, answer in _in_order(ask, cut, in_flight, retries.stop):
      starts += batch_starts
      answers.append(answer)
  except ServerError as error:
    rest = clips.starts_from(path, starts[-1] + stride_seconds, stride_seconds) if starts else []
    if not rest:
      raise
    left_out.add(rest, error)
    left_out.check(len(starts))
  results = {
    PLURALS.get(name, name): np.concatenate([np.asarray(answer[name], types[name]) for answer in answers])
    for name in sorted(types, key=lambda name: (name != 'embedding', name))
  }
  return {'start_seconds': np.asarray(starts)} | results


def _how_to_cut(signatures: Mapping[str, Any], signature: str, metadata: Mapping[str, Any] | None) -> dict[str, Any]:
  """Returns what `clips.batches` wants, checked against the signatures that the server tells."""
  if signature not in signatures:
    known = sorted(name for name in signatures if not name.startswith('__'))
    raise ValueError(f'The model on the server has no signature {signature!r}. It has: {", ".join(known)}.')
  inputs, outputs = list(signatures[signature].inputs), signatures[signature].outputs
  if len(inputs) != 1 or inputs[0] not in DEFAULTS or 'embedding' not in outputs:
    raise ValueError(
      f'The signature {signature!r} makes {sorted(outputs)} of {inputs}. Expected `embedding` of `jpegs` or `waveform`, as models '
      'of `xdc export` do.'
    )
  (name,) = inputs
  if metadata is None:
    how = DEFAULTS[name]
    if name == 'jpegs':
      logging.warning(
        'Without --metadata: clips of %(num_frames)d frames at %(frame_rate)g a second, short side %(short_side)d pixels.',
        how,
      )
    return {'input': name, **how}
  axes = outputs['embedding'].tensor_shape.dim
  dimension = axes[-1].size if axes else -1  # -1: the server does not say.
  said_name, said_dimension = metadata.get('input'), metadata.get('feature_dimension')
  if said_name != name or dimension not in (-1, said_dimension):
    raise ValueError(
      f'The metadata are of another model: they say {said_name} -> {said_dimension} numbers, the model on the server is '
      f'{name} -> {dimension} numbers. Give the metadata of that model, or another model name.'
    )
  return dict(metadata)


def _in_order(
  ask: Callable, batches: Iterator[tuple[list[float], np.ndarray]], in_flight: int, stop: Callable[[], None]
) -> Iterator[tuple[list[float], dict[str, np.ndarray]]]:
  """Yields (starts, answer) of each batch, first come first; the video is read on only as answers come."""
  with concurrent.futures.ThreadPoolExecutor(in_flight) as pool:
    waiting: collections.deque = collections.deque()
    try:
      for starts, batch in batches:
        if len(waiting) == in_flight:
          yield _oldest(waiting)
        waiting.append((starts, pool.submit(ask, batch)))
      while waiting:
        yield _oldest(waiting)
    except BaseException:
      stop()  # The pool waits for its threads, which should not wait for the server.
      raise


def _oldest(waiting: collections.deque) -> tuple[list[float], dict[str, np.ndarray]]:
  """Takes the oldest request out when its answer is there; raises at once what any of them raised."""
  while True:
    done = {future for _, future in waiting if future.done()}
    for future in done:
      future.result()
    if waiting[0][1] in done:
      starts, future = waiting.popleft()
      return starts, future.result()
    running = {future for _, future in waiting} - done
    concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
