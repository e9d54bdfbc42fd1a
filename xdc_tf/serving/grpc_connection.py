"""TF Serving's gRPC form, with the messages of the package tensorflow-serving-api."""

from collections.abc import Sequence

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2, prediction_service_pb2_grpc

from xdc_tf.serving.credentials import Credentials
from xdc_tf.serving.retries import ServerError, Unavailable

_TEMPORARY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED)
# The server's limit for messages; a certificate that is not trusted.
_LASTING = ('larger than max', 'CERTIFICATE_VERIFY_FAILED')
_OPTIONS = (
  # gRPC refuses messages above 4 MB otherwise; a batch of clips of 32 frames has more. TF Serving itself has no limit.
  ('grpc.max_send_message_length', -1),
  ('grpc.max_receive_message_length', -1),
  # A channel that failed answers for itself until its own wait is over, which grows to two minutes: our retries would not be any.
  ('grpc.max_reconnect_backoff_ms', 1000),
)


class GrpcConnection:
  """One model of a server at grpc(s)://host:8500; has the same methods as RestConnection. Threads may share it."""

  def __init__(self, url: str, model: str, timeout_seconds: float, credentials: Credentials | None = None):
    """Connects at the first request.

    Args:
      url: grpc://host:port, or grpcs://host:port for TLS.
      model: its name on the server.
      timeout_seconds: how long a request may take.
      credentials: for grpcs://, and a token; None: the system's authorities, no token.
    """
    self._url, self._model, self._timeout_seconds = url, model, timeout_seconds
    self._credentials = credentials or Credentials()
    scheme, _, target = url.partition('://')
    if scheme == 'grpcs':
      secure = grpc.ssl_channel_credentials(**self._credentials.pem())
      self._channel = grpc.secure_channel(target, secure, options=_OPTIONS)
    else:
      self._channel = grpc.insecure_channel(target, options=_OPTIONS)
    self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

  def signatures(self) -> dict[str, meta_graph_pb2.SignatureDef]:
    """Asks for the signatures by name; raises as `predict` does."""
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=['signature_def'])
    request.model_spec.name = self._model
    response = self._call(self._stub.GetModelMetadata, request)
    signature_map = get_model_metadata_pb2.SignatureDefMap()
    response.metadata['signature_def'].Unpack(signature_map)
    return dict(signature_map.signature_def)

  def predict(self, signature: str, name: str, batch: np.ndarray, outputs: Sequence[str]) -> dict[str, np.ndarray]:
    """Runs a signature; see RestConnection.predict. The outputs have the signature's types."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = self._model, signature
    request.inputs[name].CopyFrom(tf.make_tensor_proto(batch))
    response = self._call(self._stub.Predict, request)
    missing = sorted(set(outputs) - set(response.outputs))
    if missing:
      raise ServerError(f'{self._url} answered without {missing}. Received: {sorted(response.outputs)}.')
    return {output: tf.make_ndarray(response.outputs[output]) for output in outputs}

  def close(self) -> None:
    """Closes the channel; requests on their way are cancelled."""
    self._channel.close()

  def _call(self, method, request):
    try:
      return method(request, timeout=self._timeout_seconds, metadata=list(self._credentials.headers().items()))
    except grpc.RpcError as error:
      details = self._credentials.hidden(error.details() or '')
      sentence = f'{self._url} answered {error.code().name}: {details}'
      # These have the codes of a full queue and of a server that is away, but will not pass.
      if error.code() in _TEMPORARY and not any(reason in details for reason in _LASTING):
        raise Unavailable(sentence) from error
      raise ServerError(sentence) from error
