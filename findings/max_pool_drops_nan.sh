#!/usr/bin/env bash
# What surprises: max pooling of TensorFlow on a CPU passes over NaN, without XLA: a window of nothing else becomes the lowest number that the
#   type has, which a ReLU makes 0. So a clip of NaN leaves the usual first layers as one of zeros, with a finite loss. Softmax of oneDNN
#   gives the other classes 0 beside a NaN.
# Guessed before it was run: NaN comes out of a maximum, as it does of `tf.reduce_max`, of average pooling and of `max_pool_with_argmax`.
# Seen: [-5, -5, -5, -3.4e38] where average pooling has [-5, nan, -5, nan]; the same by tf.nn.max_pool2d and Keras's layer. A network of
#   convolution, max pooling, ReLU and mean gives a clip of NaN the probabilities .2 of five classes; with average pooling they are NaN.
#   Softmax of [1, nan, 2] is [0, nan, 0]; of the same in float64 all are NaN.
# Versions: tensorflow 2.21.0, keras 3.15.1, numpy 2.4.6, Python 3.12 (tensorflow and keras 2.15 do the same).
# What xdc-tf does: sound that is not finite becomes so when it is read (xdc_tf/media/audio_track.py), and records of other numbers are
#   refused (xdc_tf/records/schema.py): the audio encoder's pool would let NaN pass.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6
cd "$tmp"
CUDA_VISIBLE_DEVICES='' TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import keras
import numpy as np
import tensorflow as tf

print(f'tensorflow {tf.__version__}, keras {keras.__version__}')
x = np.full((1, 4, 4, 1), -5, np.float32)
x[0, 1, 2, 0] = x[0, 2:, 2:] = np.nan
largest = tf.nn.max_pool2d(x, 2, 2, 'VALID').numpy().ravel()
layer = keras.layers.MaxPooling2D(2)(x).numpy().ravel()
average = tf.nn.avg_pool2d(x, 2, 2, 'VALID').numpy().ravel()
with_place = tf.nn.max_pool_with_argmax(x, 2, 2, 'VALID').output.numpy().ravel()
print('max', largest, 'layer', layer, 'average', average, 'with argmax', with_place, 'reduce_max', tf.reduce_max(x).numpy())
for found in (largest, layer):
  np.testing.assert_array_equal(found, np.array([-5, -5, -5, np.finfo(np.float32).min]))
assert np.isnan(average[[1, 3]]).all() and np.isnan(with_place[3]) and np.isnan(tf.reduce_max(x))
clips = np.random.default_rng(0).random((2, 32, 32, 3)).astype(np.float32)
clips[1] = np.nan
for pool, is_nan in ((keras.layers.MaxPooling2D, False), (keras.layers.AveragePooling2D, True)):
  keras.utils.set_random_seed(0)
  layers = [keras.Input((32, 32, 3)), keras.layers.Conv2D(8, 3), pool(2), keras.layers.ReLU()]
  layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(5, activation='softmax')]
  probabilities = keras.Sequential(layers)(clips).numpy()[1]
  print(pool.__name__, probabilities)
  assert np.isnan(probabilities).all() if is_nan else np.allclose(probabilities, 0.2)
softmax = {kind: tf.nn.softmax(tf.constant([[1, np.nan, 2]], kind)).numpy()[0] for kind in ('float32', 'float64')}
print('softmax', softmax)
assert softmax['float32'][0] == softmax['float32'][2] == 0 and np.isnan(softmax['float64']).all()
PYTHON_END
