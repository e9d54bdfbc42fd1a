#!/usr/bin/env bash
# What surprises: fuzzy c-means of pyclustering ends at neither what its docstring's formulas nor what other libraries give; its Minkowski
#   distance of degree 1 between (1, 5) and (4, 2) is 0.
# Guessed before it was run: the fixed point of the two formulas, which scikit-fuzzy and fuzzy-c-means reach as well; 6.
# Seen, m = 3: centres at 0.39 and 2.40 in place of -0.08 and 2.88; a membership of .899 in place of .864. The same in C++ and Python. Degree 2 is
#   right, 1 and 3 are 0.
# Reason: the exponent is applied to squared distances, and the centres are weighed by w in place of w ** m; differences keep their signs.
# Versions: pyclustering 0.10.1.2, numpy 2.4.6, Python 3.12.
# What xdc-tf does: nothing: its k-means is tested against scikit-learn's (tests/clustering/test_kmeans.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pyclustering==0.10.1.2 numpy==2.4.6
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from pyclustering.cluster.fcm import fcm
from pyclustering.utils.metric import distance_metric, type_metric

print('pyclustering', importlib.metadata.version('pyclustering'))
random = np.random.default_rng(0)
points = np.vstack([random.normal(0, 1, (100, 2)), random.normal(0, 1, (100, 2)) + [3, 0]])
start = np.array([[0.1, 0.2], [2.5, 0.1]])


def by_the_formulas(centres, m):
  for _ in range(500):
    distances = np.linalg.norm(points[:, None] - centres, axis=2)
    weights = 1 / ((distances[:, :, None] / distances[:, None, :]) ** (2 / (m - 1))).sum(axis=2)
    centres = (weights**m).T @ points / (weights**m).sum(axis=0)[:, None]
  return weights, centres


for m in (2.0, 3.0):
  weights, centres = by_the_formulas(start, m)
  print(f'm = {m}, by the formulas: {centres.round(3).tolist()}, membership {weights[5].round(3)}')
  for in_c in (True, False):
    model = fcm(points.tolist(), start.tolist(), m=m, ccore=in_c, tolerance=1e-12, itermax=1000).process()
    found, membership = np.array(model.get_centers()), np.array(model.get_membership())[5]
    print(f'  {"C++" if in_c else "Python"}: {found.round(3).tolist()}, membership {membership.round(3)}')
    assert np.abs(found - centres).max() > 0.08
for degree in (1, 2, 3):
  found = distance_metric(type_metric.MINKOWSKI, degree=degree)([1.0, 5.0], [4.0, 2.0])
  expected = (2 * 3.0**degree) ** (1 / degree)
  print(f'Minkowski of degree {degree}: {found:.3f}, by definition {expected:.3f}')
  assert abs(found - expected) < 1e-9 if degree == 2 else found == 0
PYTHON_END
