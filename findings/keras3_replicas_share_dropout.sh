#!/usr/bin/env bash
# What surprises: under MirroredStrategy all replicas of Keras 3 drop the same places and add the same noise, with and without a
#   seed: more replicas bring more data but no more randomness. With Keras 2 every replica has its own.
# Guessed before it was run: each replica draws its own mask, with both.
# Seen: Keras 2: the two replicas differ in Dropout and GaussianNoise. Keras 3: equal masks and equal noise on both replicas, at
#   every step; from one step to the next they do change.
# Versions: keras 3.15.1, tf-keras 2.21.0, tensorflow 2.21.0, Python 3.12 (keras 2.15.0 does as tf-keras does).
# What xdc-tf does: nothing: it has no dropout; every random choice depends on the seed, the pass and the record's index
#   (xdc_tf/records/training_order.py, seed_for).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  tensorflow==2.21.0 keras==3.15.1 tf-keras==2.21.0 numpy==2.4.6
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import keras
import numpy as np
import tensorflow as tf
import tf_keras

print(f'keras {keras.__version__}, tf_keras {tf_keras.__version__}, tensorflow {tf.__version__}')
cpu = tf.config.list_physical_devices('CPU')[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1'])


def draws(make_layer, steps=2):
  """Returns what a layer makes of ones: [steps][replicas][64]."""
  with strategy.scope():
    layer = make_layer()

  def on_replica():
    return layer(tf.ones([64]), training=True)

  @tf.function(autograph=False)
  def step():
    return strategy.run(on_replica)

  return [[value.numpy() for value in strategy.experimental_local_results(step())] for _ in range(steps)]


for library in (tf_keras, keras):
  for seed in (1, None):
    for make_layer in (
      lambda: library.layers.Dropout(0.5, seed=seed),
      lambda: library.layers.GaussianNoise(1.0, seed=seed),
    ):
      first, second = draws(make_layer)
      same = [bool(np.array_equal(*step)) for step in (first, second)]
      print(f'{library.__name__:8} {type(make_layer()).__name__:13} seed={seed}: replicas alike at steps 1, 2: {same}')
      assert not np.array_equal(first[0], second[0])
      assert same == [library is keras] * 2
PYTHON_END
