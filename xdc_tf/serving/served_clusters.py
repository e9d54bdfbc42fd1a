"""The clusters that an exported model knows: which ones an embedding is closest to, and how far from their centroids it lies."""

import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf

# How many clusters an answer lists, the closest first; all of them where there are fewer.
NUM_NEAREST = 5


@dataclasses.dataclass(frozen=True)
class ServedClusters:
  """A clustering of one encoder's features, as plain arrays.

  Attributes:
    centroids: float32 [k, d].
    l2_normalize: whether features are divided by their length first.
    projection: None, or an object with `mean` float32 [feature_dimension] and `matrix` float32 [feature_dimension, d]
      that whitens features before they are compared.
  """

  centroids: np.ndarray
  l2_normalize: bool = True
  projection: Any = None

  def check(self, feature_dimension: int) -> None:
    """Raises ValueError when the arrays do not fit embeddings of this length."""
    dimension = feature_dimension if self.projection is None else np.shape(self.projection.matrix)[-1]
    wanted: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
      'centroids': (np.shape(self.centroids), (len(self.centroids), dimension))
    }
    if self.projection is not None:
      wanted['projection.mean'] = (np.shape(self.projection.mean), (feature_dimension,))
      wanted['projection.matrix'] = (np.shape(self.projection.matrix), (feature_dimension, dimension))
    for name, (found, expected) in wanted.items():
      if found != expected or 0 in found:
        raise ValueError(
          f'{name} has shape {found}, expected {expected} for embeddings of {feature_dimension} numbers. The clustering '
          'probably belongs to another encoder, or to several joined (CDC): export without clusters then.'
        )

  def nearest(self, embedding: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Finds the closest centroids.

    Args:
      embedding: float32 [B, feature_dimension].

    Returns:
      clusters int32 [B, n] and squared_distances float32 [B, n], the closest first (the lowest number among equals);
      n is NUM_NEAREST, or k where that is less.
    """
    # Features are stored as float16 before they are clustered: rounding alike gives a clip its own pseudo-label.
    features = tf.cast(tf.cast(embedding, tf.float16), tf.float32)
    if self.l2_normalize:
      features = tf.math.l2_normalize(features, axis=1)
    if self.projection is not None:
      mean, matrix = (tf.constant(x, tf.float32) for x in (self.projection.mean, self.projection.matrix))
      features = tf.matmul(features - mean, matrix)
    centroids = tf.constant(self.centroids, tf.float32)
    # -||x - c||^2 without ||x||^2, which is the same for all centroids.
    scores = 2.0 * tf.matmul(features, centroids, transpose_b=True) - tf.reduce_sum(tf.square(centroids), axis=1)
    clusters = tf.math.top_k(scores, k=min(NUM_NEAREST, len(self.centroids))).indices
    # From the differences: the scores lose their digits to cancellation in tight clusters.
    differences = tf.math.squared_difference(features[:, tf.newaxis], tf.gather(centroids, clusters))
    return clusters, tf.reduce_sum(differences, axis=2)
