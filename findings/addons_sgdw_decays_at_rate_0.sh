#!/usr/bin/env bash
# What surprises: the weight decay of tensorflow-addons' SGDW and AdamW is not multiplied by the learning rate, that of Keras's SGD and
#   AdamW is: the same two numbers decay a hundred times as fast at a rate of 0.01, and at a rate of 0 (the start of a warm-up, the
#   end of a schedule) addons still decays at full speed.
# Guessed before it was run: both take rate * decay * weight, for they cite the same paper and name the argument alike.
# Seen: a weight of 1, no gradient, decay 0.1: at a rate of 0.01 addons leaves 0.9 and Keras 0.999; at a rate of 0, 0.9 and 1.
# Versions: tensorflow-addons 0.23.0, keras 2.15.0, tensorflow 2.15.1, Python 3.11 (keras 3.15.1's optimizers do as 2.15's).
# What xdc-tf does: xdc_tf/compat.py, set_learning_rate, multiplies the decay of addons' SGDW by the rate, so that 'sgdw' is the same on
#   both software stacks.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.11}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  tensorflow==2.15.1 keras==2.15.0 tensorflow-addons==0.23.0 numpy==1.26.4
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import keras
import tensorflow as tf
import tensorflow_addons as addons

print(f'tensorflow-addons {addons.__version__}, keras {keras.__version__}, tensorflow {tf.__version__}')


def left(make, rate):
  """Returns what one step without a gradient leaves of a weight of 1."""
  weight = tf.Variable([1.0])
  make(rate).apply_gradients([(tf.constant([0.0]), weight)])
  return float(weight[0])


makers = {
  'addons SGDW': lambda rate: addons.optimizers.SGDW(weight_decay=0.1, learning_rate=rate),
  'addons AdamW': lambda rate: addons.optimizers.AdamW(weight_decay=0.1, learning_rate=rate),
  'keras SGD': lambda rate: keras.optimizers.SGD(learning_rate=rate, weight_decay=0.1),
  'keras AdamW': lambda rate: keras.optimizers.AdamW(learning_rate=rate, weight_decay=0.1),
}
for name, make in makers.items():
  for rate in (1.0, 0.01, 0.0):
    weight = left(make, rate)
    print(f'{name:12} rate {rate:<4}: {weight:.4f}')
    assert abs(weight - (0.9 if 'addons' in name else 1 - 0.1 * rate)) < 1e-6
PYTHON_END
