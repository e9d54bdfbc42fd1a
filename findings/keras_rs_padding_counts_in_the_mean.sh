#!/usr/bin/env bash
# What surprises: `EmbedReduce(mask_zero=True)` of Keras RS counts the padding in the mean: two items and 30 of padding are almost the embedding of 0.
# Guessed before it was run: 0 is left out, as of ragged rows.
# Seen: three vectors for the same two items with 0, 2 and 30 of padding, by 'mean', 'sqrtn' and 'sum'; without padding that of the ragged row.
# Reason: every place has a weight of one when the rows are reduced.
# Versions: keras-rs 0.4.0, keras 3.15.1, tensorflow 2.21.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: not used; clips are equally long.
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
table = np.random.default_rng(0).standard_normal((100, 4)).astype(np.float32)
for combiner, scale in (('mean', 2), ('sqrtn', 2**0.5), ('sum', 1)):
  layer = keras_rs.layers.EmbedReduce(100, 4, mask_zero=True, combiner=combiner)
  layer.build(None)
  layer.embeddings.assign(table)
  found = [np.asarray(layer(np.array([[7, 8] + [0] * padding])))[0] for padding in (0, 2, 30)]
  ragged = np.asarray(layer(tf.ragged.constant([[7, 8]])))[0]
  print(f'{combiner}, padding of 0, 2, 30:', *(vector.round(2).tolist() for vector in found))
  assert np.allclose(found[0], table[[7, 8]].sum(axis=0) / scale, rtol=1e-4) and np.allclose(found[0], ragged, rtol=1e-4)
  assert min(abs(vector - found[0]).max() for vector in found[1:]) > 0.1
PYTHON_END
