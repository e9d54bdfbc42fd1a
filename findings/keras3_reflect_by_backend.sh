#!/usr/bin/env bash
# What surprises: outside a picture, `keras.ops.image.map_coordinates` with fill_mode='reflect' gives other values with TensorFlow than with JAX
#   and NumPy, and than the picture (d c b a | a b c d | d c b a) that its page draws.
# Guessed before it was run: the same on every backend, as 'nearest', 'wrap' and 'constant' are.
# Seen: a row of 0, 10, ..., 70 at -1, -2 and -3.5: 0, 10 and 25 with NumPy and JAX, as in the page's picture, 10, 20 and 35 with TensorFlow, which
#   leaves the outermost value out on that side, and only there.
# Versions: keras 3.15.1 with tensorflow 2.21.0 and jax 0.12.0.1, numpy 2.4.6, Python 3.12.
# What xdc-tf does: not used; pictures are cut out, never warped (xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 tensorflow==2.21.0 jax==0.12.0.1 jaxlib==0.12.0.1 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import subprocess
import sys

import numpy as np

PROGRAM = """
import keras, numpy as np
row = np.tile(np.arange(0, 80, 10, dtype='float32'), (8, 1))
at = np.array([[3, 3, 3, 3, 3], [-1, -2, -3.5, 8, 2.5]], 'float32')
for mode in ('reflect', 'nearest', 'wrap'):
  print(mode, *np.asarray(keras.ops.image.map_coordinates(row, at, 1, fill_mode=mode)))
"""
found = {}
for backend in ('numpy', 'jax', 'tensorflow'):
  done = subprocess.run([sys.executable, '-c', PROGRAM], env={'KERAS_BACKEND': backend, 'PATH': '', 'TF_CPP_MIN_LOG_LEVEL': '3'}, capture_output=True, text=True, check=True)
  print(f'{backend}:\n{done.stdout}', end='')
  found[backend] = {line.split()[0]: np.array(line.split()[1:], float) for line in done.stdout.splitlines()}
drawn = np.pad(np.arange(0, 80, 10.0), 8, mode='symmetric')  # As on the page.
right = np.interp(np.array([-1, -2, -3.5, 8, 2.5]) + 8, np.arange(24), drawn)
print(f'as drawn on the page: {right}')
for backend, values in found.items():
  same = np.allclose(values['reflect'], right)
  assert same == (backend != 'tensorflow') and np.isclose(values['reflect'][-1], right[-1])
  for mode in ('nearest', 'wrap'):
    np.testing.assert_allclose(values[mode], found['numpy'][mode], atol=1e-4)
PYTHON_END
