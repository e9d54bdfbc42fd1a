"""New places for empty clusters: each takes half of the largest cluster, as in faiss."""

import numpy as np

# How far the halves move, as a share of the cluster's standard deviation per dimension. Small, so that they take no clips from
# others; the plane between them passes through the old centroid whatever the length.
_STEP = 0.1
# Below this share of the squared length of its centroid a cluster's variance is rounding noise: its clips are copies of each
# other (silence, black frames) and cannot be split.
_SMALLEST_VARIANCE_SHARE = 1e-6


def split_largest(
  centroids: np.ndarray, counts: np.ndarray, variances: np.ndarray, seed: int, pass_number: int
) -> tuple[np.ndarray, int]:
  """Re-seeds empty clusters from the statistics of a pass, without reading any features.

  Each empty cluster, in ascending order, takes half of the cluster that is the largest at that moment among those that can be
  split: the two become its centroid plus and minus a random vector of its spread, a function of (seed, pass_number).

  Args:
    centroids: float64 [k, d].
    counts: [k], clips of each cluster; 0 means empty.
    variances: float64 [k], mean squared distance of a cluster's clips to its centroid.
    seed: the seed of the clustering.
    pass_number: the number of the pass that found the clusters empty.

  Returns:
    centroids float64 [k, d]; how many clusters were re-seeded.
  """
  empty = np.flatnonzero(counts == 0)
  centroids, variances = centroids.copy(), variances.copy()
  if not len(empty):
    return centroids, 0
  random = np.random.default_rng([seed, pass_number])
  dimension = centroids.shape[1]
  splittable = variances > _SMALLEST_VARIANCE_SHARE * np.square(centroids).sum(axis=1)
  sizes = np.where(splittable, counts, 0).astype(np.float64)
  num_reseeded = 0
  for cluster in empty:
    largest = int(sizes.argmax())
    if sizes[largest] < 2:
      break
    step = _STEP * np.sqrt(variances[largest] / dimension) * random.standard_normal(dimension)
    centroids[cluster] = centroids[largest] - step
    centroids[largest] += step
    sizes[largest] /= 2
    sizes[cluster], variances[cluster] = sizes[largest], variances[largest]
    num_reseeded += 1
  return centroids, num_reseeded
