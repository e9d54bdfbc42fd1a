"""TF Serving's REST answers, after its documentation, with models that Python runs; two servers of the tests speak it.

https://www.tensorflow.org/tfx/serving/api_rest
"""

import base64
import json
import re

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import saved_model_pb2


class Servable:
  """A loaded version folder: `signatures` to run and `signature_defs` to tell."""

  def __init__(self, path: str):
    with open(f'{path}/saved_model.pb', 'rb') as file:
      contents = saved_model_pb2.SavedModel.FromString(file.read())
    self.signature_defs = contents.meta_graphs[0].signature_def
    self._model = tf.saved_model.load(path)
    self.signatures = self._model.signatures

  def run(self, signature: str, inputs: dict) -> dict[str, np.ndarray]:
    """Runs a signature; raises InvalidArgumentError for what a server calls INVALID_ARGUMENT."""
    specs = self.signatures[signature].structured_input_signature[1]
    try:
      tensors = {name: tf.constant(value, specs[name].dtype) for name, value in inputs.items()}
    except (ValueError, TypeError) as error:
      raise tf.errors.InvalidArgumentError(None, None, str(error)) from error
    return {name: value.numpy() for name, value in self.signatures[signature](**tensors).items()}


def answer(models: dict[str, Servable], path: str, body: bytes | None) -> tuple[int, dict]:
  """Returns the status and the JSON for a GET (body None) or a POST."""
  match = re.fullmatch(r'/v1/models/([^/:]+)(/metadata|:predict)', path)
  if match is None or (match[2] == ':predict') != (body is not None):
    return 400, {'error': f'Malformed request: {path}'}
  if match[1] not in models:
    return 404, {'error': f'Servable not found for request: Latest({match[1]})'}
  servable = models[match[1]]
  if body is None:
    return 200, metadata(match[1], servable)
  try:
    return 200, predict(servable, json.loads(body))
  except tf.errors.InvalidArgumentError as error:
    return 400, {'error': error.message}


def metadata(name: str, servable: Servable) -> dict:
  """GET /v1/models/NAME/metadata."""
  found = {
    key: json_format.MessageToDict(value, preserving_proto_field_name=True)
    for key, value in servable.signature_defs.items()
  }
  return {'model_spec': {'name': name, 'version': '1'}, 'metadata': {'signature_def': {'signature_def': found}}}


def predict(servable: Servable, request: dict) -> dict:
  """POST /v1/models/NAME:predict in the row format: {"signature_name": ..., "instances": [{name: value}, ...]}."""
  rows = [_decoded(row) for row in request['instances']]
  outputs = servable.run(
    request.get('signature_name', 'serving_default'), {name: [row[name] for row in rows] for name in rows[0]}
  )
  if len(outputs) == 1:  # The documentation: one output goes without its name.
    return {'predictions': next(iter(outputs.values())).tolist()}
  return {'predictions': [{name: value[i].tolist() for name, value in outputs.items()} for i in range(len(rows))]}


def _decoded(value):
  if isinstance(value, list):
    return [_decoded(x) for x in value]
  if isinstance(value, dict):
    return base64.b64decode(value['b64']) if set(value) == {'b64'} else {k: _decoded(v) for k, v in value.items()}
  return value
