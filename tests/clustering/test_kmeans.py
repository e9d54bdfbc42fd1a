import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from clustering_cases import blobs, make_source, nearest, unit
from sklearn.cluster import KMeans, kmeans_plusplus

from xdc_tf.clustering import kmeans
from xdc_tf.clustering.assignments import assign
from xdc_tf.clustering.clusters import Clusters
from xdc_tf.clustering.initialisation import kmeans_plus_plus
from xdc_tf.clustering.kmeans import KMeansOptions, fit
from xdc_tf.clustering.kmeans_state import KMeansState
from xdc_tf.clustering.lloyd_pass import PassTotals
from xdc_tf.clustering.reseeding import split_largest

DEFAULT = tf.distribute.get_strategy()


def _all(source, clusters, options, strategy):
  return [np.concatenate(arrays) for arrays in zip(*assign(source, clusters, options, strategy), strict=True)]


@pytest.mark.stack
@pytest.mark.parametrize('block_size', [100, 8192])
def test_one_pass_is_brute_force(tmp_path, two_replicas, block_size):
  features, _ = blobs(1001, 16, 10)
  source = make_source(tmp_path, features)
  exact = unit(features)
  start = exact[:10].astype(np.float32)
  options = KMeansOptions(num_passes=1, block_size=block_size)
  clusters = fit(source, 10, options, 0, two_replicas, None, initial_centroids=start)
  expected, distances = nearest(exact, start)
  means = [exact[expected == c].mean(axis=0) for c in range(10)]
  np.testing.assert_allclose(clusters.centroids, means, atol=1e-6)
  np.testing.assert_allclose(clusters.inertia, [distances.sum()], rtol=1e-6)
  index, assignments, squared = _all(source, clusters, options, two_replicas)
  expected, expected_squared = nearest(exact, clusters.centroids)
  assert index.tolist() == list(range(1001)) and assignments.dtype == np.int32
  assert (assignments == expected).all()
  np.testing.assert_allclose(squared, expected_squared, atol=1e-6)


def test_the_same_as_scikit_learn_from_the_same_start(tmp_path):
  features, _ = blobs(3000, 32, 25, spread=1.0)
  source = make_source(tmp_path, features)
  data = unit(features).astype(np.float32)
  start = kmeans_plus_plus(data[:500], 20, seed=1)
  reference = KMeans(20, init=start, n_init=1, max_iter=8, tol=0, algorithm='lloyd').fit(data)
  options = KMeansOptions(num_passes=8, tolerance=-1.0)
  clusters = fit(source, 20, options, 0, DEFAULT, None, initial_centroids=start)
  _, assignments, squared = _all(source, clusters, options, DEFAULT)
  np.testing.assert_allclose(squared.sum(), reference.inertia_, rtol=1e-4)
  np.testing.assert_allclose(clusters.centroids, reference.cluster_centers_, atol=1e-4)
  assert (assignments == reference.labels_).mean() > 0.999


def test_block_size_and_replicas_change_nothing_but_rounding(tmp_path, one_replica, two_replicas):
  features, _ = blobs(2003, 24, 12)
  source = make_source(tmp_path, features, num_shards=7)
  results = []
  for strategy, block_size in ((DEFAULT, 8192), (one_replica, 77), (two_replicas, 8192), (two_replicas, 333)):
    options = KMeansOptions(num_passes=6, block_size=block_size)
    clusters = fit(source, 12, options, 3, strategy, None)
    results.append((clusters, _all(source, clusters, options, strategy)))
  clusters, (index, assignments, squared) = results[0]
  for other, (other_index, other_assignments, other_squared) in results[1:]:
    assert (other_index == index).all() and (other_assignments == assignments).all()
    np.testing.assert_allclose(other.centroids, clusters.centroids, atol=1e-5)
    np.testing.assert_allclose(other.inertia, clusters.inertia, rtol=1e-6)
    np.testing.assert_allclose(other_squared, squared, atol=1e-5)


