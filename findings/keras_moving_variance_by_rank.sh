#!/usr/bin/env bash
# What surprises: the same numbers leave another moving variance in Keras 2's BatchNormalization as a picture or a video than as rows or a
#   sequence: n / (n - 1) times as much. Keras 3 has no such factor for any shape, so weights trained by one have other statistics
#   than those trained by the other, by a third for batches of four.
# Guessed before it was run: the moving variance is that of the batch, whatever the rank, and the same in both; the network's output
#   while it trains and the one afterwards, with a momentum of 0 on the same batch, agree.
# Seen, for 4 numbers a channel: variance of the batch times 1.000 for 2 and 3 axes and 1.333 for 4 and 5 axes in Keras 2,
#   1.000 for all in Keras 3. With 4 axes the output afterwards is smaller than in training.
# Versions: keras 3.15.1, tf-keras 2.21.0, tensorflow 2.21.0, Python 3.12.
# What xdc-tf does: nothing: the smallest of its maps has 256 numbers a channel in a batch of 32 (xdc_tf/models/residual.py), which is a
#   factor of 1.004; a run stays with the stack that it began with.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 keras==3.15.1 tf-keras==2.21.0 numpy==2.4.6
CUDA_VISIBLE_DEVICES='' TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import keras
import numpy as np
import tensorflow as tf
import tf_keras

print(f'keras {keras.__version__}, tf_keras {tf_keras.__version__}, tensorflow {tf.__version__}')
rows = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
for library, factors in ((tf_keras, (1, 1, 4 / 3, 4 / 3)), (keras, (1, 1, 1, 1))):
  for axes, factor in zip((2, 3, 4, 5), factors, strict=True):
    x = rows.reshape(4, *[1] * (axes - 2), 6)
    layer = library.layers.BatchNormalization(momentum=0.0)
    trained = np.asarray(layer(x, training=True))
    found = np.asarray(layer.moving_variance) / rows.var(axis=0)
    spread = np.asarray(layer(x, training=False)).std() / trained.std()
    print(f'{library.__name__:8} {axes} axes: moving variance / variance {found.mean():.3f}, output afterwards / in training {spread:.3f}')
    np.testing.assert_allclose(found, factor, rtol=1e-4)
    np.testing.assert_allclose(spread, factor**-0.5, rtol=5e-3)
PYTHON_END
