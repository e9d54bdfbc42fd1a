#!/usr/bin/env bash
# What surprises: Augmentor's `rotate` stretches what it turns: of 640 x 480 by 25 degrees, 1.4 times in width and 3.9 times in height. Its
#   documentation says that the largest area of the same aspect ratio is cropped and scaled back. `percentage_area=0.5` is a quarter.
# Guessed before it was run: one enlargement for both directions; half of the pixels.
# Seen: 1.22 and 1.23 times for 300 x 300 by 10 degrees, 1.49 and 2.50 by 25; 1.37 and 3.93 for 640 x 480 by 25. A mask of 0, 3 and 7 comes
#   back with every number from 0 to 8.
# Reason: the formula of the cropped height lacks a pair of brackets: E / 1 - x where E / (1 - x) is documented. Both sides are multiplied
#   by the share of the area. Masks are interpolated like pictures.
# Versions: Augmentor 0.2.12, numpy 2.5.5, Pillow 13.0.0, Python 3.12.
# What xdc-tf does: nothing: it neither turns pictures nor uses Augmentor.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check Augmentor==0.2.12 numpy==2.5.5 pillow==13.0.0
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
from unittest import mock

import numpy as np
from Augmentor import Operations
from PIL import Image

print('Augmentor', importlib.metadata.version('Augmentor'))


def turned(picture, degrees):
  """The picture turned to the right by as much as the range allows."""
  operation = Operations.RotateRange(1, degrees, degrees)
  with mock.patch.object(Operations.random, 'randint', side_effect=lambda low, high: high):
    return np.asarray(operation.perform_operation([picture])[0], float)


def enlargement(width, height, degrees):
  """How many times larger things are, along the rows and along the columns: from the slopes of two ramps, in the middle."""
  ramps = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
  pictures = [turned(Image.fromarray(ramp), degrees)[height // 3 : -height // 3, width // 3 : -width // 3] for ramp in ramps]
  return [1 / np.linalg.norm([np.gradient(p, axis=axis).mean() for p in pictures]) for axis in (1, 0)]


for size, degrees in (((300, 300), 10), ((300, 300), 25), ((640, 480), 10), ((640, 480), 25)):
  wider, higher = enlargement(*size, degrees)
  print(f'{size} turned by {degrees}: {wider:.2f} times in width, {higher:.2f} times in height')
assert 1.3 < wider < 1.45 and 3.7 < higher < 4.2

half = Operations.CropPercentage(1, 0.5, True, False).perform_operation([Image.new('L', (200, 100))])[0]
print('percentage_area=0.5 of 200 x 100:', half.size)
assert half.size == (100, 50)
mask = np.zeros((100, 100), np.uint8)
mask[30:70, 30:70], mask[10:20] = 3, 7
found = np.unique(turned(Image.fromarray(mask), 20)).astype(int).tolist()
print('a mask of 0, 3 and 7 turned by 20:', found)
assert set(found) > {0, 3, 7}
PYTHON_END
