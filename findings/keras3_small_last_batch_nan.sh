#!/usr/bin/env bash
# What surprises: under MirroredStrategy Keras 3's `fit` makes every scale (gamma) of BatchNormalization NaN when the last batch has fewer
#   samples than there are replicas, and says nothing: the loss of the epoch is a number, as is everything else of the model.
# Guessed before it was run: the same weights as with one replica, or, where the empty share of a replica counts as a share, smaller
#   steps for that batch; no NaN.
# Seen: 5 samples in batches of 4, two replicas: the fifth goes to the first replica, the second gets 0 samples, whose moments are 0 / 0.
#   gamma is NaN after one epoch, while the loss is 3.5; with 6 samples all is well. Keras 2 has no NaN. In both the lonely sample counts
#   half, since the gradients of two replicas are averaged.
# Versions: keras 3.15.1, tf-keras 2.21.0, tensorflow 2.21.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: every training batch is whole (xdc_tf/records/reader.py); docs/library.md says drop_remainder=True.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 keras==3.15.1 tf-keras==2.21.0 numpy==2.5.5
cd "$tmp"
cat > fit.py <<'PYTHON_END'
import importlib
import sys

import numpy as np
import tensorflow as tf

package, replicas, samples = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
keras = importlib.import_module(package)
cpu = tf.config.list_physical_devices('CPU')[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
random = np.random.default_rng(0)
x, y = (random.normal(size=[samples, width]).astype(np.float32) for width in (3, 1))
with tf.distribute.MirroredStrategy([f'CPU:{number}' for number in range(replicas)]).scope():
  norm, head = keras.layers.BatchNormalization(), keras.layers.Dense(1, kernel_initializer='ones')
  model = keras.Sequential([keras.layers.Input([3]), norm, head])
  model.compile(keras.optimizers.SGD(0.1), 'mse')
loss = model.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(4), verbose=0).history['loss'][0]
gamma = np.asarray(norm.gamma)
others = [variable for variable in model.weights if variable is not norm.gamma]
print(f'{package} {keras.__version__}, {replicas} replicas, {samples} samples: loss {loss:.3f}, gamma {gamma.round(3)}')
assert np.isfinite(loss) and all(np.isfinite(np.asarray(variable)).all() for variable in others)
expected = package == 'keras' and replicas == 2 and samples == 5
assert np.isnan(gamma).all() if expected else np.isfinite(gamma).all(), 'not as it was'
PYTHON_END
for package in keras tf_keras; do
  for case in '1 5' '2 6' '2 5'; do
    # shellcheck disable=SC2086
    TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" fit.py "$package" $case 2> errors.txt || { cat errors.txt; exit 1; }
  done
done