@pytest.mark.stack
@pytest.mark.parametrize('pca_components', [0, 6])
def test_a_killed_fit_goes_on_to_the_same_bits(tmp_path, two_replicas, monkeypatch, pca_components):
  features, _ = blobs(900, 12, 9, spread=1.0)
  source = make_source(tmp_path / 'features', features)
  options = KMeansOptions(num_passes=7, tolerance=-1.0, block_size=100, pca_components=pca_components)
  whole = fit(source, 9, options, 5, two_replicas, None)

  class Killed(Exception):
    pass

  save_state, state_dir = kmeans.save_state, str(tmp_path / 'state')
  for last_pass in (0, 1, 4):  # the state of these passes is the last thing that is written

    def save_and_die(directory, state, settings, last_pass=last_pass):
      save_state(directory, state, settings)
      if state.pass_number == last_pass:
        raise Killed

    monkeypatch.setattr(kmeans, 'save_state', save_and_die)
    with pytest.raises(Killed):
      fit(source, 9, options, 5, two_replicas, state_dir)
  monkeypatch.setattr(kmeans, 'save_state', save_state)
  monkeypatch.setattr(kmeans, 'kmeans_plus_plus', None)  # nothing is begun anew
  resumed = fit(source, 9, options, 5, two_replicas, state_dir)
  finished = fit(source, 9, options, 5, two_replicas, state_dir)
  for other in (resumed, finished):
    assert other.centroids.tobytes() == whole.centroids.tobytes()
    assert other.inertia == whole.inertia and len(whole.inertia) == 7


def test_the_state_of_another_fit_is_refused(tmp_path):
  features, _ = blobs(100, 4, 3)
  source = make_source(tmp_path / 'features', features)
  fit(source, 3, KMeansOptions(num_passes=1), 0, DEFAULT, str(tmp_path / 'state'))
  with pytest.raises(
    ValueError, match='kmeans_state.npz belongs to another fit: num_clusters was 3, now 4; seed was 0, now 1'
  ):
    fit(source, 4, KMeansOptions(num_passes=1), 1, DEFAULT, str(tmp_path / 'state'))


def test_it_stops_when_the_inertia_stands_still(tmp_path):
  features, blob = blobs(500, 8, 4, spread=0.05)
  options = KMeansOptions(num_passes=50)
  source = make_source(tmp_path, features)
  clusters = fit(source, 4, options, 0, DEFAULT, None)
  assert 2 <= len(clusters.inertia) < 10
  assert clusters.inertia == sorted(clusters.inertia, reverse=True)
  _, assignments, _ = _all(source, clusters, options, DEFAULT)
  assert len(set(zip(assignments.tolist(), blob.tolist(), strict=True))) == 4  # each blob is one cluster


@pytest.mark.parametrize(
  ('before', 'converged'), [(10.0, False), (7.0, True), (7.0004, True), (7.01, False), (6.99, False)]
)
def test_it_does_not_stop_where_the_inertia_rises(before, converged):
  """As it may after an empty cluster took its half of another: that pass was the last."""
  state = KMeansState(np.float32([[0, 0], [4, 0]]), None, [before])
  totals = PassTotals(np.float64([[0, 0], [8, 0]]), np.float64([3, 2]), np.float64([3, 4]))
  assert kmeans._next_state(state, totals, tolerance=1e-4, seed=0).converged is converged


def test_empty_clusters_take_half_of_the_largest(tmp_path, two_replicas):
  features, _ = blobs(600, 8, 6, spread=0.2)
  source = make_source(tmp_path, features)
  far_away = np.full((3, 8), 50, np.float32) + np.arange(3, dtype=np.float32)[:, None]
  start = np.concatenate([unit(features[:3]).astype(np.float32), far_away])
  for strategy in (DEFAULT, two_replicas):
    options = KMeansOptions(num_passes=15)
    clusters = fit(source, 6, options, 0, strategy, None, initial_centroids=start)
    _, assignments, _ = _all(source, clusters, options, strategy)
    assert np.bincount(assignments, minlength=6).min() > 0
    assert clusters.inertia[-1] < 0.7 * clusters.inertia[0]


