#!/usr/bin/env bash
# What surprises: `keras.ops.rot90(x, k=2)` scrambles every picture that is not square, with TensorFlow.
# Guessed before it was run: a turn by 180 degrees, as NumPy's.
# Seen: of a video of 48 x 64 99.6 % of the numbers are wrong for k of 2 and -2; squares, other k and two turns by 90 degrees are right.
# Reason: after the first turn the picture is as wide as it was high, and is read in the final shape before the second.
# Versions: keras 3.15.1, tensorflow 2.21.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: films are turned by FFmpeg's matrix before they are stored (xdc_tf/media/picture_shape.py).
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
picture = np.arange(12).reshape(3, 4)
once, twice = np.asarray(keras.ops.rot90(picture, k=2)), np.asarray(keras.ops.rot90(keras.ops.rot90(picture)))
print('3 x 4 turned by 180 degrees:', once.tolist(), 'expected', np.rot90(picture, 2).tolist())
assert np.array_equal(twice, np.rot90(picture, 2)) and not np.array_equal(once, twice)
video = np.random.default_rng(0).integers(0, 256, (2, 16, 48, 64, 3))
for k in (-2, -1, 1, 2, 3):
  wrong, of_square = (
    np.mean(np.asarray(keras.ops.rot90(x, k=k, axes=(2, 3))) != np.rot90(x, k, (2, 3))) for x in (video, video[:, :, :, :48])
  )
  print(f'k = {k}: {wrong:.1%} of the numbers of 48 x 64 are wrong, {of_square:.1%} of 48 x 48')
  assert (wrong > 0.9) == (k in (-2, 2)) and of_square == 0
PYTHON_END
