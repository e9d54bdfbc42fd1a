#!/usr/bin/env bash
# What surprises: A ranking has 1.13 of what scikit-uplift calls the perfect area under the uplift curve; the Qini coefficient of one model is .19, and
#   -5.94 when the labels are bytes.
# Guessed before it was run: nothing beats the perfect one; the type of labels of 0 and 1 does not matter.
# Seen: 1.134; .190 for int64, int8 and bool, -5.941 for uint8.
# Reason: the order that is called perfect is none where groups are uneven; a difference wraps to 255.
# Versions: scikit-uplift 0.5.1, scikit-learn 1.9.1, numpy 2.4.6, pandas 2.3.3, Python 3.12.
# What xdc-tf does: not used; labels are int32 (xdc_tf/records/label_table.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check scikit-uplift==0.5.1 numpy==2.4.6 scikit-learn==1.9.1 pandas==2.3.3
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import warnings

import numpy as np

warnings.simplefilter('ignore')
from sklift.metrics import qini_auc_score, uplift_auc_score

print('scikit-uplift', importlib.metadata.version('scikit-uplift'))
random = np.random.default_rng(0)
treated, x = random.integers(0, 2, 2000), random.normal(size=2000)
bought = (random.random(2000) < 1 / (1 + np.exp(0.5 - x * treated))).astype(int)
found = {kind: float(qini_auc_score(bought.astype(kind), x, treated.astype(kind))) for kind in ('int64', 'int8', 'bool', 'uint8')}
print('Qini coefficient by the type of the labels:', {kind: round(value, 3) for kind, value in found.items()})
assert 0.1 < found['int64'] == found['int8'] == found['bool'] and found['uint8'] < -1

treated = (random.random(2000) < 0.8).astype(int)
bought = (random.random(2000) < 0.9).astype(int)
share = uplift_auc_score(bought, bought * treated - bought * (1 - treated), treated)
print(f'share of the perfect area: {share:.3f}')
assert share > 1.05
PYTHON_END