def test_splitting_is_deterministic_symmetric_and_small():
  centroids = np.array([[1.0, 0.0], [0.0, 2.0], [9.0, 9.0], [8.0, 8.0]])
  counts, variances = np.array([10, 100, 0, 0]), np.array([0.5, 0.08, 0.0, 0.0])
  moved, reseeded = split_largest(centroids, counts, variances, seed=1, pass_number=2)
  assert reseeded == 2
  assert (moved[0] == centroids[0]).all()
  # Cluster 1 (100 clips) is split into 1 and 2; of these halves (50 each) 1 is split again, into 1 and 3.
  np.testing.assert_allclose((moved[1] + moved[3]) / 2 + moved[2], [0.0, 4.0], atol=1e-12)
  assert 0 < np.linalg.norm(moved[2] - centroids[1]) < np.sqrt(0.08)
  again, _ = split_largest(centroids, counts, variances, seed=1, pass_number=2)
  other, _ = split_largest(centroids, counts, variances, seed=1, pass_number=3)
  assert (again == moved).all() and (other[2] != moved[2]).any()
  assert variances.tolist() == [0.5, 0.08, 0.0, 0.0]


def test_copies_of_one_clip_are_not_split_but_the_next_largest_cluster_is(tmp_path):
  features = -np.abs(blobs(200, 8, 4)[0])  # on the other side of
  silence = np.tile(np.float16([1, 2, 3, 4, 5, 6, 7, 8]), (500, 1))
  source = make_source(tmp_path / 'a', np.concatenate([features, silence]))
  far_away = np.full((1, 8), 50, np.float32)
  start = np.concatenate([unit(np.stack([features[0], silence[0]])).astype(np.float32), far_away])
  clusters = fit(source, 3, KMeansOptions(num_passes=5), 0, DEFAULT, None, initial_centroids=start)
  _, assignments, _ = _all(source, clusters, KMeansOptions(), DEFAULT)
  assert (assignments[200:] == assignments[200]).all() and set(assignments[:200]) == {0, 2}
  only_silence = make_source(tmp_path / 'b', silence)
  assert np.isfinite(fit(only_silence, 3, KMeansOptions(num_passes=5), 0, DEFAULT, None).centroids).all()


def test_too_few_clips_and_other_options_are_refused(tmp_path):
  source = make_source(tmp_path, blobs(5, 4, 2)[0])
  with pytest.raises(ValueError, match='5 clips cannot make 6 clusters'):
    fit(source, 6, KMeansOptions(), 0, DEFAULT, None)
  with pytest.raises(ValueError, match='made with l2_normalize=True, the options say False'):
    fit(source, 2, KMeansOptions(l2_normalize=False), 0, DEFAULT, None)
  assert fit(source, 5, KMeansOptions(), 0, DEFAULT, None).inertia[-1] < 1e-9  # a cluster for each clip


def test_clusters_are_saved_and_loaded(tmp_path):
  source = make_source(tmp_path / 'features', blobs(100, 6, 3)[0])
  for components in (0, 3):
    clusters = fit(source, 3, KMeansOptions(pca_components=components), 0, DEFAULT, None)
    clusters.save(str(tmp_path / 'clusters'))
    loaded = Clusters.load(str(tmp_path / 'clusters'))
    assert loaded.centroids.tobytes() == clusters.centroids.tobytes()
    assert (loaded.inertia, loaded.l2_normalize, loaded.num_clusters) == (clusters.inertia, True, 3)
    assert (loaded.projection is None) == (components == 0)
  assert loaded.projection.matrix.tobytes() == clusters.projection.matrix.tobytes()
  assert loaded.projection.mean.tobytes() == clusters.projection.mean.tobytes()


