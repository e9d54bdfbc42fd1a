#!/usr/bin/env bash
# What surprises: Contributions of a random forest of LightGBM add up to the prediction times the number of trees, in SHAP too.
# Guessed before it was run: they add up to the prediction, as of boosted trees.
# Seen: 4.146 and 21.287 with 20 and 100 trees where the predictions are .207 and .213; the expected value is as many times too large.
# Reason: predictions are divided by the number of trees, contributions are not.
# Versions: lightgbm 4.7.0, shap 0.54.1, numpy 2.4.6, scikit-learn 1.9.1, Python 3.12.
# What xdc-tf does: not used.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check lightgbm==4.7.0 shap==0.54.1 numpy==2.4.6 scikit-learn==1.9.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import warnings

import lightgbm
import numpy as np
import shap

warnings.simplefilter('ignore')
print(*(f'{name} {importlib.metadata.version(name)}' for name in ('lightgbm', 'shap')))
random = np.random.default_rng(0)
rows = random.normal(size=(2000, 4))
target = rows[:, 0] + random.normal(0, 0.5, 2000)
for kind, how in (('gbdt', {}), ('rf', {'bagging_freq': 1, 'bagging_fraction': 0.7})):
  for trees in (20, 100):
    model = lightgbm.LGBMRegressor(boosting_type=kind, n_estimators=trees, verbose=-1, n_jobs=1, **how).fit(rows, target)
    predicted, contributions = model.predict(rows), model.predict(rows, pred_contrib=True).sum(1)
    explainer = shap.TreeExplainer(model)
    by_shap = explainer.shap_values(rows[:50]).sum(1) + explainer.expected_value
    print(f'{kind}, {trees} trees: prediction {predicted[0]:.3f}, contributions add up to {contributions[0]:.3f}, those of SHAP {by_shap[0]:.3f}')
    assert np.allclose(contributions, predicted * (trees if kind == 'rf' else 1), atol=1e-6)
    assert np.allclose(by_shap, contributions[:50], atol=1e-3)
PYTHON_END
