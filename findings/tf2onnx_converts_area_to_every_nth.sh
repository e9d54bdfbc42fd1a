#!/usr/bin/env bash
# What surprises: tf2onnx converts what ONNX has no like of into something else without a word: `resize(..., 'area')` takes every nth pixel, `//` and `%`
#   of negative whole numbers round towards 0, `one_hot(-1)` is the last class, and `scatter_nd` keeps the last of several values.
# Guessed before it was run: what cannot be converted is refused, as antialiasing is; the rest agrees.
# Seen: a picture of noise at a quarter of its size has a deviation of .07 in TensorFlow and .30 in ONNX Runtime; -7 // 3 is -3 and -2; the label -1,
#   which is no class in TensorFlow, is class 2 of 3; -4 and 4 at one place are 0 in TensorFlow, and 4.
# Versions: tf2onnx 1.17.0, tensorflow-cpu 2.21.0, onnxruntime 1.32.0, onnx 1.23.2, numpy 2.5.5, Python 3.12.
# What xdc-tf does: ONNX is made of the file for TensorFlow Lite, which has none of these (saved_models/README.md).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tf2onnx==1.17.0 tensorflow-cpu==2.21.0 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.5.5
cd "$tmp"
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import os

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx


def both(function, *arrays):
  signature = [tf.TensorSpec(array.shape, array.dtype, f'x{n}') for n, array in enumerate(arrays)]
  function = tf.function(function, input_signature=signature)
  model = tf2onnx.convert.from_function(function, signature, opset=18)[0].SerializeToString()
  session = onnxruntime.InferenceSession(model, providers=['CPUExecutionProvider'])
  return function(*arrays).numpy(), session.run(None, {f'x{n}': array for n, array in enumerate(arrays)})[0]


picture = np.random.default_rng(0).random((1, 64, 64, 3)).astype(np.float32)
want, got = both(lambda x: tf.image.resize(x, (16, 16), 'area'), picture)
print(f'area: deviation {want.std():.3f} in TensorFlow, {got.std():.3f} in ONNX')
assert np.allclose(want, picture.reshape(1, 16, 4, 16, 4, 3).mean((2, 4)), atol=1e-5) and np.array_equal(got, picture[:, ::4, ::4])
a, b = np.array([-7, 7, 7], np.int32), np.array([3, -3, 3], np.int32)
for name, function, in_tf, in_onnx in (
    ('floor of a / b', lambda a, b: a // b, [-3, -3, 2], [-2, -2, 2]),
    ('a modulo b', lambda a, b: a % b, [2, -2, 1], [-1, 1, 1]),
    ('one_hot of -1', lambda a, b: tf.one_hot(a // 7, 3)[0] + 0 * tf.cast(b, tf.float32), [0, 0, 0], [0, 0, 1]),
    ('scatter_nd to one place', lambda a, b: tf.scatter_nd([[0], [0], [1]], a + b, [3]), [0, 10, 0], [4, 10, 0])):
  want, got = both(function, a, b)
  print(f'{name}: {want} in TensorFlow, {got} in ONNX')
  assert want.tolist() == in_tf and got.tolist() == in_onnx
PYTHON_END
