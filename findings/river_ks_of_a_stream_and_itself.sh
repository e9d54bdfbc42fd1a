#!/usr/bin/env bash
# What surprises: The Kolmogorov-Smirnov statistic of a stream and itself is the share of its commonest value in river: .54 for coin flips; it is
#   another one the other way round.
# Guessed before it was run: 0, in both directions the same, as in SciPy.
# Seen: .537, .211 and .120 for 2, 5 and 10 values where SciPy has 0; .390 and .578 for two streams of ratings (SciPy .390); without ties it is
#   right.
# Reason: of equal values those of the first stream are counted before those of the second, and the maximum is taken in between.
# Versions: river 0.26.1, scipy 1.18.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check river==0.26.1 numpy==2.5.5 scipy==1.18.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
import scipy.stats
from river import stats

print('river', importlib.metadata.version('river'))


def river(first, second):
  found = stats.KolmogorovSmirnov(statistic='ks')
  for pair in zip(first.tolist(), second.tolist()):
    found.update(*pair)
  return found.get()


random = np.random.default_rng(0)
for values in (2, 5, 10):
  stream = random.integers(0, values, 1000)
  found, share = river(stream, stream), np.bincount(stream).max() / 1000
  print(f'{values} values, a stream and itself: {found:.3f}, commonest value {share:.3f}; SciPy {scipy.stats.ks_2samp(stream, stream).statistic}')
  assert np.isclose(found, share)
stars = random.choice(5, 1000, p=[0.1, 0.1, 0.2, 0.3, 0.3]), random.choice(5, 1000, p=[0.3, 0.3, 0.2, 0.1, 0.1])
both = river(*stars), river(*stars[::-1])
print(f'ratings of 1 to 5 stars: {both[0]:.3f}, the other way round {both[1]:.3f}; SciPy {scipy.stats.ks_2samp(*stars).statistic:.3f}')
assert both[1] > both[0] + 0.1
floats = random.normal(size=(2, 1000))
assert np.isclose(river(*floats), scipy.stats.ks_2samp(*floats).statistic)
PYTHON_END
