#!/usr/bin/env bash
# What surprises: pynndescent's distance true_angular is 1 for the same direction, .51 at 89 degrees and 3.4e38 at 91.
# Guessed before it was run: 0 for the same direction and growing with the angle, as its docstring also says.
# Seen: the distances of neighbours fall from the nearest on; DBSCAN on its graph is at chance (Rand index 0, by cosine 1), k-means behind
# UMAP at .65 (by cosine 1).
# Reason: it returns 1 - angle / pi, a similarity (distances.py).
# Versions: pynndescent 0.7.0, umap-learn 0.5.12, scikit-learn 1.9.1, numba 0.68.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: cosine similarity by products (nearest in xdc_tf/library/encoders.py), held against brute force in its tests.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pynndescent==0.7.0 umap-learn==0.5.12 scikit-learn==1.9.1 numba==0.68.1 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import warnings

import numpy as np

warnings.filterwarnings('ignore')
import umap
from pynndescent import NNDescent, PyNNDescentTransformer
from pynndescent.distances import true_angular
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import adjusted_rand_score

print([line.strip() for line in true_angular.__doc__.splitlines() if 'Returns' in line])
a = np.array([1, 0], np.float32)
for degrees in (0, 30, 60, 89, 91, 180):
  b = np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))], np.float32)
  print(f'{degrees} degrees: {true_angular(a, b):.4g}')
assert true_angular(a, a) == 1 and true_angular(a, -a) > 1e38
random, classes = np.random.default_rng(0), np.repeat(np.arange(4), 60)
rows = (np.abs(random.normal(size=(4, 20)))[classes] + 0.15 * random.normal(size=(240, 20))).astype(np.float32)
distances = NNDescent(rows, metric='true_angular', n_neighbors=10, random_state=0).neighbor_graph[1]
print('distances of the neighbours of row 0, nearest first:', distances[0].round(3))
assert (np.diff(distances[:, 1:], axis=1) <= 0).all()
graph = PyNNDescentTransformer(n_neighbors=15, metric='true_angular', random_state=0).fit_transform(rows)
by_angle = [DBSCAN(eps=eps, min_samples=5, metric='precomputed').fit_predict(graph) for eps in (0.02, 0.05, 0.1, 0.2, 0.4)]
by_cosine = DBSCAN(eps=0.1, min_samples=5, metric='cosine').fit_predict(rows)
found, right = max(adjusted_rand_score(classes, p) for p in by_angle), adjusted_rand_score(classes, by_cosine)
print(f'Rand index of DBSCAN: {right:.2f} by cosine, {found:.2f} by these distances, whatever the radius')
placed = {m: umap.UMAP(metric=m, n_neighbors=10, random_state=0).fit_transform(rows) for m in ('cosine', 'true_angular')}
scores = {m: adjusted_rand_score(classes, KMeans(4, n_init=5, random_state=0).fit_predict(p)) for m, p in placed.items()}
print('of k-means behind UMAP:', scores)
assert right > 0.9 and found < 0.1 and scores['cosine'] > 0.9 and scores['true_angular'] < 0.8
PYTHON_END
