#!/usr/bin/env bash
# What surprises: to netcal's MMCE a calibrated classifier is as bad as its exact opposite (.21 both), and a perfect one is worst (.49).
# Guessed before it was run: one column of probabilities is measured as its two columns are.
# Seen: of two columns .008, .421 and .001. Its pinball loss at the median grows with the deviation, and its QCE goes from .013 to .166
# when small bins are left out, which count as misses.
# Reason: the confidence of one column is p, and what it is held against is p > .5 (MMCE.py); the bound of the loss is the nearer end of the
# two-sided interval (QuantileLoss.py); bins that are left out have frequency 0 (Miscalibration.py).
# Versions: netcal 1.4.0, torch 2.14.1, scikit-learn 1.9.1, scipy 1.18.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check netcal==1.4.0 torch==2.14.1 scikit-learn==1.9.1 scipy==1.18.1 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import warnings

import numpy as np
from scipy.stats import norm
from sklearn.metrics import mean_pinball_loss

warnings.filterwarnings('ignore')
from netcal.metrics import MMCE, QCE, QuantileLoss

random = np.random.default_rng(0)
labels, calibrated = random.integers(0, 2, 4000), random.random(4000)
drawn = (random.random(4000) < calibrated).astype(int)
cases = {'perfect': (labels * 0.998 + 0.001, labels), 'calibrated': (calibrated, drawn), 'opposite': (1 - calibrated, drawn)}
one, two = {}, {}
for name, (p, y) in cases.items():
  one[name], two[name] = MMCE().measure(p, y), MMCE().measure(np.stack([1 - p, p], axis=1), y)
  print(f'{name}: MMCE {one[name]:.3f} of one column, {two[name]:.3f} of the same as two')
assert one['perfect'] > 0.45 and two['perfect'] < 0.002
assert one['calibrated'] > 0.2 and abs(one['calibrated'] - one['opposite']) < 1e-6 and two['opposite'] > 0.4

mean, deviation = random.normal(size=5000), np.exp(random.normal(size=5000) / 2)
y = mean + deviation * random.normal(size=5000)
for factor in (1, 4):
  found = QuantileLoss().measure((mean, deviation * factor), y, q=np.array([0.5]))
  truth = mean_pinball_loss(y, norm.ppf(0.5, mean, deviation * factor), alpha=0.5)
  print(f'deviation times {factor}: pinball loss of the median {float(np.squeeze(found)):.3f}, by its formula {truth:.3f}')
assert float(np.squeeze(found)) > 2 * truth
errors = [
  float(QCE(bins=10, marginal=False, sample_threshold=least).measure((mean, deviation), y, q=np.array([0.5, 0.9]))[0])
  for least in (1, 1000)
]
print('QCE of a calibrated forecast, with all bins and without small ones:', np.round(errors, 4))
assert errors[0] < 0.03 and errors[1] > 0.1
PYTHON_END
