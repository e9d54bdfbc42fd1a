#!/usr/bin/env bash
# What surprises: OpenCV's `l0Smooth` makes a picture twice as bright when something bright touches its border, and overwrites float32 input.
# Guessed before it was run: smoothing with the default parameters keeps the mean, wherever a disc lies, and leaves what it was given.
# Seen: a disc in the middle keeps the mean of 75.7; cut by the left border 63.1 becomes 133.7, and the far black corner 50 becomes 121; a bar from
#   column 2 makes 118 to 253, from column 1 or 3 nothing; float32 input is the result afterwards, float64 is not.
# Reason: gradients are taken with reflected borders, the solver is periodic, and what does not cancel is multiplied in the mean.
# Versions: opencv-contrib-python-headless 5.0.0.93, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; pictures are not smoothed.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check opencv-contrib-python-headless==5.0.0.93 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import cv2
import numpy as np

print('OpenCV', cv2.__version__)
y, x = np.mgrid[:128, :128]
for centre, least, most in ((64, 50, 50), (20, 95, 255), (0, 110, 255)):
  disc = np.where((x - centre) ** 2 + (y - 64) ** 2 < 900, 200, 50).astype(np.uint8)
  smooth = cv2.ximgproc.l0Smooth(disc)
  print(f'a disc at column {centre}: mean {disc.mean():.1f} becomes {smooth.mean():.1f}, the far corner 50 becomes {smooth[0, -1]}')
  assert least <= smooth[0, -1] <= most
for begin in (1, 2, 3):
  bar = np.full((128, 128), 50, np.uint8)
  bar[:, begin:60] = 200
  smooth = cv2.ximgproc.l0Smooth(bar)
  print(f'a bar from column {begin}: mean {bar.mean():.1f} becomes {smooth.mean():.1f}')
  assert (abs(smooth.mean() - bar.mean()) > 100) == (begin == 2)

inside = np.where((x - 64) ** 2 + (y - 64) ** 2 < 900, 0.8, 0.2) + np.random.default_rng(0).normal(0, 0.02, x.shape)
for dtype in (np.float32, np.float64):
  mine = inside.astype(dtype)
  before = mine.copy()
  result = cv2.ximgproc.l0Smooth(mine)
  print(f'{dtype.__name__}: the input has changed by {abs(mine - before).max():.3f}')
  assert np.array_equal(mine, result) == (dtype == np.float32) == (not np.array_equal(mine, before))
PYTHON_END
