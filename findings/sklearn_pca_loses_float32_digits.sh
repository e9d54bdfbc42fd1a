#!/usr/bin/env bash
# What surprises: for many float32 rows of few columns, scikit-learn's default PCA is far off when the columns have a large mean, because
#   the solver that it picks subtracts the mean from the covariance and not from the data. svd_solver='full' is right.
# Guessed before it was run: PCA centres the data first, so a mean does not matter; all solvers agree to 1 %.
# Seen: columns of deviations 0.1 to 0.8 around 0: the solvers agree. Around 100 the smallest variance is wrong by more than a quarter.
#   Around 1000 the largest is wrong by several times and some are 0. In float64 both agree everywhere.
# Versions: scikit-learn 1.9.1, scipy 1.17.1, numpy 1.26.4, Python 3.11.
# What xdc-tf does: its whitening sums the covariance in float64 (xdc_tf/clustering/preprocessing.py, fit_whitening); scikit-learn's PCA
#   is not used.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.11}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check scikit-learn==1.9.1 scipy==1.17.1 numpy==1.26.4
"$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import sklearn
from sklearn.decomposition import PCA

print(f'scikit-learn {sklearn.__version__}, numpy {np.__version__}')
noise = np.random.default_rng(0).normal(size=(2000, 8)) * np.arange(1, 9) / 10


def variances(mean, dtype, solver):
  """Returns the variances along the principal axes, as PCA explains them, and the solver that was used."""
  pca = PCA(svd_solver=solver).fit((noise + mean).astype(dtype))
  return pca.explained_variance_, pca._fit_svd_solver


true = np.linalg.eigvalsh(np.cov(noise.T))[::-1]
errors = {}
for dtype in (np.float64, np.float32):
  for mean in (0, 100, 1000):
    for solver in ('auto', 'full'):
      found, used = variances(mean, dtype, solver)
      errors[dtype, mean, solver] = np.abs(found / true - 1)
      print(f'{np.dtype(dtype).name} mean {mean:4} {solver:4} ({used}): {np.array2string(found, precision=3)}')
      assert used == ('covariance_eigh' if solver == 'auto' else 'full')

for mean in (0, 100, 1000):
  for solver in ('auto', 'full'):
    assert errors[np.float64, mean, solver].max() < 1e-3
  assert errors[np.float32, mean, 'full'].max() < 0.01
assert errors[np.float32, 0, 'auto'].max() < 0.01
assert errors[np.float32, 100, 'auto'][-1] > 0.25
assert errors[np.float32, 1000, 'auto'][0] > 1 and errors[np.float32, 1000, 'auto'][-1] > 0.9
PYTHON_END
