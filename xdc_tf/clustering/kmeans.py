"""Streaming k-means (Lloyd) under a tf.distribute strategy: memory stays below a bound however many clips there are.

Every replica takes blocks of the feature source, finds the nearest centroids by one matrix product and sums its clips by
cluster; one reduction over the strategy ends a pass. The state is written after every pass: run again, a killed fit goes on
where it was.
"""

import dataclasses

import gin
import numpy as np
import tensorflow as tf
from absl import logging

from xdc_tf import progress, value_types
from xdc_tf.clustering.clusters import Clusters
from xdc_tf.clustering.feature_source import FeatureSource
from xdc_tf.clustering.initialisation import kmeans_plus_plus, strided_sample
from xdc_tf.clustering.kmeans_state import KMeansState, load_state, save_state
from xdc_tf.clustering.lloyd_pass import LloydPass, PassTotals
from xdc_tf.clustering.preprocessing import fit_whitening
from xdc_tf.clustering.reseeding import split_largest


@gin.configurable
@dataclasses.dataclass(frozen=True)
class KMeansOptions:
  """How features are clustered; the paper leaves all of this open.

  Examples:
    >>> xdc_tf.KMeansOptions(pca_components=256).num_passes
    20

  Attributes:
    num_passes: over the features, at most.
    tolerance: stop when a pass lowers the inertia by less than this share of it.
    l2_normalize: divide features by their length first. It made the first clusters much better.
    pca_components: dimensions kept by a whitening PCA; 0 means none.
    block_size: clips of one replica at a time.
    memory: bytes of each replica for prepared features. They are read and prepared only once if they fit, else in every pass.
      None: half a GiB on CPUs, 8 GiB on GPUs, of which a pass takes half.
    init_sample_per_cluster: clips per cluster in the sample that k-means++ chooses from. 256 lowers the final inertia by less
      than 0.1 % and takes four times as long (100,000 clips, k = 256).
  """

  num_passes: int = 20
  tolerance: float = 1e-4
  l2_normalize: bool = True
  pca_components: int = 0
  block_size: int = 16384
  memory: int | None = None
  init_sample_per_cluster: int = 64

  def __post_init__(self):
    """Raises ValueError for what no fit could use, before features are made for it."""
    value_types.check_fields(self)
    for name, least in (('num_passes', 1), ('block_size', 1), ('init_sample_per_cluster', 1), ('pca_components', 0)):
      if not getattr(self, name) >= least:
        raise ValueError(f'KMeansOptions.{name} must be at least {least}. Received: {getattr(self, name)}.')
    if self.memory is not None and self.memory < 0:
      raise ValueError(f'KMeansOptions.memory is in bytes, or None. Received: {self.memory}.')


def fit(
  source: FeatureSource,
  num_clusters: int,
  options: KMeansOptions,
  seed: int,
  strategy: tf.distribute.Strategy,
  state_dir: str | None,
  initial_centroids: np.ndarray | None = None,
) -> Clusters:
  """Clusters the clips of a source.

  Args:
    source: what to cluster; made with options.l2_normalize.
    num_clusters: k.
    options: see KMeansOptions.
    seed: the seed of k-means++ and of re-seeding empty clusters.
    strategy: its replicas share every pass. All workers must call this together and see the same `state_dir`.
    state_dir: where the state is written after every pass and read at the start; None keeps none.
    initial_centroids: float32 [k, d] to start from instead of k-means++.

  Returns:
    The clusters; the same bits whether or not the fit was interrupted (on GPUs where TensorFlow is deterministic).

  Raises:
    ValueError: fewer clips than clusters, or a `state_dir` that belongs to another fit.
  """
  _check(source, num_clusters, options)
  settings = _settings(source, num_clusters, options, seed)
  state = load_state(state_dir, settings) if state_dir else None
  if state is None:
    state = _start(source, num_clusters, options, seed, strategy, initial_centroids)
    _save(state_dir, state, settings, strategy)
  source = source.with_projection(state.projection)
  lloyd_pass = LloydPass(source, num_clusters, options.block_size, options.memory, strategy)
  bar = progress.bar(
    description=f'k-means k={num_clusters}',
    total=options.num_passes * source.num_clips,
    initial=state.pass_number * source.num_clips,
    unit='clip',
  )
  with bar:
    while state.pass_number < options.num_passes and not state.converged:
      totals = lloyd_pass(state.centroids, on_round=bar.update)
      state = _next_state(state, totals, options.tolerance, seed)
      _save(state_dir, state, settings, strategy)
  return Clusters(state.centroids, state.projection, state.inertia, source.l2_normalize)


