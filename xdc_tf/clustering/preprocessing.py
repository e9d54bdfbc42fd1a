"""What happens to stored features before they are clustered: float32, l2 normalisation, concatenation, whitening."""

import dataclasses

import numpy as np
import tensorflow as tf

from xdc_tf.clustering import block_passes

# Directions with less than this share of the largest variance are noise; full whitening would blow them up to unit variance.
_SMALLEST_VARIANCE_SHARE = 1e-6
# Below this share of the features' mean squared length their largest variance is rounding: all clips look alike.
_ROUNDING_SHARE = 1e-9


@dataclasses.dataclass(frozen=True)
class Projection:
  """A whitening PCA: y = (x - mean) @ matrix, with mean float32 [d] and matrix float32 [d, components]."""

  mean: np.ndarray
  matrix: np.ndarray


def prepare(parts: tuple[tf.Tensor, ...], l2_normalize: bool, projection: Projection | None) -> tf.Tensor:
  """Turns stored features into what is clustered, in the graph.

  Args:
    parts: one float16 [n, d_i] tensor for each store.
    l2_normalize: divide each part by its length before they are concatenated (Section 3.2, CDC). A zero vector stays zero.
    projection: applied last.

  Returns:
    float32 [n, d], d the sum of d_i or the projection's number of components.
  """
  prepared = [tf.cast(part, tf.float32) for part in parts]
  if l2_normalize:
    prepared = [tf.math.l2_normalize(part, axis=1) for part in prepared]
  features = tf.concat(prepared, axis=1) if len(prepared) > 1 else prepared[0]
  if projection is not None:
    features = tf.matmul(features - projection.mean, projection.matrix)
  return features


def check_components(num_components: int, dimension: int, num_clips: int) -> None:
  """Raises ValueError where so many clips of so many dimensions have no such PCA."""
  most = max(0, min(dimension, num_clips - 1))
  if not 0 < num_components <= most:
    raise ValueError(
      f'pca_components = {num_components}, but {num_clips} clips of {dimension} dimensions allow 1 to {most}: choose fewer '
      'components, or 0 for no PCA.'
    )


def fit_whitening(source, num_components: int, block_size: int, strategy: tf.distribute.Strategy) -> Projection:
  """Fits a whitening PCA in one pass; the covariance is summed in float64.

  Args:
    source: a FeatureSource; a projection it already has is left aside.
    num_components: how many directions of largest variance are kept.
    block_size: clips of one replica at a time.
    strategy: the pass is shared by its replicas.

  Returns:
    The projection. Signs are fixed (the largest entry of every direction is positive), so equal data give equal results. Features
    that are all alike stay so: they become zeros.

  Raises:
    ValueError: when there are fewer dimensions or clips than components.
  """
  source = source.with_projection(None)
  dimension = source.dimension
  check_components(num_components, dimension, source.num_clips)

  def moments(prepared, count):
    features = tf.cast(prepared[0], tf.float64)
    features = tf.where(tf.range(features.shape[0])[:, None] < count, features, 0.0)
    return tf.concat(
      [tf.matmul(features, features, transpose_a=True), tf.reduce_sum(features, 0, keepdims=True)], axis=0
    )

  blocks = block_passes.PreparedRounds(source, block_size, strategy, lambda features: (features,))
  totals = block_passes.BlockSum(blocks, moments, (dimension + 1, dimension))()
  mean = totals[-1] / source.num_clips
  covariance = totals[:-1] / source.num_clips - np.outer(mean, mean)
  variances, directions = np.linalg.eigh(covariance)
  variances, directions = variances[::-1][:num_components], directions[:, ::-1][:, :num_components]
  largest_entries = directions[np.abs(directions).argmax(axis=0), np.arange(num_components)]
  directions = directions * np.sign(largest_entries)
  if variances[0] > _ROUNDING_SHARE * np.trace(totals[:-1]) / source.num_clips:
    matrix = directions / np.sqrt(np.maximum(variances, _SMALLEST_VARIANCE_SHARE * variances[0]))
  else:
    matrix = np.zeros_like(directions)
  return Projection(mean.astype(np.float32), matrix.astype(np.float32))
