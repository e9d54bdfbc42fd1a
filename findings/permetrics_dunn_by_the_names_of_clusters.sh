#!/usr/bin/env bash
# What surprises: the default Dunn index of permetrics is another number when the same clusters are numbered in another way; its Xie-Beni
#   index takes rows for those of the nearest centre, not of the cluster that they were given.
# Guessed before it was run: numbers of the partition, whatever its clusters are called; Xie-Beni as the mean squared distance to a row's
#   own centre over the smallest one between centres.
# Seen: of three clusters 1.25 in three of the six numberings and 1.463 in the others (use_modified=False: 1.346 in all); Xie-Beni of
#   clusters with a third of the rows exchanged 18.95 in place of 22.77.
# Reason: the modified form measures from the points of the cluster with the higher number to the centre of the other one, and never back;
#   Xie-Beni takes the nearest centre of each row.
# Versions: permetrics 2.1.0, scikit-learn 1.9.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: nothing: purity and NMI do not depend on names (xdc_tf/clustering/metrics.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check permetrics==2.1.0 scikit-learn==1.9.1 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import itertools

import numpy as np
from permetrics import ClusteringMetric

print('permetrics', importlib.metadata.version('permetrics'))
points = np.array([[0, 0], [0, 8], [10, 4], [12, 4], [30, 4], [31, 4.0]])
indices = {True: set(), False: set()}
for names in itertools.permutations(range(3)):
  metric = ClusteringMetric(X=points, y_pred=np.repeat(names, 2))
  for modified, found in indices.items():
    found.add(round(metric.dunn_index(use_modified=modified), 3))
print('Dunn index over the six numberings:', indices[True], 'with use_modified=False:', indices[False])
assert indices[True] == {1.25, 1.463} and indices[False] == {1.346}

random = np.random.RandomState(0)
points = np.vstack([random.randn(50, 2), random.randn(50, 2) + [6, 0]])
clusters = np.repeat([0, 1], 50)
exchanged = np.where(random.rand(100) < 0.35, 1 - clusters, clusters)
for labels, equal in ((clusters, True), (exchanged, False)):
  centres = np.array([points[labels == number].mean(axis=0) for number in (0, 1)])
  expected = np.square(points - centres[labels]).sum(axis=1).mean() / np.square(centres[0] - centres[1]).sum()
  found = ClusteringMetric(X=points, y_pred=labels).xie_beni_index()
  print(f'Xie-Beni: {found:.3f}, by the formula {expected:.3f}')
  assert np.isclose(found, expected, rtol=0.01) == equal
PYTHON_END
