"""TF Serving's REST form, with Python's standard library alone."""

import base64
import http.client
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from typing import Any

import numpy as np
from google.protobuf import json_format
from tensorflow.core.protobuf import meta_graph_pb2

from xdc_tf.serving.credentials import LOOPBACK, Credentials
from xdc_tf.serving.retries import ServerError, Unavailable

# Too many requests; a gateway without a server behind it; no server ready, or a full queue; too late.
_TEMPORARY = {429, 502, 503, 504}


class RestConnection:
  """One model of a server at http://host:8501; has the same methods as GrpcConnection. Threads may share it."""

  def __init__(self, url: str, model: str, timeout_seconds: float, credentials: Credentials | None = None):
    """Connects at the first request.

    Args:
      url: http:// or https://, a host, and a path where a gateway puts the server below one.
      model: its name on the server.
      timeout_seconds: how long the server may be silent.
      credentials: for https://, and a token; None: the system's authorities, no token.
    """
    self._credentials = credentials or Credentials()
    # A token for a server on this machine has no business with a proxy.
    handlers: list[urllib.request.BaseHandler] = (
      [urllib.request.ProxyHandler({})] if urllib.parse.urlsplit(url).hostname in LOOPBACK else []
    )
    if url.startswith('https:'):
      handlers.append(urllib.request.HTTPSHandler(context=self._credentials.ssl_context()))
    self._open = urllib.request.build_opener(*handlers).open
    self._model_url = f'{url.rstrip("/")}/v1/models/{urllib.parse.quote(model)}'
    self._timeout_seconds = timeout_seconds

  def signatures(self) -> dict[str, meta_graph_pb2.SignatureDef]:
    """Asks for the signatures by name; raises as `predict` does."""
    answer = self._request(f'{self._model_url}/metadata')
    try:
      described = answer['metadata']['signature_def']['signature_def']
      return {
        name: json_format.ParseDict(value, meta_graph_pb2.SignatureDef(), ignore_unknown_fields=True)
        for name, value in described.items()
      }
    except (KeyError, TypeError, AttributeError, json_format.ParseError) as error:
      raise ServerError(f'{self._model_url}/metadata did not answer as TF Serving does: {str(answer)[:300]}') from error

  def predict(self, signature: str, name: str, batch: np.ndarray, outputs: Sequence[str]) -> dict[str, np.ndarray]:
    """Runs a signature.

    Args:
      signature: its name.
      name: the name of its input.
      batch: bytes (dtype object) or float32, the first axis is the clips.
      outputs: names of the signature's outputs.

    Returns:
      The outputs by name, the first axis is the clips; integers int64, others float64.

    Raises:
      Unavailable: when another try may go well.
      ServerError: when it would not: the server's sentence.
    """
    rows = [{name: _to_json(clip)} for clip in batch]
    url = f'{self._model_url}:predict'
    answer = self._request(url, json.dumps({'signature_name': signature, 'instances': rows}).encode())
    try:
      predictions = answer['predictions']
      if not isinstance(predictions[0], dict):  # TF Serving leaves the name out where there is one output.
        predictions = [{outputs[0]: row} for row in predictions]
      return {output: np.array([row[output] for row in predictions]) for output in outputs}
    except (KeyError, TypeError, IndexError, ValueError) as error:
      raise ServerError(f'{url} did not answer as TF Serving does: {str(answer)[:300]}') from error

  def close(self) -> None:
    """Does nothing: every request has its own connection."""

  def _request(self, url: str, body: bytes | None = None) -> Any:
    """GET, or POST of a body of JSON; returns the JSON of the answer."""
    request = urllib.request.Request(url, body, {'Content-Type': 'application/json'})
    for name, value in self._credentials.headers().items():
      request.add_unredirected_header(name, value)  # A redirection may lead to somebody else.
    try:
      with self._open(request, timeout=self._timeout_seconds) as response:
        text = response.read()
    except urllib.error.HTTPError as error:
      with error:
        sentence = f'{url} answered {error.code}: {self._credentials.hidden(_sentence(error))}'
        if error.code == http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
          size = len(body or b'') / 1e6
          sentence = f'{url}: a request of {size:.1f} MB is too large for the server or a proxy before it: a smaller --batch_size.'
      raise (Unavailable if error.code in _TEMPORARY else ServerError)(sentence) from error
    except (OSError, http.client.HTTPException) as error:  # Not reached, or the connection broke.
      reason = getattr(error, 'reason', error)
      failed = ServerError if isinstance(reason, ssl.SSLCertVerificationError) else Unavailable
      raise failed(f'{url} cannot be reached: {reason or type(error).__name__}') from error
    try:
      return json.loads(text)
    except ValueError as error:
      raise ServerError(f'{url} did not answer with JSON: {self._credentials.hidden(repr(text[:300]))}') from error


def _to_json(clip: np.ndarray) -> list:
  if clip.dtype == object:
    return [{'b64': base64.b64encode(jpeg).decode()} for jpeg in clip]
  return [float(f'{x:.9g}') for x in clip.tolist()]  # 9 digits are enough for a float32, 17 would double the message.


def _sentence(error: urllib.error.HTTPError) -> str:
  """The server's own words: TF Serving's {"error": ...}, or the beginning of whatever else came."""
  try:
    text = error.read().decode(errors='replace')
  except (OSError, http.client.HTTPException):  # The connection broke in the middle.
    return error.reason
  try:
    return json.loads(text)['error']
  except (ValueError, KeyError, TypeError):
    return text[:300] or error.reason
