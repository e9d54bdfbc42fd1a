#!/usr/bin/env bash
# What surprises: `groupby('label').count()` of an xarray of uint8 counts 1,500 pixels as 220 as soon as numbagg and flox are installed.
# Guessed before it was run: counts are whole numbers of the machine, whatever is counted; which libraries are there changes the speed.
# Seen: [220 220] of [1500 1500] rows; sums of numbagg are 52 and 157 where 154,420 and 152,221 are right; the variance by flox with
#   engine='numbagg' is 2,468,766 for 3,330.
# Reason: numbagg counts and adds in the type of the values.
# Versions: numbagg 0.9.6, flox 0.11.2, xarray 2026.9.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: counts are int64 (xdc_tf/clustering/metrics.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check numbagg==0.9.6 flox==0.11.2 xarray==2026.9.0 numpy==2.5.5 numba==0.68.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import flox
import numbagg
import numpy as np
import xarray

print(*(f'{name} {importlib.metadata.version(name)}' for name in ('numbagg', 'flox', 'xarray')))
random = np.random.default_rng(0)
label = np.repeat([0, 1], 1500)
pixels = random.integers(0, 201, 3000).astype(np.uint8)
array = xarray.DataArray(pixels, dims='pixel', coords={'label': ('pixel', label)})
counts = array.groupby('label').count().values
with xarray.set_options(use_numbagg=False, use_flox=False):
  right = array.groupby('label').count().values
print(f'count: {counts} of {right}')
assert list(right) == [1500, 1500] and list(counts) == [1500 % 256] * 2

sums = numbagg.group_nansum(pixels, label)
expected = np.array([pixels[label == i].sum() for i in (0, 1)])
print(f'sum: {sums} of {expected}')
assert (sums == expected % 256).all()

variance, _ = flox.groupby_reduce(pixels, label, func='var', engine='numbagg')
expected = np.array([pixels[label == i].var() for i in (0, 1)])
print(f'variance: {variance} of {expected}')
assert (variance > 10 * expected).all()
PYTHON_END
