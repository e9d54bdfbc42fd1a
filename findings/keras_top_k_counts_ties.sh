#!/usr/bin/env bash
# What surprises: a model that gives every class the same score has 100 % top-1 accuracy by Keras's top-k metrics, since every class that
#   ties with the k-th counts as found. Its plain accuracy, and scikit-learn's top-1, are chance.
# Guessed before it was run: ties go to the lower number, as in an argmax; k = 1 gives what plain accuracy gives.
# Seen: 10 classes, equal scores: SparseTopKCategoricalAccuracy and TopKCategoricalAccuracy 1.0 for k = 1 and 5 in Keras 2 and 3, plain
#   accuracy and scikit-learn 0.1 (k = 5: 0.5). Scores of NaN: top-k 0.0, plain accuracy 0.1. Scores that float16 has made equal
#   (sigmoids above 0.9998) count in the same way.
# Versions: keras 3.15.1, tf-keras 2.21.0, tensorflow 2.21.0, scikit-learn 1.9.1, Python 3.12.
# What xdc-tf does: ties count for the class with the lower number, and NaN raises (xdc_tf/evaluation/classification.py, measure).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  tensorflow==2.21.0 keras==3.15.1 tf-keras==2.21.0 scikit-learn==1.9.1 numpy==2.4.6
CUDA_VISIBLE_DEVICES='' TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import keras
import numpy as np
import sklearn
import tensorflow as tf
import tf_keras
from sklearn.metrics import top_k_accuracy_score

print(f'keras {keras.__version__}, tf_keras {tf_keras.__version__}, tensorflow {tf.__version__}, scikit-learn {sklearn.__version__}')
classes = 10
labels = np.arange(100) % classes
sigmoids = 1 / (1 + np.exp(-np.linspace(9, 10, classes)))
equal = np.full([len(labels), classes], 0.1, np.float32)
for name, scores in (
  ('equal', equal),
  ('NaN', np.full_like(equal, np.nan)),
  ('rounded', np.tile(sigmoids.astype(np.float16).astype(np.float32), [len(labels), 1])),
):
  for library in (tf_keras, keras):
    metrics = library.metrics
    found = []
    for metric, truth in (
      (metrics.SparseCategoricalAccuracy(), labels),
      (metrics.SparseTopKCategoricalAccuracy(k=1), labels),
      (metrics.SparseTopKCategoricalAccuracy(k=5), labels),
      (metrics.TopKCategoricalAccuracy(k=1), np.eye(classes)[labels]),
    ):
      metric.update_state(truth, scores)
      found.append(round(float(metric.result()), 3))
    print(f'{name:7} {library.__name__:8}: accuracy {found[0]}, sparse top-1 {found[1]}, sparse top-5 {found[2]}, top-1 {found[3]}')
    assert found[1:] == [0.0 if name == 'NaN' else 1.0] * 3
    assert found[0] == 0.1
by_sklearn = [top_k_accuracy_score(labels, equal, k=k) for k in (1, 5)]
print(f'equal   scikit-learn: top-1 {by_sklearn[0]}, top-5 {by_sklearn[1]}')
assert by_sklearn == [0.1, 0.5]
PYTHON_END
