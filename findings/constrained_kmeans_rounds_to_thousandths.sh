#!/usr/bin/env bash
# What surprises: k-means-constrained rounds all squared distances down to thousandths, so what it finds depends on the unit of the data.
# Guessed before it was run: k-means does not know the unit; clusters of data times 1e-4 are those of the data, as scikit-learn's are.
# Seen: three groups of 30 points, 3 apart and .1 wide, are found at any unit by scikit-learn (NMI 1). k-means-constrained finds them down to 1e-3,
#   and at 1e-4 labels them by chance: NMI .08 with size_min=1, below .9 with 30 points a cluster. The solver of its assignments takes whole
#   numbers, and 1000 times the squared distances are below 1 there.
# Versions: k-means-constrained 0.9.1, scikit-learn 1.9.1, numpy 2.3.5, Python 3.12.
# What xdc-tf does: not used; k-means works on float32 products of rows divided by their length (xdc_tf/clustering/kmeans.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check k-means-constrained==0.9.1 scikit-learn==1.9.1 numpy==2.3.5
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from k_means_constrained import KMeansConstrained
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score as nmi

print('k-means-constrained', importlib.metadata.version('k-means-constrained'), '- numpy', np.__version__)
random = np.random.default_rng(0)
points = np.concatenate([random.normal(center, 0.1, (30, 2)) for center in ([0, 0], [3, 0], [0, 3])])
true = np.repeat(range(3), 30)
for unit in (1, 1e-2, 1e-3, 1e-4, 1e-5):
  free = nmi(true, KMeansConstrained(3, size_min=1, random_state=0).fit_predict(points * unit))
  equal = nmi(true, KMeansConstrained(3, size_min=30, size_max=30, random_state=0).fit_predict(points * unit))
  peer = nmi(true, KMeans(3, n_init=10, random_state=0).fit_predict(points * unit))
  print(f'times {unit:g}: NMI {free:.2f} with at least 1 a cluster, {equal:.2f} with 30; scikit-learn {peer:.2f}')
  assert abs(peer - 1) < 1e-9
  assert (free < 0.3 and equal < 0.95) if unit < 1e-3 else (abs(free - 1) < 1e-9 and abs(equal - 1) < 1e-9)
PYTHON_END
