#!/usr/bin/env bash
# What surprises: scipy.stats.tmean of uint8 or int16 numbers is the sum in that type, wrapped around, over their number. `ttest_rel` of uint8 even
#   has the other sign. `tvar` and `ttest_1samp` of the same numbers are right.
# Guessed before it was run: the mean of all numbers, which is what the page says of a call without limits; its example is of integers.
# Seen: 400 numbers with the mean 118.8: 1.03 in uint8, -45.1 in int16, 118.8 as floats; t = 23.7 in uint8 where it is -8.4. tvar is 397.8 for
#   all three.
# Versions: scipy 1.18.1, numpy 2.4.6, Python 3.12.
# What xdc-tf does: not used; means are float64 (xdc_tf/clustering/metrics.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check scipy==1.18.1 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import scipy
from scipy import stats

print(f'scipy {scipy.__version__}')
generator = np.random.default_rng(0)
first = generator.normal(120, 20, 400).clip(0, 255).astype(np.uint8)
second = (first.astype(int) + generator.integers(-3, 6, 400)).clip(0, 255).astype(np.uint8)
means, tests = {}, {}
for kind in ('uint8', 'int16', 'float64'):
  x, y = first.astype(kind), second.astype(kind)
  means[kind], tests[kind] = float(stats.tmean(x)), float(stats.ttest_rel(x, y).statistic)
  print(f'{kind}: tmean {means[kind]:.2f}, mean {x.mean():.2f}, tvar {stats.tvar(x):.1f}, ttest_rel {tests[kind]:.2f}')
  np.testing.assert_allclose(stats.tvar(x), first.var(ddof=1))
assert means['uint8'] < 2 and means['int16'] < 0 and np.isclose(means['float64'], first.mean())
assert tests['uint8'] > 0 > tests['float64'] and np.isclose(tests['int16'], tests['float64'])
PYTHON_END
