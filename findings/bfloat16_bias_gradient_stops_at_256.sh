#!/usr/bin/env bash
# What surprises: on a CPU the gradient of a Dense or convolution bias in mixed_bfloat16 cannot grow beyond 256, because the
#   operation behind it keeps its running sum in bfloat16. In float16 it is the other way round: the bias layers add up right, and
#   a plain `x + bias` stops at 2048.
# Guessed before it was run: every operation that adds up 16-bit numbers keeps a wider sum inside, as tf.reduce_sum does.
# Seen: 4,096 rows of ones give a Dense layer's kernel the gradient 4096 and its bias 256, with Keras 2 and 3; EinsumDense gives 4096
#   with Keras 2 and 256 with Keras 3. 16,384 rows in float16: 16384 by tf.nn.bias_add, 2048 by `+`.
# Versions: keras 3.15.1, tf-keras 2.21.0, tensorflow 2.21.0, Python 3.12 (keras and tensorflow 2.15 do as tf-keras does).
# What xdc-tf does: the one convolution with a bias adds it in float32 (xdc_tf/models/audio_resnet.py, SmallKernelStem; until
#   November 2026 it did not, so that the stem 'vmz' had wrong bias gradients), and heads compute in float32 (xdc_tf/models/heads.py);
#   FusedBatchNorm's own gradients are right.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  tensorflow==2.21.0 keras==3.15.1 tf-keras==2.21.0 numpy==2.4.6
CUDA_VISIBLE_DEVICES='' TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import keras
import tensorflow as tf
import tf_keras

print(f'keras {keras.__version__}, tf_keras {tf_keras.__version__}, tensorflow {tf.__version__}')


def gradients(function, variables):
  """Returns the first number of each gradient of the sum of what `function` returns."""
  with tf.GradientTape() as tape:
    total = tf.reduce_sum(tf.cast(function(), tf.float32))
  found = tape.gradient(total, variables)
  return [float(tf.reshape(tf.cast(gradient, tf.float32), [-1])[0]) for gradient in found]


seen = {}
rows, image = tf.ones([4096, 3]), tf.ones([1, 64, 64, 3])
for library in (tf_keras, keras):
  for layer, x in (
    (library.layers.Dense(2, dtype='mixed_bfloat16'), rows),
    (library.layers.Conv2D(2, 1, dtype='mixed_bfloat16'), image),
    (library.layers.EinsumDense('ab,bc->ac', 2, bias_axes='c', dtype='mixed_bfloat16'), rows),
  ):
    layer.build(x.shape)
    kernel, bias = gradients(lambda: layer(x), layer.trainable_variables)
    seen[library.__name__, type(layer).__name__] = kernel, bias
    print(f'{library.__name__:8} {type(layer).__name__:11} 4096 ones: kernel {kernel:g}, bias {bias:g}')
for dtype, count in ((tf.bfloat16, 4096), (tf.float16, 16384)):
  zeros, bias = tf.zeros([count, 2], dtype), tf.Variable(tf.zeros([2], dtype))
  by_bias_add, by_plus = gradients(lambda: tf.nn.bias_add(zeros, bias), [bias]) + gradients(lambda: zeros + bias, [bias])
  seen[dtype.name] = by_bias_add, by_plus, float(tf.reduce_sum(tf.ones([count], dtype)))
  print(f'{dtype.name}, {count} ones: bias_add {by_bias_add:g}, + {by_plus:g}, tf.reduce_sum {seen[dtype.name][2]:g}')

for library in ('tf_keras', 'keras'):
  assert seen[library, 'Dense'] == seen[library, 'Conv2D'] == (4096, 256)
assert seen['tf_keras', 'EinsumDense'] == (4096, 4096) and seen['keras', 'EinsumDense'] == (4096, 256)
assert seen['bfloat16'] == (256, 4096, 4096) and seen['float16'] == (16384, 2048, 16384)
PYTHON_END
