#!/usr/bin/env bash
# What surprises: the weighted interval score of scoringrules adds the median, not its error: a perfect forecast of 1,000 scores 200, and a
#   median far below 0 is rewarded. With the optional package numba the same call is right.
# Guessed before it was run: a forecast without error and width scores 0; its docstring has w * |y - m|.
# Seen: for the truth 120 and medians of 120, 60 and 0 the formula gives 2.4, 51.2, 111.2 and the package 26.4, 51.2, 87.2. The CRPS of a
#   hypergeometric forecast is 0 where .393 is true, since it sums over the failures and not over the outcomes.
# Versions: scoringrules 0.11.0 without numba, scipy 1.18.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; accuracies and average precision (xdc_tf/evaluation, xdc_tf/localization).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check scoringrules==0.11.0 scipy==1.18.1 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
import scoringrules as sr
from scipy.stats import hypergeom

print('scoringrules', importlib.metadata.version('scoringrules'))
alpha, truth = np.array([0.1, 0.5]), np.array([120.0, 120.0, 120.0])
median = np.array([120.0, 60.0, 0.0])
lower, upper = (np.stack([median + sign * 20, median + sign * 8], -1) for sign in (-1, 1))


def interval(y, low, high):
  return high - low + 2 / alpha * (np.maximum(low - y, 0) + np.maximum(y - high, 0))


expected = (0.5 * abs(truth - median) + (alpha / 2 * interval(truth[:, None], lower, upper)).sum(-1)) / 2.5
found = sr.weighted_interval_score(truth, median, lower, upper, alpha)
exact = np.full(1, 1000.0)
perfect = sr.weighted_interval_score(exact, exact, np.full((1, 2), 1000.0), np.full((1, 2), 1000.0), alpha)
print('by the formula', expected, 'seen', found, 'a perfect forecast of 1000:', perfect)
m, n, k, y = 20, 3, 10, 8
outcomes = np.arange(k + 1)
crps = ((hypergeom(m + n, m, k).cdf(outcomes) - (outcomes >= y)) ** 2).sum()
of_package = float(sr.crps_hypergeometric(y, m, n, k))
print(f'CRPS hypergeometric: expected {crps:.3f}, seen {of_package:.3f}')

assert np.allclose(expected, [2.4, 51.2, 111.2]) and np.allclose(found, [26.4, 51.2, 87.2])
assert np.allclose(perfect, 200) and round(crps, 3) == 0.393 and of_package == 0
PYTHON_END
