#!/usr/bin/env bash
# What surprises: clusim's `purity_index` of ten pure clusters of two classes is .2, in either order of the arguments; its `pearson_correlation`
#   of a clustering with itself is .0000015.
# Guessed before it was run: purity 1, as every cluster holds one class; a correlation of 1, as documented between -1 and 1.
# Seen: .2 both ways; 1.5e-6, and 9e-7 where NumPy's correlation of the pairs is .627.
# Reason: the clustering with fewer clusters is taken for the one that is measured; the denominator lacks its square root.
# Versions: clusim 0.4, numpy 2.4.6, scipy 1.18.1, Python 3.12.
# What xdc-tf does: nothing: purity is of the clusters (xdc_tf/clustering/metrics.py), tested against a literal count.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check clusim==0.4 scipy==1.18.1 numpy==2.4.6
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from clusim import sim
from clusim.clustering import Clustering

print('clusim', importlib.metadata.version('clusim'))


def clustering(labels):
  return Clustering().from_membership_list([int(label) for label in labels])


classes, clusters = np.repeat([0, 1], 50), np.arange(100) // 10
counted = sum(np.bincount(classes[clusters == number]).max() for number in range(10)) / 100
found = [sim.purity_index(*map(clustering, pair)) for pair in ((clusters, classes), (classes, clusters))]
print(f'ten pure clusters of two classes: purity {found}, counted {counted}')
assert counted == 1 and np.allclose(found, 0.2)

random = np.random.default_rng(0)
first = random.integers(0, 3, 60)
second = np.where(random.random(60) < 0.3, random.integers(0, 3, 60), first)
pairs = np.triu_indices(60, 1)
for other in (first, second):
  expected = np.corrcoef(*((labels[:, None] == labels)[pairs] for labels in (first, other)))[0, 1]
  found = sim.pearson_correlation(clustering(first), clustering(other))
  print(f'correlation of pairs {found:.2g}, by NumPy {expected:.3f}')
  assert expected > 0.5 and abs(found) < 1e-4
PYTHON_END
