from unittest import mock

import numpy as np
import pytest
import tensorflow as tf
from clustering_cases import blobs, make_source, unit, write_store
from sklearn.decomposition import PCA

from xdc_tf.clustering import kmeans
from xdc_tf.clustering.feature_source import FeatureSource
from xdc_tf.clustering.feature_store import FeatureStore, write_shard
from xdc_tf.clustering.initialisation import strided_sample
from xdc_tf.clustering.preprocessing import fit_whitening


def _read_all(source, block_size):
  index, features = zip(*source.blocks(block_size), strict=True)
  return np.concatenate(index), np.concatenate(features)


@pytest.mark.parametrize('block_size', [1, 7, 64, 1000])
def test_blocks_run_across_shards(tmp_path, block_size):
  features, _ = blobs(131, 6, 3)
  index, read = _read_all(make_source(tmp_path, features), block_size)
  assert index.tolist() == list(range(131))
  np.testing.assert_allclose(read, unit(features), atol=1e-6)


def test_without_normalisation_features_are_as_stored(tmp_path):
  features, _ = blobs(20, 6, 3)
  features[3] = 0
  assert (
    _read_all(make_source(tmp_path / 'a', features, l2_normalize=False), 8)[1] == features.astype(np.float32)
  ).all()
  assert (_read_all(make_source(tmp_path / 'b', features), 8)[1][3] == 0).all()  # a zero vector stays zero


def test_stores_are_joined_by_clip_each_part_normalised(tmp_path):
  video, _ = blobs(60, 5, 3, seed=1)
  audio, _ = blobs(60, 3, 3, seed=2)
  has_video = np.delete(np.arange(60), [0, 17, 40])
  has_audio = np.delete(np.arange(60), [17, 18, 59])
  bounds = [0, 20, 20, 60]  # the second shard is empty
  for name, features, present in (('video', video, has_video), ('audio', audio, has_audio)):
    for shard in range(3):
      mine = present[(present >= bounds[shard]) & (present < bounds[shard + 1])]
      write_shard(str(tmp_path / name), 'train', shard, 3, mine, features[mine])
  stores = [FeatureStore(str(tmp_path / name), 'train') for name in ('video', 'audio')]
  with mock.patch.object(FeatureStore, 'read_shard') as read_shard:
    FeatureSource(stores)
  assert not read_shard.called  # To count clips needs no feature, which far away are many gigabytes.
  source = FeatureSource(stores, l2_normalize=False)  # several parts are normalised all the same (Section 3.2)
  index, features = _read_all(source, 9)
  shared = np.intersect1d(has_video, has_audio)
  assert index.tolist() == shared.tolist()
  assert (source.num_clips, source.num_left_out, source.dimension) == (55, 4, 8)
  np.testing.assert_allclose(features, np.concatenate([unit(video), unit(audio)], axis=1)[shared], atol=1e-6)


def test_stores_with_other_shard_counts_are_refused(tmp_path):
  features, _ = blobs(30, 4, 2)
  stores = [write_store(tmp_path / name, features, num_shards=n) for name, n in (('video', 3), ('audio', 4))]
  with pytest.raises(ValueError, match='video has 3 shards .*audio has 4 '):
    FeatureSource(stores)


def test_the_sample_is_spread_over_the_whole_store(tmp_path):
  features = np.arange(100, dtype=np.float16)[:, None]
  source = make_source(tmp_path, features, l2_normalize=False)
  assert strided_sample(source, 8)[:, 0].tolist() == [0, 12, 25, 37, 50, 62, 75, 87]
  assert strided_sample(source, 100)[:, 0].tolist() == list(range(100))


@pytest.mark.parametrize('block_size', [50, 1000])
def test_whitening_is_scikit_learns(tmp_path, two_replicas, block_size):
  random = np.random.default_rng(0)
  features = (random.standard_normal((400, 8)) @ random.standard_normal((8, 8)) + 3).astype(np.float16)
  source = make_source(tmp_path, features, l2_normalize=False)
  projection = fit_whitening(source, 5, block_size, two_replicas)
  _, projected = _read_all(source.with_projection(projection), 100)
  reference = PCA(5, whiten=True).fit_transform(features.astype(np.float64)) * np.sqrt(400 / 399)  # ours divides by n
  signs = np.sign((reference * projected).sum(axis=0))
  np.testing.assert_allclose(projected, reference * signs, atol=2e-4)
  np.testing.assert_allclose(np.cov(projected.T, bias=True), np.eye(5), atol=1e-4)
  assert source.dimension == 8 and source.with_projection(projection).dimension == 5


def test_whitening_does_not_blow_up_noise_and_refuses_too_many_components(tmp_path):
  features = np.random.default_rng(0).standard_normal((50, 2)).astype(np.float16).repeat(2, axis=1)  # rank 2 of 4
  source = make_source(tmp_path, features, l2_normalize=False)
  strategy = tf.distribute.get_strategy()
  assert np.abs(_read_all(source.with_projection(fit_whitening(source, 4, 50, strategy)), 50)[1]).max() < 10
  with pytest.raises(ValueError, match='50 clips of 4 dimensions allow 1 to 4'):
    fit_whitening(source, 5, 50, strategy)


@pytest.mark.parametrize('features', [np.zeros((50, 4)), np.ones((50, 4)), np.full((50, 4), [0.3, 0.1, 0.7, 0.2])])
@pytest.mark.parametrize('l2_normalize', [False, True])
def test_whitening_of_clips_that_are_all_alike_leaves_them_alike(tmp_path, features, l2_normalize):
  """The deviation of nothing but rounding was made 1: such clips fell into several clusters, or their centroids were NaN."""
  source = make_source(tmp_path, features.astype(np.float16), l2_normalize=l2_normalize)
  options = kmeans.KMeansOptions(pca_components=3, l2_normalize=l2_normalize)
  clusters = kmeans.fit(source, 4, options, 0, tf.distribute.get_strategy(), None)
  assert not clusters.centroids.any() and clusters.inertia[-1] == 0
