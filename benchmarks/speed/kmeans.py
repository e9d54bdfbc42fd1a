"""k-means, 100,000 clips x 512, k = 256, 10 passes from the same start, against faiss and scikit-learn.

Ours is `kmeans.fit` as the outer loop calls it: it opens the float16 feature store on disk (in the page cache by then),
normalises, clusters and writes its state after every pass. The peers are given the normalised float32 array in memory. Two
rows without a limit tell what it would cost to read and prepare in every pass.
"""

import functools
import tempfile
from typing import Any

import faiss
import numpy as np
import tensorflow as tf
import threadpoolctl
from sklearn.cluster import KMeans

from benchmarks.speed import clustering_cases, comparison
from xdc_tf.clustering import kmeans
from xdc_tf.clustering.feature_source import FeatureSource
from xdc_tf.clustering.feature_store import FeatureStore

NUM_CLIPS = 100_000
NUM_CLUSTERS = 256
NUM_PASSES = 10
LIMIT = 0.65
# How far the final inertias may lie apart.
TOLERANCE = 1e-3


def main() -> None:
  """Measures and reports."""
  arguments = comparison.parser('kmeans', __doc__).parse_args()
  tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
  rows = []
  with threadpoolctl.threadpool_limits(arguments.threads):  # of the peers; TensorFlow has a pool of its own
    for name, features in (('encoder-like', clustering_cases.encoder_like), ('noise', clustering_cases.noise)):
      with tempfile.TemporaryDirectory() as folder:
        rows += measure(name, features(NUM_CLIPS, 0), folder, arguments.repeats)
  comparison.report(rows, arguments.output, arguments.threads, ('faiss-cpu', 'scikit-learn'))


def measure(name: str, features: np.ndarray, folder: str, repeats: int) -> list[dict]:
  """Measures all rows of one kind of features, float16 [n, 512]; `folder` is for the feature store.

  Raises:
    ValueError: when the peers do not come to the same inertia.
  """
  source = clustering_cases.write_store(f'{folder}/features', features)
  array = np.concatenate([block for _, block in source.blocks(8192)])
  start = array[np.random.default_rng(1).choice(len(array), NUM_CLUSTERS, replace=False)]
  ours = functools.partial(fit_store, f'{folder}/features', start)
  peers = {
    'scikit-learn': functools.partial(fit_scikit_learn, array, start),
    'faiss': functools.partial(fit_faiss, array, start),
  }
  expected = inertia(array, ours())
  for peer, theirs in peers.items():
    reached = inertia(array, theirs())
    print(f'{name}: inertia {expected:.8g}, {peer} {reached:.8g}', flush=True)
    if abs(reached - expected) > TOLERANCE * expected:
      raise ValueError(f'{peer} comes to the inertia {reached} where ours comes to {expected}: not the same work.')
  what = f'k-means {len(array):,} x {array.shape[1]} {name}, k = {NUM_CLUSTERS}, {NUM_PASSES} passes'
  comparisons = [comparison.Comparison(what, peer, ours, theirs, LIMIT) for peer, theirs in peers.items()]
  comparisons += [
    comparison.Comparison(what, 'ours, read in every pass', ours, functools.partial(ours, memory=0), None)
  ]
  rows = []
  for each in comparisons:
    rows.append(comparison.measure(each, repeats, warmups=0))  # each has run already, to be checked
    print(f'{each.peer}: ratio {rows[-1]["ratio"]:.3f}', flush=True)
  return rows


def fit_store(directory: str, start: np.ndarray, **options: Any) -> np.ndarray:
  """Clusters a feature store as the outer loop does; returns the centroids."""
  source = FeatureSource([FeatureStore(directory, 'train')])
  settings = kmeans.KMeansOptions(num_passes=NUM_PASSES, tolerance=-1.0, **options)
  with tempfile.TemporaryDirectory() as state_dir:
    return kmeans.fit(source, len(start), settings, 0, tf.distribute.get_strategy(), state_dir, start).centroids


def fit_scikit_learn(array: np.ndarray, start: np.ndarray) -> np.ndarray:
  """Clusters a float32 array [n, d] by Lloyd's algorithm; returns the centroids."""
  peer = KMeans(len(start), init=start, n_init=1, max_iter=NUM_PASSES, tol=0, algorithm='lloyd')
  return peer.fit(array).cluster_centers_


def fit_faiss(array: np.ndarray, start: np.ndarray) -> np.ndarray:
  """Clusters a float32 array [n, d]; returns the centroids."""
  peer = faiss.Kmeans(array.shape[1], len(start), niter=NUM_PASSES, max_points_per_centroid=len(array))
  peer.train(array, init_centroids=start)
  return peer.centroids


def inertia(array: np.ndarray, centroids: np.ndarray) -> float:
  """The sum of the squared distances of an array [n, d] to the nearest of the centroids [k, d]."""
  norms = np.einsum('nd,nd->n', array, array, dtype=np.float64)
  closest = (np.square(centroids).sum(axis=1) - 2 * (array @ centroids.T)).min(axis=1)
  return float((norms + closest).sum())


if __name__ == '__main__':
  main()
