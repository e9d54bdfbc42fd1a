#!/usr/bin/env bash
# What surprises: scikit-learn's R2 of poor guesses in float16 is 1.0; `normalize` of such rows gives zeros, `scale` too; `StandardScaler` and
#   the mean squared error are right.
# Guessed before it was run: .57, as of the same numbers in float64; all values are below 400, and float16 reaches to 65,504.
# Seen: 1.0; lengths of 0 and deviations of 0 where both are to be 1.
# Reason: sums of squares are taken in the type of the data and overflow to infinity, by which is then divided.
# Versions: scikit-learn 1.9.1, numpy 2.4.6, scipy 1.18.1, Python 3.12.
# What xdc-tf does: features are kept in float16 and are float32 where scikit-learn gets them (xdc_tf/evaluation/clip_features.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check scikit-learn==1.9.1 numpy==2.4.6 scipy==1.18.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import warnings

import numpy as np
import sklearn
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.preprocessing import StandardScaler, normalize, scale

warnings.simplefilter('ignore')
print('scikit-learn', sklearn.__version__)
random = np.random.default_rng(0)
truth = (200 + 50 * random.normal(size=60)).astype(np.float16)
for noise in (10, 30):
  guess = (truth + noise * random.normal(size=60)).astype(np.float16)
  wide = truth.astype(float), guess.astype(float)
  found, expected = float(r2_score(truth, guess)), float(r2_score(*wide))
  print(f'R2 {found:.3f}, in float64 {expected:.3f}; largest value {max(truth.max(), guess.max())}')
  assert found == 1 and expected < 0.96
  assert np.isclose(mean_squared_error(truth, guess), mean_squared_error(*wide), rtol=0.01)

rows = (random.normal(size=(5, 768)) * 12).astype(np.float16)
lengths = np.linalg.norm(normalize(rows).astype(float), axis=1)
print('lengths after normalize:', lengths)
assert (lengths == 0).all()

table = (random.normal(size=(60, 3)) * 50 + 200).astype(np.float16)
deviations = [scaled.astype(float).std(0).round(3) for scaled in (scale(table), StandardScaler().fit_transform(table))]
print('deviations after scale:', deviations[0], 'after StandardScaler:', deviations[1])
assert (deviations[0] == 0).all() and np.allclose(deviations[1], 1, atol=0.01)
PYTHON_END
