#!/usr/bin/env bash
# What surprises: `ListMLELoss` of Keras RS grows again when the right order becomes clear: 111 for gaps of 20, where the reverse order with gaps of 5
#   costs 50.
# Guessed before it was run: it goes to 0 as the scores of a right order move apart.
# Seen: .075 at a gap of 5, 10.3 at 8, 39 at 12 (by the formula .027, .001 and 0); the gradient lowers the best item and lifts the worst.
# Reason: a constant is added inside the logarithm after only the largest score of the whole list was taken off.
# Versions: keras-rs 0.4.0, keras 3.15.1, tensorflow 2.21.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: not used; a softmax is computed from logits (xdc_tf/training/scores.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check keras-rs==0.4.0 keras==3.15.1 tensorflow==2.21.0 numpy==2.4.6
"$tmp/venv/bin/python" - <<'PYTHON_END'
import os

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import keras_rs
import numpy as np
import tensorflow as tf

print(f'keras-rs {keras_rs.__version__}')


def by_the_formula(labels, scores):
  scores = scores[np.argsort(-labels, kind='stable')].astype(float)
  return sum(np.logaddexp.reduce(scores[i:]) - scores[i] for i in range(len(scores)))


labels = np.arange(5, dtype=np.float32)
loss = keras_rs.losses.ListMLELoss()
found = {}
for gap in (1, 5, 8, 12, 20, -5):
  found[gap] = float(loss(labels[None], gap * labels[None]))
  print(f'gaps of {gap}: {found[gap]:.3f}, by the formula {by_the_formula(labels, gap * labels):.3f}')
assert all(np.isclose(found[gap], by_the_formula(labels, gap * labels), atol=1e-3) for gap in (1, -5))
assert found[8] > 10 and found[20] > 2 * found[-5]
scores = tf.constant(12 * labels[None])
with tf.GradientTape() as tape:
  tape.watch(scores)
  value = loss(labels[None], scores)
slopes = tape.gradient(value, scores).numpy()[0]
print('gradient of the right order, worst item first:', slopes.round(3))
assert slopes[-1] > 2.5 and slopes[0] < -0.9
PYTHON_END
