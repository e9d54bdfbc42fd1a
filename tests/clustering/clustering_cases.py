"""Small feature stores and slow, obvious k-means for the tests of this folder."""

import numpy as np

from xdc_tf.clustering.feature_source import FeatureSource
from xdc_tf.clustering.feature_store import FeatureStore, write_shard


def blobs(num_clips, dimension, num_blobs, seed=0, spread=0.3):
  """float16 features around random centres, and the blob of each: separable-ish."""
  random = np.random.default_rng(seed)
  centres = random.standard_normal((num_blobs, dimension))
  blob = random.integers(num_blobs, size=num_clips)
  features = centres[blob] + spread * random.standard_normal((num_clips, dimension))
  return features.astype(np.float16), blob


def write_store(directory, features, num_shards=5, index=None, split='train'):
  """Writes features in shards of uneven length."""
  index = np.arange(len(features)) if index is None else index
  bounds = (np.linspace(0, 1, num_shards + 1) ** 1.5 * len(features)).astype(int)
  for shard, (first, last) in enumerate(zip(bounds[:-1], bounds[1:], strict=True)):
    write_shard(str(directory), split, shard, num_shards, index[first:last], features[first:last])
  return FeatureStore(str(directory), split)


def make_source(directory, features, l2_normalize=True, **kwargs):
  return FeatureSource([write_store(directory, features, **kwargs)], l2_normalize)


def unit(features):
  features = np.asarray(features, np.float64)
  return features / np.linalg.norm(features, axis=1, keepdims=True)


def nearest(features, centroids):
  """Assignments and squared distances by brute force in float64."""
  distances = np.square(features[:, None, :] - centroids[None]).sum(axis=2)
  return distances.argmin(axis=1), distances.min(axis=1)
