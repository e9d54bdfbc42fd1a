#!/usr/bin/env bash
# What surprises: the rows that imbalanced-learn's SMOTE makes of uint8 or uint16 lie anywhere, not between two rows of the class: a difference
#   below zero wraps around in the rows' own type. The result has that type again, so nothing tells.
# Guessed before it was run: a made row lies between two of its class, whatever the type; whole numbers are rounded.
# Seen: of a class with values from 100 to 150 the made ones go from 100 to 150 in float32 and int16 (there they are cut, not rounded: the
#   mean falls by .5), from 0 to 255 in uint8, 40 % of them outside, and up to 65,029 in uint16, 48 % outside.
# Versions: imbalanced-learn 0.14.2, scikit-learn 1.9.1, numpy 2.4.6, Python 3.12.
# What xdc-tf does: nothing is made up for rare classes; features and pictures that are compared are floats (xdc_tf/evaluation/linear_svm.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check imbalanced-learn==0.14.2 scikit-learn==1.9.1 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import imblearn
import numpy as np
from imblearn.over_sampling import SMOTE

print(f'imbalanced-learn {imblearn.__version__}')
generator = np.random.default_rng(0)
common, rare = generator.integers(0, 256, (300, 8)), generator.integers(100, 151, (40, 8))
rows, classes = np.concatenate([common, rare]), np.repeat([0, 1], [300, 40])
for kind in ('float32', 'int16', 'uint8', 'uint16'):
  made = SMOTE(random_state=0).fit_resample(rows.astype(kind), classes)[0][len(rows) :]
  outside = ((made < 100) | (made > 150)).mean()
  print(
    f'{made.dtype}: {len(made)} made rows from {made.min():g} to {made.max():g}, {outside:.0%} outside 100 to 150, '
    f'mean {made.mean(dtype=float):.2f}'
  )
  assert made.dtype == kind and len(made) == 260
  assert outside > 0.3 if kind.startswith('u') else outside == 0
PYTHON_END
