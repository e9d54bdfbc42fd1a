"""One pass of Lloyd's algorithm: every clip goes to the nearest centroid, and each cluster adds up its clips."""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from xdc_tf import compat
from xdc_tf.clustering.block_passes import BlockSum, PreparedRounds
from xdc_tf.clustering.clusters import lay_out, nearest_centroids, squared_distances

# Bytes of each replica for features that are kept.
DEFAULT_MEMORY = {'CPU': 1 << 29, 'GPU': 1 << 33}
# Below this share of the squared lengths, the squared distances lose too many digits when they are computed from sums.
_SMALLEST_SHARE = 0.02


@dataclasses.dataclass(frozen=True)
class PassTotals:
  """What a pass found.

  Attributes:
    sums: float64 [k, d], of the clips of each cluster.
    counts: float64 [k], of clips.
    squared_distances: float64 [k], the sum over the cluster's clips to the centroid that they were assigned to.
  """

  sums: np.ndarray
  counts: np.ndarray
  squared_distances: np.ndarray


class LloydPass:
  """Makes passes over a source, for any centroids."""

  def __init__(
    self,
    source,
    num_clusters: int,
    block_size: int,
    memory: int | None,
    strategy: tf.distribute.Strategy,
    xla: bool | None = None,
  ):
    """Prepares the passes.

    Args:
      source: a FeatureSource.
      num_clusters: k.
      block_size: clips of one replica at a time.
      memory: bytes of each replica; prepared features that fit are kept from pass to pass. None: DEFAULT_MEMORY of the devices.
      strategy: whose replicas share a pass.
      xla: see PreparedRounds; None: on GPUs.
    """
    on_gpus = bool(tf.config.list_logical_devices('GPU'))
    xla = on_gpus if xla is None else xla
    memory = DEFAULT_MEMORY['GPU' if on_gpus else 'CPU'] if memory is None else memory
    # While the blocks become one tensor there are two of everything.
    needed = 4 * source.num_clips * source.dimension * (2 if xla else 1)
    keep = needed <= memory * strategy.num_replicas_in_sync
    rounds = PreparedRounds(source, block_size, strategy, _with_squared_lengths, keep, xla)

    def sum_by_cluster(values, assignments):
      # By segment a GPU adds in any order, or, where that is forbidden, one clip after the other.
      if xla and compat.is_deterministic():
        belongs = tf.one_hot(assignments, num_clusters, dtype=values.dtype)
        return tf.cast(tf.matmul(belongs, values, transpose_a=True), tf.float64)
      # Each clip is added once, where a one-hot product would multiply it with k zeros: that took as long as the distances.
      return tf.cast(tf.math.unsorted_segment_sum(values, assignments, num_clusters), tf.float64)

    def totals(block, count, laid_out, by_clip):
      features, squared_lengths = block
      centroids, *laid_out = laid_out
      assignments = nearest_centroids(features, *laid_out)
      columns = [tf.ones_like(squared_lengths), squared_lengths]
      if by_clip:
        columns.append(squared_distances(features, centroids, assignments))
      # Padding belongs to cluster -1, which the sums leave out.
      assignments = tf.where(tf.range(tf.shape(assignments)[0]) < count, assignments, -1)
      columns = tf.cast(tf.stack(columns, axis=1), tf.float64)
      return tf.concat([sum_by_cluster(features, assignments), sum_by_cluster(columns, assignments)], axis=1)

    # Squared distances come from the sums, or by_clip.
    self._sums = {
      by_clip: BlockSum(
        rounds, functools.partial(totals, by_clip=by_clip), (num_clusters, source.dimension + 2 + by_clip)
      )
      for by_clip in (False, True)
    }
    self._by_clip = False

  def __call__(self, centroids: np.ndarray, on_round: Callable[[int], None] | None = None) -> PassTotals:
    """Makes a pass from centroids float32 [k, d]; `on_round` as in BlockSum."""
    laid_out = lay_out(tf.constant(centroids))
    totals = self._sums[self._by_clip](laid_out, on_round=on_round)
    dimension = centroids.shape[1]
    sums, counts, squared_lengths = totals[:, :dimension], totals[:, dimension], totals[:, dimension + 1]
    centroids = centroids.astype(np.float64)
    # Of all clips of a cluster at once: |x - c|^2 = |x|^2 - 2 x c + |c|^2. Clip by clip it takes a tenth of the pass.
    products = np.einsum('kd,kd->k', centroids, 2 * sums - counts[:, None] * centroids)
    squared = np.maximum(squared_lengths - products, 0)
    # Few digits are left of it if the clips lie close to their centroids, and those who split clusters want all of them.
    digits_lost = (counts == 0).any() or squared.sum() < _SMALLEST_SHARE * squared_lengths.sum()
    if digits_lost and not self._by_clip:
      totals = self._sums[True](laid_out)
    # The next pass will be much like this one. What it returns does not depend on which way it goes first.
    self._by_clip = digits_lost
    return PassTotals(sums, counts, totals[:, -1] if digits_lost else squared)


def _with_squared_lengths(features: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
  return features, tf.reduce_sum(tf.square(features), axis=1)
