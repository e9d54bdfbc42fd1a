#!/usr/bin/env bash
# What surprises: MAPIE's calibration error of scores that say nothing is .02 with split_strategy='array split', and .26 of the same rows in
#   order; 'uniform' and 'quantile' with n bins are those of n - 1.
# Guessed before it was run: the order of rows does not matter, and 2 bins are 2 bins.
# Seen: .017 for .256; 'uniform' with 2 bins is .016, the error of one bin, and with one bin NaN.
# Reason: rows are cut into bins as they come, before anything is sorted; n edges are made where n bins need n + 1.
# Versions: MAPIE 1.6.0, numpy 2.4.6, scikit-learn 1.9.1, Python 3.12.
# What xdc-tf does: accuracy, NMI and purity (xdc_tf/clustering/metrics.py); calibration is not measured.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check MAPIE==1.6.0 numpy==2.4.6 scikit-learn==1.9.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import warnings

import numpy as np
from mapie.metrics.calibration import expected_calibration_error

warnings.simplefilter('ignore')
print('MAPIE', importlib.metadata.version('mapie'))
random = np.random.default_rng(0)
score = random.random(4000)
truth = random.integers(0, 2, 4000)
order = np.argsort(score)


def expected(bins):
  places = np.minimum((score * bins).astype(int), bins - 1)
  return sum(abs(truth[places == i].mean() - score[places == i].mean()) * (places == i).mean() for i in range(bins))


for bins in (2, 3, 10):
  uniform = expected_calibration_error(truth, score, num_bins=bins, split_strategy='uniform')
  mixed, in_order = (
    expected_calibration_error(truth[rows], score[rows], num_bins=bins, split_strategy='array split')
    for rows in (np.arange(4000), order)
  )
  print(f"{bins} bins: expected {expected(bins):.3f}, uniform {uniform:.3f}, array split {mixed:.3f}, of the rows in order {in_order:.3f}")
  assert np.isclose(uniform, expected(bins - 1)) and mixed < 0.05 and abs(in_order - expected(bins)) < 0.01
PYTHON_END
