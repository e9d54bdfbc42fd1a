#!/usr/bin/env bash
# What surprises: ECOD and COPOD of PyOD give a row another score beside other rows: 300 rows six deviations off are outliers one by one, all
#   of them, and in one call a fifth (ECOD) or half (COPOD).
# Guessed before it was run: `decision_function` of a fitted detector is a function of the row, as that of its KNN.
# Seen: the mean score is 20.7 one by one and 7.4 in one call, the threshold 8.67 (ECOD) and 6.96 (COPOD); a row of the training data has half
#   to two thirds of its score beside the 300.
# Reason: the distribution function is that of the training rows and of those of the call together; the threshold is of training alone.
# Versions: pyod 3.6.7, scikit-learn 1.9.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: nothing: it looks for no outliers, and a clip's embedding is its own whatever its batch is.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pyod==3.6.7 scikit-learn==1.9.1 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from pyod.models.copod import COPOD
from pyod.models.ecod import ECOD
from pyod.models.knn import KNN

print('pyod', importlib.metadata.version('pyod'))
random = np.random.RandomState(0)
training, far = random.randn(1000, 3), 6 + 0.1 * random.randn(300, 3)
for model in (ECOD, COPOD, KNN):
  detector = model(contamination=0.05).fit(training)
  alone = np.mean([detector.predict(row[None])[0] for row in far])
  together = detector.predict(far).mean()
  first, beside = detector.decision_function(training[:1])[0], detector.decision_function(np.vstack([training[:1], far]))[0]
  print(
    f'{model.__name__}: outliers one by one {alone:.0%}, in one call {together:.0%}; score of a training row alone {first:.2f}, '
    f'beside the far ones {beside:.2f}'
  )
  assert alone == 1
  assert (together == 1 and first == beside) if model is KNN else (together < 0.7 and beside < 0.8 * first)
PYTHON_END
