#!/usr/bin/env bash
# What surprises: mahotas adds by label in the picture's type: 89 for 78,169 in bytes; a square in the corner of a picture has an Euler number of .25;
#   the slope of a rising ramp is -1.
# Guessed before it was run: sums as `np.sum` gives them, which the docstring says; whole Euler numbers; 1 as in SciPy.
# Seen: sums modulo 256; -.75 for 0 and .25 for 1; what is called a convolution is a correlation; a point dilated with two pixels has two in uint8 and
#   nine in int16.
# Reason: the output has the input's type; squares behind the last row and column are left out; kernels are not turned.
# Versions: mahotas 1.4.19, numpy 2.5.5, scipy 1.18.1, scikit-image 0.26.0, Python 3.12.
# What xdc-tf does: not used; sums are int64 or float (xdc_tf/clustering).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check mahotas==1.4.19 numpy==2.5.5 scipy==1.18.1 scikit-image==0.26.0
"$tmp/venv/bin/python" - <<'PYTHON_END'
import mahotas
import numpy as np
import scipy.ndimage
from skimage.measure import euler_number

print('mahotas', mahotas.__version__)
picture = np.random.default_rng(0).integers(0, 256, (50, 50), dtype=np.uint8)
labels = (picture > 128).astype(np.int32)
sums, expected = mahotas.labeled_sum(picture, labels), np.array([picture[labels == i].sum() for i in (0, 1)])
print(f'sums of bytes by label: {sums}, np.sum {expected}')
assert np.array_equal(sums, expected % 256)

square, corner = np.zeros((2, 60, 60), bool)
square[10:30, 10:30] = corner[-20:, -20:] = True
for name, mask, found in (('a square', square, 1), ('all but the square', ~square, -0.75), ('a square in the corner', corner, 0.25)):
  print(f'Euler number of {name}: {mahotas.euler(mask)}, scikit-image {euler_number(mask, 2)}')
  assert mahotas.euler(mask) == found and (found == euler_number(mask, 2)) == (name == 'a square')

ramp = np.tile(np.arange(20.0), (20, 1))
slopes = [float(library.gaussian_filter1d(ramp, 2, 1, 1)[10, 10]) for library in (mahotas, scipy.ndimage)]
impulse = mahotas.convolve1d(np.array([0, 0, 1.0, 0, 0]), np.array([1.0, 2, 3]), 0)
print(f'slope of a rising ramp: {slopes[0]:.2f}, SciPy {slopes[1]:.2f}; an impulse convolved with 1, 2, 3: {impulse}')
assert slopes[0] < -0.99 and slopes[1] > 0.99 and list(impulse) == [0, 3, 2, 1, 0]

sizes = {}
for dtype in (np.uint8, np.int16):
  point = np.zeros((9, 9), dtype)
  point[4, 4] = 100
  sizes[dtype.__name__] = int((mahotas.dilate(point, np.array([[0, 0, 0], [0, 1, 1], [0, 0, 0]], bool)) >= 100).sum())
print('a point dilated with two pixels has', sizes)
assert sizes == {'uint8': 2, 'int16': 9}
PYTHON_END
