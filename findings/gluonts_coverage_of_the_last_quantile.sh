#!/usr/bin/env bash
# What surprises: the MAE_Coverage of gluonts' Evaluator is .4 for a calibrated forecast, the same as for a useless one, and .27 when its levels come
#   in another order.
# Guessed before it was run: the mean of |coverage - level| over all levels, about 0 for a calibrated forecast.
# Seen: .400 where its own coverages give .003; .268 for the levels .1, .9, .5; .400 for a forecast that says the same for all levels, for which
#   it is right. The MAECoverage of gluonts.ev gives .003.
# Reason: the coverage of one level, the last of a loop before, is compared with every level.
# Versions: gluonts 0.17.0, pandas 2.3.3, numpy 2.4.6, scipy 1.18.1, Python 3.12.
# What xdc-tf does: not used; a mean over folds is of the folds' own numbers (xdc_tf/evaluation/sweep.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check gluonts==0.17.0 pandas==2.3.3 numpy==2.4.6 scipy==1.18.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import warnings

import numpy as np
import pandas as pd
from scipy.stats import norm

warnings.simplefilter('ignore')
from gluonts.ev.metrics import MAECoverage
from gluonts.evaluation import Evaluator
from gluonts.model.forecast import QuantileForecast

print('gluonts', importlib.metadata.version('gluonts'))
LEVELS, DAYS = (0.1, 0.5, 0.9), 10_000
values = np.random.default_rng(0).normal(size=DAYS)
index = pd.period_range('1990-01-01', periods=30 + DAYS, freq='D')
series = pd.Series(np.concatenate([values[:30], values]), index)


def evaluate(said, order):
  forecast = QuantileForecast(
    np.array([np.full(DAYS, said[level]) for level in LEVELS]), index[30], [str(level) for level in LEVELS]
  )
  total, _ = Evaluator(quantiles=order, num_workers=None)([series], [forecast])
  own = np.mean([abs(total[f'Coverage[{level}]'] - level) for level in LEVELS])
  metric = MAECoverage(quantile_levels=LEVELS)(axis=None)
  metric.update({'label': values[None], **{str(level): np.full((1, DAYS), said[level]) for level in LEVELS}})
  return [round(float(number), 3) for number in (total['MAE_Coverage'], own, metric.get())]


calibrated = {level: norm.ppf(level) for level in LEVELS}
found = {order: evaluate(calibrated, order) for order in ((0.1, 0.5, 0.9), (0.1, 0.9, 0.5))}
useless = evaluate(dict.fromkeys(LEVELS, norm.ppf(0.9)), LEVELS)
for order, numbers in found.items():
  print('calibrated, levels', order, ': MAE_Coverage, by its own coverages, by gluonts.ev:', numbers)
  assert numbers[1] < 0.01 and numbers[2] < 0.01
print('the same for all levels:', useless)
assert abs(found[0.1, 0.5, 0.9][0] - 0.4) < 0.01 and abs(found[0.1, 0.9, 0.5][0] - 0.267) < 0.01
assert np.allclose(useless, 0.4, atol=0.01)
PYTHON_END
