import numpy as np
import pytest
import tensorflow as tf
from clustering_cases import blobs, make_source, nearest, unit

from xdc_tf import compat
from xdc_tf.clustering.kmeans import KMeansOptions, fit
from xdc_tf.clustering.lloyd_pass import LloydPass

DEFAULT = tf.distribute.get_strategy()


@pytest.mark.slow
@pytest.mark.parametrize('xla', [False, True])
def test_what_a_pass_returns_does_not_depend_on_the_pass_before(tmp_path, xla):
  source = make_source(tmp_path, blobs(500, 8, 4, spread=0.5)[0])
  whole = unit(blobs(500, 8, 4, spread=0.5)[0][:4]).astype(np.float32)
  one_is_empty = np.concatenate([whole[:3], np.full((1, 8), 50, np.float32)])
  a_pass = LloydPass(source, 4, 100, 1 << 20, DEFAULT, xla)
  for centroids in (whole, one_is_empty, one_is_empty, whole, whole):
    found, alone = a_pass(centroids), LloydPass(source, 4, 100, (1 << 20) * xla, DEFAULT, xla)(centroids)
    for name in ('sums', 'counts', 'squared_distances'):
      assert getattr(found, name).tobytes() == getattr(alone, name).tobytes()


@pytest.mark.parametrize('spread', [1.0, 1e-2], ids=['wide', 'tight'])
@pytest.mark.parametrize('memory', [0, 1 << 20], ids=['read', 'kept'])
@pytest.mark.parametrize('xla', [False, True, 'deterministic'], ids=['', 'xla', 'deterministic'])
def test_totals_are_those_of_brute_force(tmp_path, two_replicas, memory, spread, xla, monkeypatch):
  monkeypatch.setattr(compat, 'is_deterministic', lambda: xla == 'deterministic')
  features, _ = blobs(701, 20, 6, spread=spread)
  source, exact = make_source(tmp_path, features), unit(features)
  for strategy in (DEFAULT, two_replicas):
    a_pass = LloydPass(source, 6, 100, memory, strategy, bool(xla))
    for centroids in (exact[:6].astype(np.float32), exact[50:56].astype(np.float32)):
      totals = a_pass(centroids)
      expected, squared = nearest(exact, centroids)
      members = np.eye(6)[expected]
      assert (totals.counts == members.sum(axis=0)).all()
      np.testing.assert_allclose(totals.sums, members.T @ exact, atol=1e-4)
      # To seven digits of the squared lengths, which are 1 for each clip.
      assert (np.abs(totals.squared_distances - squared @ members) <= 3e-7 * totals.counts).all()


def test_distances_in_tight_clusters_keep_their_digits(tmp_path):
  features = np.concatenate([np.tile(np.float16([1, 2, 3, 4]), (500, 1)), np.tile(np.float16([4, 3, 2, 1]), (300, 1))])
  centroids = unit(features[[0, 700]]) + [[1e-4, 0, 0, 0], [0, 0, 0, 0]]
  totals = LloydPass(make_source(tmp_path, features), 2, 8192, 0, DEFAULT)(centroids.astype(np.float32))
  # From the sums, it would be the difference of two numbers near 500, which float32 rounds by more than that.
  np.testing.assert_allclose(totals.squared_distances, [500 * 1e-8, 0], rtol=2e-3, atol=1e-11)


def test_features_are_read_once_if_they_fit_into_memory_and_bits_are_the_same(tmp_path, two_replicas, monkeypatch):
  source = make_source(tmp_path, blobs(1000, 16, 9, spread=1.0)[0])
  found, num_reads = {}, {}
  for memory in (0, 31_999, 32_000):  # 1000 x 16 values of 4 bytes, over two replicas
    calls = []
    read = type(source).read
    options = KMeansOptions(num_passes=5, tolerance=-1.0, block_size=100, memory=memory)
    start = unit(np.random.default_rng(0).standard_normal((7, 16))).astype(np.float32)
    with monkeypatch.context() as patch:
      patch.setattr(type(source), 'read', lambda *args, read=read, calls=calls: calls.append(1) or read(*args))
      found[memory] = fit(source, 7, options, 0, two_replicas, None, start)
    num_reads[memory] = len(calls)
  assert num_reads[0] == num_reads[31_999] == num_reads[32_000] + 4 * 10
  assert found[0].centroids.tobytes() == found[32_000].centroids.tobytes() and found[0].inertia == found[32_000].inertia
