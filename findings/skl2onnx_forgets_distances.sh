#!/usr/bin/env bash
# What surprises: In ONNX nearest neighbours with weights='distance' all weigh the same, a binary discriminant analysis squares the odds, and the
#   maximum norm of negative rows turns their signs.
# Guessed before it was run: numbers agree to float32.
# Seen: an accuracy of .54 on the rows themselves in place of 1, the numbers of weights='uniform'; p of .011 for .095; [8, 4, 2, 1] for [-1, -.5,
#   -.25, -.125]; 73 % of the labels of a decision tree that was fitted with NaN.
# Reason: distances that are positive are turned negative and cut to 1e-6; a softmax of -d and d; no absolute value; which way missing values go
#   is not read.
# Versions: skl2onnx 1.20.0, scikit-learn 1.9.1, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: models are served as SavedModels, compared with the encoder that was exported (xdc_tf/serving/checks.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check skl2onnx==1.20.0 scikit-learn==1.9.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.5.5 scipy==1.16.3
"$tmp/venv/bin/python" - <<'PYTHON_END'
import warnings

import numpy as np
import onnxruntime
import skl2onnx
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import Normalizer
from sklearn.tree import DecisionTreeClassifier

warnings.simplefilter('ignore')
print('skl2onnx', skl2onnx.__version__, 'onnxruntime', onnxruntime.__version__)
random = np.random.default_rng(0)
rows, test = (random.normal(size=(n, 4)).astype(np.float32) for n in (300, 200))
value, labels, two = 10.0 * rows[:, 0], random.integers(0, 3, 300), (rows[:, 0] + random.normal(size=300) > 0) + 0


def in_onnx(model, inputs, output=0):
  options = {id(model): {'zipmap': False}} if hasattr(model, 'predict_proba') else None
  session = onnxruntime.InferenceSession(skl2onnx.to_onnx(model, rows[:1], options=options).SerializeToString())
  return np.squeeze(session.run(None, {'X': inputs})[output])


near = KNeighborsClassifier(5, weights='distance').fit(rows, labels)
accuracy = np.mean(in_onnx(near, rows) == labels)
print(f'neighbours by distance, accuracy on their own rows: {near.score(rows, labels)}, in ONNX {accuracy:.2f}')
assert near.score(rows, labels) == 1 and accuracy < 0.7
weighted, uniform = (KNeighborsRegressor(5, weights=way).fit(rows, value).predict(test) for way in ('distance', 'uniform'))
found = in_onnx(KNeighborsRegressor(5, weights='distance').fit(rows, value), test)
print(f'regression by distance: {abs(found - weighted).max():.2f} from it, {abs(found - uniform).max():.1e} from uniform weights')
assert np.allclose(found, uniform, atol=1e-3) and abs(found - weighted).max() > 1

analysis = LinearDiscriminantAnalysis().fit(rows, two)
score, expected, found = analysis.decision_function(test), analysis.predict_proba(test)[:, 1], in_onnx(analysis, test, 1)[:, 1]
print(f'discriminant analysis: p {expected[:4].round(3)}, in ONNX {found[:4].round(3)}')
assert np.allclose(expected, 1 / (1 + np.exp(-score)), atol=1e-4) and np.allclose(found, 1 / (1 + np.exp(-2 * score)), atol=1e-4)

norm, row = Normalizer('max').fit(rows), np.array([[-8, -4, -2, -1]], np.float32)
print(f'{row[0]} by the maximum: {norm.transform(row)[0]}, in ONNX {in_onnx(norm, row)}')
assert in_onnx(norm, row).tolist() == [8, 4, 2, 1] and norm.transform(row)[0].tolist() == [-1, -0.5, -0.25, -0.125]

missing = np.where(random.random(rows.shape) < 0.3, np.nan, rows).astype(np.float32)
tree = DecisionTreeClassifier(max_depth=4, random_state=0).fit(missing, two)
agree = np.mean(in_onnx(tree, missing) == tree.predict(missing))
print(f'a decision tree with missing values: {agree:.1%} of the labels agree')
assert agree < 0.85
PYTHON_END
