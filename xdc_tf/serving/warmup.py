"""Requests that TF Serving answers by itself before it lets clients in: the first call of a graph takes much longer than others."""

from collections.abc import Iterable, Mapping

import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2


def video_examples(num_frames: int, short_side: int) -> dict[str, TensorProto]:
  """Returns one grey clip in each form that the signatures take: `jpegs` string [1, T], `frames` uint8 [1, T, H, W, 3].

  Args:
    num_frames: T.
    short_side: H; the picture is a third wider.
  """
  size = [short_side, short_side * 4 // 3, 3]
  grey = tf.io.encode_jpeg(tf.fill(size, tf.constant(128, tf.uint8))).numpy()
  # One value stands for all: the tensors take no space in the file.
  return {
    'jpegs': tf.make_tensor_proto(grey, tf.string, [1, num_frames]),
    'frames': tf.make_tensor_proto(128, tf.uint8, [1, num_frames, *size]),
  }


def audio_examples(num_samples: int, num_frames: int, num_filters: int, silence: float) -> dict[str, TensorProto]:
  """Returns a window of silence in each form that the signatures take: `waveform` float32 [1, S], `log_mel` float32 [1, M, Q].

  Args:
    num_samples: S.
    num_frames: M.
    num_filters: Q.
    silence: the log-mel of silence.
  """
  return {
    'waveform': tf.make_tensor_proto(0.0, tf.float32, [1, num_samples]),
    'log_mel': tf.make_tensor_proto(silence, tf.float32, [1, num_frames, num_filters]),
  }


def write_requests(
  path: str, model_name: str, inputs: Iterable[tuple[str, str]], examples: Mapping[str, TensorProto]
) -> None:
  """Writes one PredictionLog for each signature, as TFRecords.

  Args:
    path: the path of the file; its folder must exist.
    model_name: that the server gives the model.
    inputs: (signature, name of its input) pairs.
    examples: a value for every name of an input.
  """
  with tf.io.TFRecordWriter(path) as file:
    for signature, name in inputs:
      request = predict_pb2.PredictRequest()
      request.model_spec.name = model_name
      request.model_spec.signature_name = signature
      request.inputs[name].CopyFrom(examples[name])
      log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
      file.write(log.SerializeToString(deterministic=True))