def test_kmeans_plus_plus_finds_every_blob():
  features, blob = blobs(600, 8, 12, spread=0.01)
  for seed in range(3):
    centroids = kmeans_plus_plus(features.astype(np.float32), 12, seed)
    nearest = np.square(features.astype(np.float32)[:, None] - centroids).sum(axis=2).argmin(axis=1)
    assert len(set(zip(nearest.tolist(), blob.tolist(), strict=True))) == 12
  assert (kmeans_plus_plus(features.astype(np.float32), 12, 2) == centroids).all()
  with pytest.raises(ValueError, match='at least one clip for each of the 12 clusters. Received: 11'):
    kmeans_plus_plus(np.ones((11, 2), np.float32), 12, 0)


def test_kmeans_plus_plus_starts_as_well_as_scikit_learn():
  features = unit(blobs(2000, 16, 40, spread=0.6)[0]).astype(np.float32)

  def inertia(centroids):
    return np.square(features[:, None] - centroids).sum(axis=2).min(axis=1).sum()

  ours = np.mean([inertia(kmeans_plus_plus(features, 30, seed)) for seed in range(3)])
  theirs = np.mean([inertia(kmeans_plusplus(features, 30, random_state=seed)[0]) for seed in range(3)])
  assert ours < 1.03 * theirs


_WORKER = """
import json, os, sys
import numpy as np, tensorflow as tf
from xdc_tf.clustering.assignments import assign
from xdc_tf.clustering.feature_source import FeatureSource
from xdc_tf.clustering.feature_store import FeatureStore
from xdc_tf.clustering.kmeans import KMeansOptions, fit
strategy = tf.distribute.MultiWorkerMirroredStrategy()
source, options = FeatureSource([FeatureStore(sys.argv[1], 'train')]), KMeansOptions(num_passes=6, block_size=70)
clusters = fit(source, 6, options, 3, strategy, sys.argv[2])
labels = np.concatenate([found[1] for found in assign(source, clusters, options, strategy)])
np.savez(sys.argv[3], centroids=clusters.centroids, inertia=clusters.inertia, labels=labels)
"""


@pytest.mark.slow
def test_two_workers_find_what_one_process_finds(tmp_path):
  source = make_source(tmp_path / 'features', blobs(501, 8, 6)[0])  # 8 blocks over 2 workers, the last one short
  options = KMeansOptions(num_passes=6)
  alone = fit(source, 6, options, 3, DEFAULT, None)
  _, labels, _ = _all(source, alone, options, DEFAULT)
  ports = []
  for _ in range(2):
    with socket.socket() as probe:
      probe.bind(('127.0.0.1', 0))
      ports.append(probe.getsockname()[1])
  workers = []
  for number in range(2):
    config = {'cluster': {'worker': [f'127.0.0.1:{p}' for p in ports]}, 'task': {'type': 'worker', 'index': number}}
    arguments = [str(tmp_path / name) for name in ('features', 'state', f'worker{number}.npz')]
    environment = os.environ | {'TF_CONFIG': json.dumps(config), 'CUDA_VISIBLE_DEVICES': ''}
    workers.append(
      subprocess.Popen([sys.executable, '-c', _WORKER, *arguments], env=environment, stderr=subprocess.PIPE)
    )
  try:
    for worker in workers:
      _, errors = worker.communicate(timeout=120)
      assert worker.returncode == 0, errors.decode()[-3000:]
  finally:
    for worker in workers:
      worker.kill()
  for number in range(2):
    found = np.load(tmp_path / f'worker{number}.npz')
    np.testing.assert_allclose(found['centroids'], alone.centroids, atol=1e-5)
    np.testing.assert_allclose(found['inertia'], alone.inertia, rtol=1e-6)
    assert (found['labels'] == labels).all()
  assert os.path.exists(tmp_path / 'state' / 'kmeans_state.npz')
