#!/usr/bin/env bash
# What surprises: faiss's whitening PCA (eigen_power -0.5, 'PCAW8' of the index factory) gives dimensions the deviation 1 / sqrt(n), n the
#   number of training vectors, not 1: its eigenvalues are sums of squares and not variances.
# Guessed before it was run: whitened data have the variance 1, as scikit-learn's have, whatever the size of the sample.
# Seen: .0447, .0224 and .0112 after training on 500, 2,000 and 8,000 vectors; scikit-learn has 1. Both whiten: all dimensions are equal.
#   Distances, thresholds and what regularises a layer on such features change with the sample.
# Versions: faiss-cpu 1.15.1 (1.9.0.post1 too), scikit-learn 1.9.1, numpy 2.4.6, Python 3.12.
# What xdc-tf does: a whitening of its own divides by the number of clips (xdc_tf/clustering/preprocessing.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check faiss-cpu==1.15.1 scikit-learn==1.9.1 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import faiss
import numpy as np
import sklearn
from sklearn.decomposition import PCA

print(f'faiss {faiss.__version__}, scikit-learn {sklearn.__version__}')
random = np.random.default_rng(0)
for count in (500, 2000, 8000):
  vectors = (random.normal(size=(count, 32)) * np.linspace(0.5, 3, 32)).astype(np.float32)
  pca = faiss.PCAMatrix(32, 8, -0.5)
  pca.train(vectors)
  ours, theirs = pca.apply(vectors).std(axis=0), PCA(8, whiten=True).fit_transform(vectors).std(axis=0)
  index = faiss.index_factory(32, 'PCAW8,Flat')
  index.train(vectors)
  chained = faiss.downcast_VectorTransform(index.chain.at(0)).apply(vectors).std(axis=0)
  print(f'{count}: faiss {ours[0]:.4f} to {ours[-1]:.4f}, index {chained[0]:.4f}, 1 / sqrt(n) {count**-0.5:.4f}; scikit-learn {theirs[0]:.4f}')
  np.testing.assert_allclose(ours, count**-0.5, rtol=1e-2)
  np.testing.assert_allclose(chained, count**-0.5, rtol=1e-2)
  np.testing.assert_allclose(theirs, 1, rtol=1e-2)
PYTHON_END
