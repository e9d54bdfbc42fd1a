"""Serves exported models with KServe's own server, in TF Serving's REST form, on this machine's loopback only.

    python kserve_server.py PORT NAME=VERSION_FOLDER ...     # e.g. 8501 xdc_video=saved_models/xdc_video/1; 0: any free port

Prints the port. KServe has the route :predict and hands over the body as it came (JSON is parsed where the header says
JSON); decoding, and the route /metadata that TF Serving has besides, are ours. tests/serving/test_kserve.py starts it.
"""

import asyncio
import json
import os
import socket
import sys

import tensorflow as tf
import tf_serving_form
from fastapi.responses import JSONResponse
from kserve import Model, ModelServer
from kserve.errors import InvalidInput, ModelNotFound
from kserve.model_server import app
from kserve.protocol.rest.server import RESTServer


class ServedModel(Model):
  """A SavedModel as a KServe model."""

  def __init__(self, name: str, path: str):
    super().__init__(name)
    self.servable = tf_serving_form.Servable(path)
    self.ready = True

  async def predict(self, payload, headers=None, response_headers=None):
    request = json.loads(payload) if isinstance(payload, bytes) else payload  # curl -d says it is a form.
    try:
      return await asyncio.to_thread(tf_serving_form.predict, self.servable, request)
    except tf.errors.InvalidArgumentError as error:
      raise InvalidInput(error.message) from error


def main() -> None:
  """Serves until it is killed."""
  models = dict(argument.split('=', 1) for argument in sys.argv[2:])
  models = {name: ServedModel(name, path) for name, path in models.items()}
  server = ModelServer(enable_grpc=False)
  for model in models.values():
    server.register_model(model)

  @app.get('/v1/models/{name}/metadata')
  async def metadata(name: str):
    if name not in models:
      raise ModelNotFound(name)
    return JSONResponse(tf_serving_form.metadata(name, models[name].servable))

  # ModelServer.start would listen on all addresses; its REST server takes a socket that listens on one.
  loopback = socket.create_server(('127.0.0.1', int(sys.argv[1])))
  print(loopback.getsockname()[1], flush=True)
  os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # Who wanted the port does not read the log.
  rest = RESTServer('kserve.model_server:app', server.dataplane, server.model_repository_extension, http_port=0)
  rest.run(sockets=[loopback])


if __name__ == '__main__':
  main()
