#!/usr/bin/env bash
# What surprises: aeon's range-based F-beta of perfect predictions is 2.5 for beta = .5 and .625 for beta = 2; distances of bytes are 1e20.
# Guessed before it was run: 1 for every beta; the distance of the same numbers as floats, as its Euclidean distance gives.
# Seen: 2.5, 1 and .625; a Manhattan distance of 4e20 for 5,083 and an MSM distance of 2e19 for 1,818; an autocorrelation of noise of 1 at
#   every lag when it is measured in a millionth of the unit; gaps "filled" by np.max stay NaN.
# Reason: precision and recall have the same weight in the denominator; differences are taken in unsigned numbers; a small sum of squares
#   counts as a constant series; a callable gets the missing values in place of the others.
# Versions: aeon 1.6.0, Python 3.12.
# What xdc-tf does: localisation is scored by mean average precision (xdc_tf/localization/mean_average_precision.py); features are floats.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check aeon==1.6.0
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from aeon.benchmarking.metrics.anomaly_detection import range_f_score, range_precision, range_recall
from aeon.distances import euclidean_distance, manhattan_distance, msm_distance
from aeon.transformations.collection import AutocorrelationFunctionTransformer, SimpleImputer

print('aeon', importlib.metadata.version('aeon'))
truth = np.array([0, 0, 1, 1, 0, 0, 1, 1, 0, 0])
assert range_precision(truth, truth) == 1 and range_recall(truth, truth, alpha=0.5) == 1
perfect = {beta: float(range_f_score(truth, truth, beta=beta)) for beta in (0.5, 1, 2)}
print('F-beta of perfect predictions:', perfect)
assert np.allclose(list(perfect.values()), [2.5, 1, 0.625])

random = np.random.default_rng(0)
noise = random.normal(size=(1, 1, 200))
for unit in (1, 1e-3, 1e-6):
  lags = AutocorrelationFunctionTransformer(n_lags=4).fit_transform(unit * noise).ravel()
  print(f'autocorrelation of noise times {unit}:', lags.round(3))
  assert (lags == 1).all() if unit == 1e-6 else np.abs(lags).max() < 0.2

filled = SimpleImputer(np.max).fit_transform(np.array([[[1, np.nan, 3, 5]]])).ravel()
print('filled by np.max:', filled)
assert np.isnan(filled[1])

one, two = random.integers(0, 256, size=(2, 1, 50)).astype(np.uint8)
for distance in (euclidean_distance, manhattan_distance, msm_distance):
  found, expected = distance(one, two), distance(one.astype(float), two.astype(float))
  print(f'{distance.__name__} of bytes {found:.6g}, of the same as floats {expected:.6g}')
  assert np.isclose(found, expected) if distance is euclidean_distance else found > 1e15
PYTHON_END
