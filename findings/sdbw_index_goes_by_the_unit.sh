#!/usr/bin/env bash
# What surprises: the index S_Dbw of the package s-dbw depends on the unit of the data, and so does the number of clusters that it prefers; in
#   a large unit every clustering is an error.
# Guessed before it was run: an index of ratios does not change when all data are multiplied by ten, as the paper's (Halkidi and
#   Vazirgiannis 2001) does not.
# Seen: for 2 to 7 clusters of four blobs it is least at 7 in hundredths and at 4 in the unit itself; in hundreds all six raise
#   ValueError. The formula gives 1.58, .28, .04, .19, .14, .16 in every unit. The radius of a cluster is the root of standard
#   deviations, where the paper has variances.
# Versions: s-dbw 0.4.0, scikit-learn 1.9.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: the number of clusters is a setting; clusters are judged against labels (xdc_tf/clustering/metrics.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check s-dbw==0.4.0 scikit-learn==1.9.0 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from s_dbw import S_Dbw
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs

print('s-dbw', importlib.metadata.version('s-dbw'))
rows, _ = make_blobs(600, centers=4, random_state=3)


def literal(rows, labels):
  """Halkidi and Vazirgiannis 2001, with variances."""
  names = np.unique(labels)
  centres = [rows[labels == name].mean(0) for name in names]
  spread = [np.linalg.norm(rows[labels == name].var(0)) for name in names]
  radius = np.sqrt(sum(spread)) / len(names)

  def density(i, j, at):
    both = rows[(labels == names[i]) | (labels == names[j])]
    return (np.linalg.norm(both - at, axis=1) <= radius).sum()

  between = [
    density(i, j, (centres[i] + centres[j]) / 2) / max(density(i, i, centres[i]), density(j, j, centres[j]))
    for i in range(len(names))
    for j in range(len(names))
    if i != j
  ]
  return np.mean(spread) / np.linalg.norm(rows.var(0)) + np.mean(between)


def index(rows, labels):
  try:
    return float(S_Dbw(rows, labels, method='Halkidi', nearest_centr=False))
  except ValueError:
    return np.nan


labels = {k: KMeans(k, n_init=5, random_state=0).fit_predict(rows) for k in range(2, 8)}
best, truth = {}, {}
for unit in (0.01, 1, 100):
  found = [index(unit * rows, labels[k]) for k in labels]
  truth[unit] = [literal(unit * rows, labels[k]) for k in labels]
  best[unit] = None if np.isnan(found).all() else 2 + int(np.nanargmin(found))
  print(f'unit {unit}: s_dbw {np.round(found, 2)}, formula {np.round(truth[unit], 2)}, best k {best[unit]}')

assert all(np.allclose(values, truth[1]) and np.argmin(values) == 2 for values in truth.values())
assert best == {0.01: 7, 1: 4, 100: None}
PYTHON_END
