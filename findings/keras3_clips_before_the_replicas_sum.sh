#!/usr/bin/env bash
# What surprises: under MirroredStrategy, Keras 3 clips the gradient of every replica and then adds them up, where Keras 2 adds
#   them up and then clips: a step may be as many times longer than global_clipnorm as there are replicas.
# Guessed before it was run: the norm that is clipped is that of the sum over the replicas, with both.
# Seen: replicas with the gradients [3, 0] and [0, 4], clipped to a norm of 1: Keras 2 steps by [0.6, 0.8], of length 1, Keras 3
#   by [1, 1], of length 1.41. With equal gradients [3, 4] the step of Keras 3 has the length 2.
# Versions: keras 3.15.1, tf-keras 2.21.0, tensorflow 2.21.0, Python 3.12 (keras 2.15.0 does as tf-keras does).
# What xdc-tf does: nothing: its optimizers (xdc_tf/compat.py, make_optimizer) clip nothing.
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


def step(library, gradients):
  """Returns how far one step of SGD at a rate of 1 goes; there is one gradient for each replica."""
  with strategy.scope():
    variable = library.Variable([0.0, 0.0]) if library is keras else tf.Variable([0.0, 0.0])
    optimizer = library.optimizers.SGD(1.0, global_clipnorm=1.0)
    optimizer.build([variable])
  values = strategy.experimental_distribute_values_from_function(
    lambda context: tf.constant(gradients[context.replica_id_in_sync_group])
  )

  def apply(gradient):
    optimizer.apply_gradients([(gradient, variable)])

  strategy.run(apply, args=(values,))
  return -variable.numpy()


for gradients, keras_2, keras_3 in (
  ([[3.0, 0.0], [0.0, 4.0]], [0.6, 0.8], [1.0, 1.0]),
  ([[3.0, 4.0], [3.0, 4.0]], [0.6, 0.8], [1.2, 1.6]),
):
  for library, expected in ((tf_keras, keras_2), (keras, keras_3)):
    moved = step(library, gradients)
    print(f'{library.__name__:8} gradients {gradients}: step {moved}, length {np.linalg.norm(moved):.3f}')
    np.testing.assert_allclose(moved, expected, atol=1e-5)
PYTHON_END
