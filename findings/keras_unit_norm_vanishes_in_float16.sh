#!/usr/bin/env bash
# What surprises: `UnitNormalization` of Keras in float16 or mixed_float16 returns zeros for vectors that are longer than 256: the squares are
#   added up in float16 and overflow. Of all normalization layers it is the only one that does not compute in float32 there.
# Guessed before it was run: length 1, as BatchNormalization, LayerNormalization, GroupNormalization and RMSNormalization normalize the
#   same inputs to within .001 of their float32 selves.
# Seen: 16 numbers of size 100 (length 400, each far from float16's end at 65,504): all 0, in both policies, and so is
#   `keras.ops.normalize`; the four others right. Length 200: right.
# Versions: keras 3.15.1 with tensorflow 2.21.0, numpy 2.4.6, Python 3.12. (The layer of keras 2.15 does the same.)
# What xdc-tf does: unit lengths are computed in float32, after the features left the network (xdc_tf/clustering/preprocessing.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6
cd "$tmp"
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - 2>/dev/null <<'PYTHON_END'
import keras
import numpy as np
import tensorflow as tf

print(f'keras {keras.__version__}, tensorflow {tf.__version__}')
signs = np.random.default_rng(0).choice([-1.0, 1.0], (32, 4, 4, 16))
layers = keras.layers
kinds = {
  'UnitNormalization': layers.UnitNormalization,
  'BatchNormalization': layers.BatchNormalization,
  'LayerNormalization': layers.LayerNormalization,
  'GroupNormalization': lambda dtype: layers.GroupNormalization(groups=2, dtype=dtype),
  'RMSNormalization': layers.RMSNormalization,
}
for size in (50, 100):
  x = (size * signs).astype(np.float16)
  for name, kind in kinds.items():
    options = {'training': True} if name == 'BatchNormalization' else {}
    full = np.asarray(kind(dtype='float32')(x.astype(np.float32), **options))
    for policy in ('float16', 'mixed_float16'):
      half = np.asarray(kind(dtype=policy)(x, **options)).astype(np.float32)
      error = np.abs(half - full).max()
      print(f'length {4 * size}, {name}, {policy}: size {np.abs(half).mean():.3f}, in float32 {np.abs(full).mean():.3f}')
      if name == 'UnitNormalization' and size == 100:
        assert not half.any() and np.allclose(np.linalg.norm(full, axis=-1), 1)
      else:
        assert error < 2e-3
  normalized = np.asarray(keras.ops.normalize(x))
  assert normalized.any() == (size == 50)
PYTHON_END
