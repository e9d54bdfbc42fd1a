#!/usr/bin/env bash
# What surprises: INTER_AREA of OpenCV averages no columns any more as soon as the number of rows grows by one: 640 x 200 to 64 x 200 are
#   the means of ten columns, to 64 x 201 it is two columns of ten, aliased.
# Guessed before it was run: each direction by itself: the means in width, something linear in height.
# Seen, of columns that differ and rows that do not: to 100, 199 and 200 rows at most .5 from the means, to 201 rows up to 130 levels.
# Reason, as far as behaviour tells: areas are averaged where both sides shrink, else all is interpolated from two pixels a side.
# Versions: opencv-python-headless 5.0.0.93, numpy 2.5.5, Python 3.12.
# What xdc-tf does: nothing: FFmpeg scales frames (xdc_tf/media/jpeg_encoder.py). Squares made of wide and low films by cv2.resize, a habit
#   of many loaders, are aliased in width.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import cv2
import numpy as np

print('OpenCV', cv2.__version__)
line = np.random.default_rng(0).integers(0, 256, 640)
means = line.reshape(64, 10).mean(axis=1)
for kind in (np.uint8, np.float32):
  picture = np.repeat(line[None].astype(kind), 200, axis=0)
  for rows in (100, 199, 200, 201, 320):
    error = np.abs(cv2.resize(picture, (64, rows), interpolation=cv2.INTER_AREA) - means).max()
    print(f'{np.dtype(kind)} of 640 x 200 to 64 x {rows}: at most {error:.1f} from the means of ten columns')
    assert error <= 0.51 if rows <= 200 else error > 80
PYTHON_END
