"""A map of clips: their features seen along the two directions in which they vary most (PCA)."""

from collections.abc import Callable, Iterator

import numpy as np

Blocks = Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]]


def principal_plane(blocks: Blocks, clips: np.ndarray) -> tuple[np.ndarray, list[float]]:
  """Projects clips on the first two principal components of their features.

  The features pass by twice, in blocks: what is kept is a matrix of their dimension and two numbers a clip.

  Args:
    blocks: walks through the features: index int64 [n], features float [n, d], n of any size.
    clips: int64 [M], ascending: the clips to draw. Only these decide the components.

  Returns:
    float32 [M, 2], nan for a clip without features; and the shares of the variance that the two components hold.

  Raises:
    ValueError: when no clip has features.
  """
  count, total, products = 0, 0.0, 0.0
  for _, features in _chosen(blocks, clips):
    count += len(features)
    total = total + features.sum(axis=0)
    products = products + features.T @ features
  if not count:
    raise ValueError('None of the clips has features: there is no map to draw.')
  mean = np.asarray(total / count)
  covariance = products / count - np.outer(mean, mean)
  variances, directions = np.linalg.eigh(covariance)
  plane = np.zeros([len(mean), 2])  # Features of one number have no second direction.
  plane[:, : min(2, len(mean))] = directions[:, ::-1][:, :2]
  # A direction and its opposite are the same: the larger side is to the right and up, so that the map is always the same.
  plane *= np.where(plane[np.argmax(np.abs(plane), axis=0), [0, 1]] < 0, -1.0, 1.0)
  places = np.full([len(clips), 2], np.nan, np.float32)
  for positions, features in _chosen(blocks, clips):
    places[positions] = (features - mean) @ plane
  shares = np.maximum(variances[::-1][:2], 0) / max(variances.sum(), 1e-12)
  return places, [*shares.tolist(), 0.0][:2]


def _chosen(blocks: Blocks, clips: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
  """Yields the positions in `clips` and the features (float64) of the blocks' clips that are wanted."""
  for index, features in blocks():
    positions = np.searchsorted(clips, index)
    wanted = (positions < len(clips)) & (clips[np.minimum(positions, len(clips) - 1)] == index)
    if wanted.any():
      yield positions[wanted], np.asarray(features, np.float64)[wanted]
