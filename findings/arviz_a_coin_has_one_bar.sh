#!/usr/bin/env bash
# What surprises: The default histogram of whole numbers in ArviZ puts the last two values into one bar: a coin has one.
# Guessed before it was run: a bar for each value.
# Seen: one bar of 1.0 for a coin; .332 for the 5 and 6 of a die, .165 each.
# Reason: edges go to the largest value and not behind it.
# Versions: arviz-stats 1.3.3, arviz-base 1.3.1, xarray 2026.9.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: not used; clusters are counted (xdc_tf/clustering/metrics.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check 'arviz-stats[xarray]==1.3.3' arviz-base==1.3.1 xarray==2026.9.0 numpy==2.4.6
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import arviz_stats
import numpy as np
import xarray

print('arviz-stats', importlib.metadata.version('arviz-stats'))
random = np.random.default_rng(0)
for name, draws in (('coin', random.integers(0, 2, 4000)), ('die', random.integers(1, 7, 6000)), ('Poisson', random.poisson(2, 4000))):
  heights, left, right = arviz_stats.histogram(xarray.DataArray(draws.reshape(4, -1), dims=('chain', 'draw'))).to_numpy()
  shares = np.unique_counts(draws).counts / draws.size
  print(f'{name}: shares {shares.round(3)}, bars from {left.tolist()}: {heights.round(3)}')
  assert len(heights) == len(shares) - 1 and np.allclose(heights, [*shares[:-2], shares[-2:].sum()])
PYTHON_END
