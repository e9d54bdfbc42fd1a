#!/usr/bin/env bash
# What surprises: specificity of imbalanced-learn with sample_weight is anything from 0 to 1.7 for one table of predictions and one weight
#   for all rows.
# Guessed before it was run: .75 for every weight that all rows share, as scikit-learn's recall of the other class.
# Seen: weights of 1 .75, of .1 .983, of 2 0, of 10 1.714; weights of 2 for one class .5 where the same rows written twice give .75.
# Reason: true negatives are the number of rows minus sums of weights.
# Versions: imbalanced-learn 0.14.2, scikit-learn 1.9.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: nothing: accuracies count clips (xdc_tf/evaluation/classification.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  imbalanced-learn==0.14.2 scikit-learn==1.9.1 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from imblearn.metrics import specificity_score
from sklearn.metrics import recall_score

print('imbalanced-learn', importlib.metadata.version('imbalanced-learn'))
labels = np.array([0] * 8 + [1] * 4)
predictions = np.array([0] * 6 + [1] * 2 + [1] * 3 + [0])
found = {}
for weight in (1.0, 0.1, 2.0, 10.0):
  weights = np.full(12, weight)
  found[weight] = specificity_score(labels, predictions, sample_weight=weights)
  expected = recall_score(labels, predictions, pos_label=0, sample_weight=weights)
  print(f'all rows of weight {weight}: specificity {found[weight]:.3f}, by scikit-learn {expected:.3f}')
  assert abs(expected - 0.75) < 1e-9
assert found[1.0] == 0.75 and found[2.0] == 0 and found[10.0] > 1.7 and found[0.1] > 0.95
twice = np.where(labels == 1, 2, 1)
weighted = specificity_score(labels, predictions, sample_weight=twice)
repeated = specificity_score(np.repeat(labels, twice), np.repeat(predictions, twice))
print(f'weight 2 for class 1: {weighted:.3f}; its rows written twice: {repeated:.3f}')
assert repeated == 0.75 and weighted == 0.5
PYTHON_END
