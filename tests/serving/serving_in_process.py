"""Servers in the test's own process that speak TF Serving's REST and gRPC; `servables` are {name: tf_serving_form.Servable}."""

import concurrent.futures
import contextlib
import http.server
import json
import threading

import grpc
import tensorflow as tf
import tf_serving_form
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2, prediction_service_pb2_grpc


@contextlib.contextmanager
def rest_server(servables, failures=(), tls=None, headers=None):
  """Yields a server's URL and the list of the requests it got; its first answers are `failures`, (status, body) each.

  `tls` is an ssl.SSLContext, `headers` a list that takes the Authorization header of each request.
  """
  failures, asked = list(failures), []

  class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, body=None):
      asked.append(self.path)
      if headers is not None:
        headers.append(self.headers.get('Authorization'))
      status, contents = failures.pop(0) if failures else tf_serving_form.answer(servables, self.path, body)
      contents = contents if isinstance(contents, bytes) else json.dumps(contents).encode()
      self.send_response(status)
      self.send_header('Content-Length', str(len(contents)))
      self.end_headers()
      self.wfile.write(contents)

    def do_GET(self):
      self.answer()

    def do_POST(self):
      self.answer(self.rfile.read(int(self.headers['Content-Length'])))

    def log_message(self, *_):
      pass

  with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
    if tls:
      server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01})
    thread.start()
    try:
      yield f'{"https" if tls else "http"}://127.0.0.1:{server.server_address[1]}', asked
    finally:
      server.shutdown()
      thread.join()


@contextlib.contextmanager
def grpc_server(servables, failures=(), options=(('grpc.max_receive_message_length', -1),), tls=None, headers=None):
  """Yields a server's URL and the list of its calls; its first answers are the status codes `failures`.

  `tls` are grpc.ssl_server_credentials, `headers` a list that takes the authorization of each call.
  """
  failures, asked = list(failures), []

  class Servicer(prediction_service_pb2_grpc.PredictionServiceServicer):
    def start(self, name, context):
      asked.append(name)
      if headers is not None:
        headers.append(dict(context.invocation_metadata()).get('authorization'))
      if failures:
        context.abort(failures.pop(0), 'not now')

    def GetModelMetadata(self, request, context):
      self.start('GetModelMetadata', context)
      response = get_model_metadata_pb2.GetModelMetadataResponse()
      signatures = get_model_metadata_pb2.SignatureDefMap()
      for name, value in servables[request.model_spec.name].signature_defs.items():
        signatures.signature_def[name].CopyFrom(value)
      response.metadata['signature_def'].Pack(signatures)
      return response

    def Predict(self, request, context):
      self.start('Predict', context)
      inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
      try:
        outputs = servables[request.model_spec.name].run(request.model_spec.signature_name, inputs)
      except tf.errors.InvalidArgumentError as error:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, error.message)
      response = predict_pb2.PredictResponse()
      for name, value in outputs.items():
        response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
      return response

  server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), options=options)
  prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Servicer(), server)
  port = server.add_secure_port('127.0.0.1:0', tls) if tls else server.add_insecure_port('127.0.0.1:0')
  server.start()
  try:
    yield f'{"grpcs" if tls else "grpc"}://127.0.0.1:{port}', asked
  finally:
    server.stop(grace=None).wait()
