#!/usr/bin/env bash
# What surprises: The run-length features of pyfeats are those of the whole picture whatever the mask; one of them is 1 for every picture, another 1e15;
#   the coefficient of variation of a constant is .1.
# Guessed before it was run: a plain and a noisy half have other features; a constant has a variation of 0.
# Seen: equal features of both halves; .0996 for a constant of 100, .0905 for a deviation of 20 from it; of 651 zones of equal grey 247 are as large as
#   the picture, one for each level that it does not have.
# Reason: the mask is not read; a square of the run is multiplied and divided; the median stands where the deviation belongs; what is not there is
#   a zone.
# Versions: pyfeats 1.0.1, numpy 2.5.5, scikit-image 0.26.0, mahotas 1.4.19, Python 3.12.
# What xdc-tf does: not used; features are learned.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pyfeats==1.0.1 numpy==2.5.5 scikit-image==0.26.0 mahotas==1.4.19 scipy==1.18.1 opencv-python-headless==5.0.0.93 PyWavelets==1.10.0 matplotlib==3.11.2
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
import pyfeats
from pyfeats.textural.glszm import glszm

print('pyfeats', importlib.metadata.version('pyfeats'))
random = np.random.default_rng(0)
picture = random.integers(1, 9, (32, 32))
picture[:, :16] = 5  # Plain on the left, noise on the right.
left = np.zeros((32, 32))
left[:, :16] = 1


def run_lengths(picture, mask=None):
  values, names = pyfeats.glrlm_features(picture, mask, Ng=10)
  return {name.removeprefix('GLRLM_'): float(value) for name, value in zip(names, values)}


halves = run_lengths(picture, left), run_lengths(picture, 1 - left)
print('long run emphasis of the plain and the noisy half:', *(round(half['LongRunEmphasis'], 3) for half in halves))
assert halves[0] == halves[1] == run_lengths(picture)
longs = [run_lengths(p)['LongRunLowGrayLevelEmphasis'] for p in (picture, picture * 0 + 1, picture[:, 16:], picture % 2 + 1)]
print('long runs of low levels of four pictures:', longs, f'; low levels {halves[0]["LowGrayLevelRunEmphasis"]:.1e}')
assert np.allclose(longs, 1) and halves[0]['LowGrayLevelRunEmphasis'] > 1e14
zones = glszm(picture, np.ones_like(picture))
print(f'of {zones.sum():.0f} zones {zones[:, picture.size].sum():.0f} are as large as the picture')
assert zones[:, picture.size].sum() == 255 - 8
for deviation in (0, 5, 20):
  values, names = pyfeats.fos(100 + deviation * random.choice([-1, 1], (32, 32)), None)
  variation = float(dict(zip(names, values))['FOS_CoefficientOfVariation'])
  print(f'100 with a deviation of {deviation}: coefficient of variation {variation:.4f}')
  assert 0.08 < variation < 0.12
PYTHON_END
