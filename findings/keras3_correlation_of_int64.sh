#!/usr/bin/env bash
# What surprises: By `keras.ops.corrcoef` two independent flags of int64 correlate at .95, and a flag with its opposite at 0.
# Guessed before it was run: NumPy's numbers, -.03 and -1.
# Seen: .948, 0 and -.056 (for -.161) with int64, NumPy's default; int32 and float64 are right.
# Reason: int64 is missing in the list of what becomes a float: the mean and what is left of it are whole numbers.
# Versions: keras 3.15.1, tensorflow 2.21.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: counts become floats before they are divided (xdc_tf/clustering/metrics.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 tensorflow==2.21.0 numpy==2.4.6
"$tmp/venv/bin/python" - <<'PYTHON_END'
import os

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import keras
import numpy as np

print(f'keras {keras.__version__}, backend {keras.backend.backend()}')
random = np.random.default_rng(0)
flags = (random.random((2, 1000)) < 0.95).astype(int)
opposite = np.stack([flags[0], 1 - flags[0]])
for name, x, most in (('independent flags', flags, 0.9), ('a flag and its opposite', opposite, -0.1), ('stars', random.integers(1, 6, (2, 8)), -0.1)):
  expected = np.corrcoef(x)[0, 1]
  found = {kind: float(keras.ops.corrcoef(x.astype(kind))[0, 1]) for kind in ('int32', 'int64', 'float64')}
  print(f'{name}: NumPy {expected:.3f};', ', '.join(f'{kind} {value:.3f}' for kind, value in found.items()))
  assert np.allclose([found['int32'], found['float64']], expected, atol=1e-5) and found['int64'] > most
PYTHON_END
