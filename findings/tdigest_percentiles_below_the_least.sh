#!/usr/bin/env bash
# What surprises: Percentiles of tdigest lie below the smallest number: the tenth of as many 0s as 1000s is -300.
# Guessed before it was run: between the smallest and the largest number.
# Seen: -480, -400 and -300 for the 1st, 5th and 10th; .55 and .75 of whole numbers from 1 to 5; the share of the smallest value is half of what it is.
# Reason: within the first half of a centroid the slope to the next one is drawn on.
# Versions: tdigest 0.5.2.2, numpy 2.4.6, Python 3.12.
# What xdc-tf does: not used; quantiles are of all numbers (NumPy).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tdigest==0.5.2.2 numpy==2.4.6
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from tdigest import TDigest

print('tdigest', importlib.metadata.version('tdigest'))
random = np.random.default_rng(0)
mostly = np.r_[np.zeros(7000), random.exponential(100, 3000)]
random.shuffle(mostly)
for name, numbers in (('0 or 1000', np.repeat([0, 1000], 100)), ('1 to 5', random.integers(1, 6, 10000)), ('mostly 0', mostly)):
  digest = TDigest()
  digest.batch_update(numbers.tolist())
  found, least = [digest.percentile(p) for p in (1, 5, 10)], numbers.min()
  share, counted = digest.cdf(least), np.mean(numbers <= least)
  print(f'{name}: percentiles 1, 5, 10 are {np.round(found, 2)}, least {least}; its share {share:.3f}, counted {counted:.3f}')
  assert found[0] < least and share < 0.52 * counted
  assert name != '0 or 1000' or np.allclose(found, (-480, -400, -300))
PYTHON_END