def _check(source: FeatureSource, num_clusters: int, options: KMeansOptions) -> None:
  if num_clusters < 1:
    raise ValueError(f'num_clusters must be at least 1. Received: {num_clusters}.')
  if source.num_clips < num_clusters:
    folders = ', '.join(store.directory for store in source.stores)
    raise ValueError(
      f'{folders}: {source.num_clips} clips cannot make {num_clusters} clusters ({source.num_left_out} clips were left out because '
      'not all stores have them). Choose fewer clusters or give more clips.'
    )
  if len(source.stores) == 1 and source.l2_normalize != options.l2_normalize:
    raise ValueError(
      f'The feature source was made with l2_normalize={source.l2_normalize}, the options say {options.l2_normalize}: make it with '
      'FeatureSource(stores, options.l2_normalize).'
    )


def _settings(source: FeatureSource, num_clusters: int, options: KMeansOptions, seed: int) -> dict:
  """What a saved state must agree with."""
  return {
    'num_clusters': num_clusters,
    'seed': seed,
    'num_clips': source.num_clips,
    'part_dimensions': source.part_dimensions,
    'l2_normalize': source.l2_normalize,
    'pca_components': options.pca_components,
    'init_sample_per_cluster': options.init_sample_per_cluster,
  }


def _start(source, num_clusters, options, seed, strategy, initial_centroids) -> KMeansState:
  """The state before the first pass."""
  if options.pca_components:
    source = source.with_projection(fit_whitening(source, options.pca_components, options.block_size, strategy))
  if initial_centroids is None:
    sample = strided_sample(source, min(source.num_clips, num_clusters * options.init_sample_per_cluster))
    initial_centroids = kmeans_plus_plus(sample, num_clusters, seed)
  centroids = np.asarray(initial_centroids, np.float32)
  if centroids.shape != (num_clusters, source.dimension):
    raise ValueError(
      f'The initial centroids must be [{num_clusters}, {source.dimension}]. Received: {list(centroids.shape)}.'
    )
  return KMeansState(centroids, source.projection, [])


def _next_state(state: KMeansState, totals: PassTotals, tolerance: float, seed: int) -> KMeansState:
  """Moves the centroids to the means of their clips and decides whether that was the last pass.

  Args:
    state: before the pass.
    totals: what it found.
    tolerance: relative change of the inertia.
    seed: the seed of re-seeding.
  """
  counts, squared = totals.counts, totals.squared_distances
  old = state.centroids.astype(np.float64)
  filled = counts > 0
  divisors = np.maximum(counts, 1)
  means = np.where(filled[:, None], totals.sums / divisors[:, None], old)
  # The distances were measured from the old centroids; seen from the mean they are smaller by the way it moved.
  variances = np.maximum(squared / divisors - np.square(means - old).sum(axis=1), 0)
  centroids, num_reseeded = split_largest(means, counts, variances, seed, state.pass_number)
  inertia = float(squared.sum())
  change = (state.inertia[-1] - inertia) / max(state.inertia[-1], 1e-30) if state.inertia else np.inf
  # After a pass that re-seeded the inertia may rise before it falls; by less than that it differs with the order of a sum.
  has_risen = change < -max(tolerance, 1e-6)
  converged = change <= tolerance and not num_reseeded and not has_risen
  logging.debug(
    'k-means pass %d: inertia %.6g, lower by %.3g of it; %d empty clusters, %d re-seeded%s',
    *(state.pass_number + 1, inertia, change, int((~filled).sum()), num_reseeded, '; converged' if converged else ''),
  )
  return KMeansState(centroids.astype(np.float32), state.projection, [*state.inertia, inertia], bool(converged))


def _save(state_dir: str | None, state: KMeansState, settings: dict, strategy: tf.distribute.Strategy) -> None:
  """Writes the state once: every worker has the same one."""
  if state_dir and strategy.extended.should_checkpoint:
    save_state(state_dir, state, settings)
