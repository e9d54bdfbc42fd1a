#!/usr/bin/env bash
# What surprises: with `sample_weight`, the numeric centroids of KPrototypes (kmodes) are the mean of no rows, and one weight for all rows
#   changes the clusters.
# Guessed before it was run: equal weights change nothing; a centroid is the weighted mean of its rows.
# Seen: two groups around 0 and 5 have centroids 5.03 and .13 without weights or with 1; with weights of 10, 8.16 where the mean is 5.41, and
#   a tenth of the rows in the wrong group.
# Reason: when a row changes its cluster, the sums move by its weight and the clusters' weights by 1.
# Versions: kmodes 0.12.2, numpy 2.4.6, scikit-learn 1.9.1, scipy 1.18.1, Python 3.12.
# What xdc-tf does: its k-means has no weights; a pass is tested against brute force (tests/clustering/test_kmeans.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  kmodes==0.12.2 numpy==2.4.6 scikit-learn==1.9.1 scipy==1.18.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from kmodes.kprototypes import KPrototypes

print('kmodes', importlib.metadata.version('kmodes'))
random = np.random.default_rng(0)
numbers = np.r_[random.normal(0, 1, 50), random.normal(5, 1, 50)]
names = np.r_[random.choice(['a', 'b'], 50, p=[0.7, 0.3]), random.choice(['a', 'b'], 50, p=[0.3, 0.7])]
rows = np.column_stack([numbers.astype(object), names])
for weight in (None, 1.0, 10.0, 0.1):
  model = KPrototypes(2, random_state=0, n_init=1)
  model.fit(rows, categorical=[1], sample_weight=None if weight is None else [weight] * 100)
  centroids = model.cluster_centroids_[:, 0].astype(float)
  means = np.array([numbers[model.labels_ == cluster].mean() for cluster in (0, 1)])
  right = np.mean((model.labels_ == model.labels_[0]) == (np.arange(100) < 50))
  right = max(right, 1 - right)
  print(f'weight {weight}: centroids {centroids.round(2)}, means of their rows {means.round(2)}, rightly grouped {right:.2f}')
  is_unchanged = weight in (None, 1.0)
  assert np.allclose(centroids, means) == is_unchanged and (right == 1) == is_unchanged
PYTHON_END
