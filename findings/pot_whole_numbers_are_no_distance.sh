#!/usr/bin/env bash
# What surprises: POT's one-dimensional and sliced Wasserstein distances of samples that are whole numbers are 0, whatever the samples are.
# Guessed before it was run: the distance of the same numbers as floats, or an error that asks for floats; pixels and labels are whole numbers.
# Seen: 0 and 200 against 100 and 250 are 75 apart as float32 and float64, and 0 apart as uint8, int32 and int64; a thousandth of a thousand numbers
#   moved by 500 as well; so are the sliced and the largest sliced distance of two planes. `emd2_1d` of the same whole numbers is right. The
#   weights, 1/n each, are made in the type of the samples, and so are 0.
# Versions: POT 0.9.7.post1, numpy 2.4.6, scipy 1.17.1, Python 3.12.
# What xdc-tf does: not used.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check POT==0.9.7.post1 numpy==2.4.6 scipy==1.17.1
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import ot

print(f'POT {ot.__version__}, numpy {np.__version__}')
one, other = np.array([0, 200]), np.array([100, 250])
for dtype in (np.float64, np.float32, np.uint8, np.int32, np.int64):
  a, b = one.astype(dtype), other.astype(dtype)
  distance = ot.wasserstein_1d(a, b)
  print(f'{np.dtype(dtype).name}: wasserstein_1d {float(distance):g}, emd2_1d {float(ot.emd2_1d(a, b, metric="euclidean")):g}')
  assert distance == (75 if np.issubdtype(dtype, np.floating) else 0)
  assert ot.emd2_1d(a, b, metric='euclidean') == 75
many = np.arange(0, 1000, 7)
assert ot.wasserstein_1d(many, many + 500) == 0 and abs(ot.wasserstein_1d(many * 1.0, many + 500.0) - 500) < 1e-9
planes = [np.array([[0, 1], [200, 3]]), np.array([[100, 4], [250, 5]])]
for name in ('sliced_wasserstein_distance', 'max_sliced_wasserstein_distance'):
  whole, floats = (getattr(ot, name)(*(p.astype(t) for p in planes), seed=0) for t in (np.int64, np.float64))
  print(f'{name}: {float(whole):g} of whole numbers, {float(floats):.1f} of floats')
  assert whole == 0 and floats > 50
PYTHON_END
