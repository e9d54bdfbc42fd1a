"""Encoders for phones and small computers: one TensorFlow Lite file, for a fixed size of input."""

import tensorflow as tf

from xdc_tf import files, graphs
from xdc_tf.models.folding import FoldedWeights
from xdc_tf.records.audio_ops import LogMelSpec
from xdc_tf.records.inputs import Input


def export_tflite(encoder, inputs: Input, path: str) -> str:
  """Writes an encoder, its BatchNorms folded, as a file of TensorFlow Lite's built-in operations.

  One clip at a time, in the form in which the signatures of a SavedModel take it, but already scaled and cut, because TensorFlow
  Lite has no JPEGs, no antialiased scaling and no way from the Fourier transform to its squares: `frames` uint8
  [1, num_frames, crop_size, crop_size, 3], or `log_mel` float32 [1, num_frames, 40]. Gives `embedding` float32
  [1, feature_dimension].

  Args:
    encoder: a video or audio encoder that computes in float32.
    inputs: how it was fed.
    path: the path of the file, local or remote.

  Returns:
    `path`.

  Raises:
    ValueError: when the encoder computes in another type.
  """
  if encoder.compute_dtype != 'float32':
    raise ValueError(f'TensorFlow Lite takes float32 encoders only. Received one of {encoder.compute_dtype}.')
  if encoder.modality == 'video':
    spec = tf.TensorSpec([1, *inputs.shape], tf.uint8, name='frames')
  else:
    spec = tf.TensorSpec([1, inputs.num_frames, LogMelSpec().num_filters], tf.float32, name='log_mel')

  def embed(x):
    return {'embedding': encoder(inputs.normalize(x), training=False)}

  folded = FoldedWeights(encoder)  # Lives until they are written: a graph does not keep its variables alive.
  folded.update()
  with folded.used():
    function = graphs.compiled(embed, input_signature=[spec]).get_concrete_function()
  module = tf.Module()
  module.weights = list(function.graph.variables)
  converted = tf.lite.TFLiteConverter.from_concrete_functions([function], module).convert()
  with files.atomic_write(path) as file:
    file.write(converted)
  return path
