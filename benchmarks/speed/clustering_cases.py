"""Features to cluster: as encoders make them, and without any structure."""

import numpy as np

from xdc_tf.clustering.feature_source import FeatureSource
from xdc_tf.clustering.feature_store import FeatureStore, write_shard

DIMENSION = 512
_NUM_KINDS = 1000
_NUM_DIRECTIONS = 64
_CLIPS_PER_SHARD = 50_000


def encoder_like(num_clips: int, seed: int) -> np.ndarray:
  """Makes features as a ReLU and an average leave them: no value is negative, and all share one mean direction.

  They are a mixture of 1000 Gaussians of uneven size that overlap, in 64 directions of falling variance, with noise in all.

  Args:
    num_clips: how many.
    seed: equal seeds give equal features; the mixture is the same for all.

  Returns:
    float16 [num_clips, 512].
  """
  mixture, random = np.random.default_rng(0), np.random.default_rng([1, seed])
  scale = np.arange(1, _NUM_DIRECTIONS + 1)[:, None] ** -0.5
  directions = mixture.standard_normal((_NUM_DIRECTIONS, DIMENSION), np.float32) * scale.astype(np.float32)
  centres = mixture.standard_normal((_NUM_KINDS, _NUM_DIRECTIONS), np.float32)
  kinds = random.choice(_NUM_KINDS, num_clips, p=mixture.dirichlet(np.full(_NUM_KINDS, 0.5)))
  places = centres[kinds] + 0.7 * random.standard_normal((num_clips, _NUM_DIRECTIONS), np.float32)
  features = places @ directions + 0.15 * random.standard_normal((num_clips, DIMENSION), np.float32)
  return np.maximum(features + 0.5 * directions[0], 0).astype(np.float16)


def noise(num_clips: int, seed: int) -> np.ndarray:
  """Makes normally distributed features float16 [num_clips, 512] without clusters: the worst case, as all distances are alike."""
  return np.random.default_rng([2, seed]).standard_normal((num_clips, DIMENSION), np.float32).astype(np.float16)


def write_store(directory: str, features: np.ndarray) -> FeatureSource:
  """Writes a feature store of shards of 50,000 clips and opens it as k-means reads it, normalised."""
  starts = range(0, len(features), _CLIPS_PER_SHARD)
  for shard, first in enumerate(starts):
    part = features[first : first + _CLIPS_PER_SHARD]
    write_shard(directory, 'train', shard, len(starts), np.arange(first, first + len(part)), part)
  return FeatureSource([FeatureStore(directory, 'train')])
