#!/usr/bin/env bash
# What surprises: mlxtend's PrincipalComponentAnalysis finds its axes about the mean, and then projects without taking the mean off: what
#   comes out has the mean of the data, in rotated axes, with `whitening` too. Distances stay; cosines, lengths and k-means started at 0 do not.
# Guessed before it was run: coordinates about the mean, as scikit-learn's PCA has them up to signs: the axes and their variances are equal.
# Seen: for points about (3, 5, 8) the three components have means of up to 8.1 and scikit-learn's 0; after `fit` on the same data the eigenvalues
#   agree to 1e-12, and each column differs from scikit-learn's by one number. With whitening the deviations are 1, and the means up to 16.8.
# Versions: mlxtend 0.25.0, scikit-learn 1.9.1, numpy 2.4.6, Python 3.12.
# What xdc-tf does: its own whitening takes the mean off first (xdc_tf/clustering/preprocessing.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check mlxtend==0.25.0 scikit-learn==1.9.1 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import mlxtend
import numpy as np
import sklearn
from mlxtend.feature_extraction import PrincipalComponentAnalysis
from sklearn.decomposition import PCA

print(f'mlxtend {mlxtend.__version__}, scikit-learn {sklearn.__version__}, numpy {np.__version__}')
points = np.random.default_rng(0).normal([3.0, 5.0, 8.0], [2.0, 1.0, 0.5], (200, 3))
for whitening in (False, True):
  ours = PrincipalComponentAnalysis(n_components=3, whitening=whitening).fit(points)
  reference = PCA(3, whiten=whitening).fit(points)
  np.testing.assert_allclose(ours.e_vals_, reference.explained_variance_, rtol=1e-12)
  found, expected = ours.transform(points), reference.transform(points)
  found *= np.sign((found - found.mean(axis=0)) * expected).mean(axis=0).round()  # An axis may point to either side.
  print(f'whitening {whitening}: means {found.mean(axis=0).round(2)}, scikit-learn {np.abs(expected.mean(axis=0)).max():.0e}')
  if whitening:
    np.testing.assert_allclose(found.std(axis=0, ddof=1), 1)
  np.testing.assert_allclose(found - found.mean(axis=0), expected, atol=1e-9)
  assert np.abs(found.mean(axis=0)).max() > 5 and np.abs(expected.mean(axis=0)).max() < 1e-12
PYTHON_END
