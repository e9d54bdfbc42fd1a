"""The clusters that an exported model knows: which ones an embedding is closest to, and how far from their centroids it lies."""

import numpy as np
import tensorflow as tf

from xdc_tf.clustering.clusters import Clusters
from xdc_tf.clustering.preprocessing import prepare

# How many clusters an answer lists, the closest first; all of them where there are fewer.
NUM_NEAREST = 5


def check(clusters: Clusters, feature_dimension: int) -> None:
  """Raises ValueError when the arrays do not fit embeddings of this length."""
  dimension = feature_dimension if clusters.projection is None else np.shape(clusters.projection.matrix)[-1]
  wanted: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    'centroids': (np.shape(clusters.centroids), (len(clusters.centroids), dimension))
  }
  if clusters.projection is not None:
    wanted['projection.mean'] = (np.shape(clusters.projection.mean), (feature_dimension,))
    wanted['projection.matrix'] = (np.shape(clusters.projection.matrix), (feature_dimension, dimension))
  for name, (shape, expected) in wanted.items():
    if shape != expected or 0 in shape:
      raise ValueError(
        f'{name} has shape {shape}, expected {expected} for embeddings of {feature_dimension} numbers. The clustering '
        'probably belongs to another encoder, or to several joined (CDC): export without clusters then.'
      )


def nearest(clusters: Clusters, embedding: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
  """Finds the closest centroids.

  Args:
    clusters: the clusters of this encoder's features.
    embedding: float32 [B, feature_dimension].

  Returns:
    clusters int32 [B, n] and squared_distances float32 [B, n], the closest first (the lowest number among equals);
    n is NUM_NEAREST, or k where that is less.
  """
  # Features are stored as float16 before they are clustered: rounding alike gives a clip its own pseudo-label.
  features = prepare((tf.cast(embedding, tf.float16),), clusters.l2_normalize, clusters.projection)
  centroids = tf.constant(clusters.centroids, tf.float32)
  # -||x - c||^2 without ||x||^2, which is the same for all centroids.
  scores = 2.0 * tf.matmul(features, centroids, transpose_b=True) - tf.reduce_sum(tf.square(centroids), axis=1)
  closest = tf.math.top_k(scores, k=min(NUM_NEAREST, len(clusters.centroids))).indices
  # From the differences: the scores lose their digits to cancellation in tight clusters.
  differences = tf.math.squared_difference(features[:, tf.newaxis], tf.gather(centroids, closest))
  return closest, tf.reduce_sum(differences, axis=2)
