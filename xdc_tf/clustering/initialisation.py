"""Where k-means starts: greedy k-means++ on a sample (Arthur and Vassilvitskii, SODA 2007)."""

import numpy as np

from xdc_tf import progress

_READ_SIZE = 8192


def strided_sample(source, size: int) -> np.ndarray:
  """Reads `size` clips at equal distances through the whole source, a block at a time.

  Args:
    source: a FeatureSource.
    size: how many clips, at most source.num_clips; the sample is all that is held in memory.

  Returns:
    float32 [size, d], as they are clustered.
  """
  rows = np.arange(size, dtype=np.int64) * source.num_clips // size
  sample = np.empty((size, source.dimension), np.float32)
  for first in range(0, size, _READ_SIZE):
    some = rows[first : first + _READ_SIZE]
    sample[first : first + len(some)] = source.prepare(source.read(some, len(some))).numpy()
  return sample


def kmeans_plus_plus(sample: np.ndarray, num_clusters: int, seed: int) -> np.ndarray:
  """Chooses centroids among the sample, far from each other: each next one with a chance proportional to its squared distance.

  Of 2 + ln(k) candidates the one that lowers the inertia of the sample most is taken, as scikit-learn does.

  Args:
    sample: float32 [m, d], m >= k.
    num_clusters: k.
    seed: equal seeds give equal centroids.

  Returns:
    float32 [k, d].
  """
  if len(sample) < num_clusters:
    raise ValueError(
      f'k-means++ needs at least one clip for each of the {num_clusters} clusters. Received: {len(sample)}.'
    )
  random = np.random.default_rng(seed)
  num_candidates = 2 + int(np.log(num_clusters))
  norms = np.einsum('md,md->m', sample, sample)
  chosen = [int(random.integers(len(sample)))]
  closest = _squared_distances(sample, norms, chosen)[0]
  choices = range(1, num_clusters)
  for _ in progress.bar(choices, description=f'k-means++ k={num_clusters}', unit='centroid', delay=5):
    cumulative = np.cumsum(closest, dtype=np.float64)
    # searchsorted 'right' never picks a clip with distance 0, except when all have: then there is nothing left to choose from.
    candidates = np.searchsorted(cumulative, random.random(num_candidates) * cumulative[-1], side='right')
    candidates = np.minimum(candidates, len(sample) - 1)
    distances = np.minimum(closest, _squared_distances(sample, norms, candidates))
    best = int(distances.sum(axis=1, dtype=np.float64).argmin())
    chosen.append(int(candidates[best]))
    closest = distances[best]
  return sample[chosen]


def _squared_distances(sample: np.ndarray, norms: np.ndarray, rows: np.ndarray | list[int]) -> np.ndarray:
  """float32 [len(rows), m]: from some rows of the sample to all of it; a row is at 0 from itself in spite of rounding."""
  distances = norms[rows][:, None] + norms - 2 * (sample[rows] @ sample.T)
  distances[np.arange(len(rows)), rows] = 0
  return np.maximum(distances, 0)
