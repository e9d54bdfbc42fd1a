#!/usr/bin/env bash
# What surprises: weights of 2 double the mean absolute error of sktime's class, and quadruple its MASE; its scaled squared error of two columns
#   depends on their units.
# Guessed before it was run: equal weights change nothing; an error that is scaled has no unit.
# Seen: .8833 is 1.7666, .2968 is 1.1873; the function of the same name gives .8833; .7564, .3411 or .0006 as column 1 is multiplied.
# Reason: errors are multiplied by the weights and divided by their number, twice in MASE; the ratio is taken of means over the columns.
# Versions: sktime 1.2.0, numpy 2.4.6, pandas 2.3.3, scikit-learn 1.8.0, Python 3.12.
# What xdc-tf does: metrics have no weights of clips (xdc_tf/evaluation/).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  sktime==1.2.0 numpy==2.4.6 pandas==2.3.3 scikit-learn==1.8.0
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import warnings

import numpy as np

warnings.simplefilter('ignore')
from sktime.performance_metrics import forecasting as metrics

print('sktime', importlib.metadata.version('sktime'))
random = np.random.default_rng(0)
true, train = random.normal(10, 3, 20), random.normal(10, 3, 50)
predicted = true + random.normal(0, 1, 20)
twos = np.full(20, 2.0)
for name, factor in (('MeanAbsoluteError', 2), ('MeanAbsoluteScaledError', 4), ('MeanSquaredPercentageError', 1)):
  metric = getattr(metrics, name)()
  plain = metric(true, predicted, y_train=train)
  weighted = metric(true, predicted, y_train=train, sample_weight=twos)
  print(f'{name}: {plain:.4f}, with weights of 2 {weighted:.4f}')
  assert np.isclose(weighted, factor * plain)
plain, weighted = metrics.mean_absolute_error(true, predicted), metrics.mean_absolute_error(true, predicted, horizon_weight=twos)
print(f'mean_absolute_error, the function: {plain:.4f}, with weights of 2 {weighted:.4f}')
assert np.isclose(plain, weighted)

true, train = random.normal(10, 3, (20, 2)), random.normal(10, 3, (50, 2))
predicted = true + random.normal(0, 1, (20, 2)) * [3, 0.1]
for name, is_without_unit in (('MeanAbsoluteScaledError', True), ('MeanSquaredScaledError', False)):
  metric = getattr(metrics, name)()
  found = [float(metric(true * [1, u], predicted * [1, u], y_train=train * [1, u])) for u in (0.001, 1, 1000)]
  print(f'{name} with column 1 times .001, 1, 1000:', np.round(found, 4))
  assert np.allclose(found, found[0]) == is_without_unit
PYTHON_END
