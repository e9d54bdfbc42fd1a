import numpy as np
import pytest
import tensorflow as tf
from clustering_cases import blobs, make_source, nearest, unit

from xdc_tf.clustering.assignments import PseudoLabels, assign, pseudo_labels
from xdc_tf.clustering.kmeans import KMeansOptions, fit

DEFAULT = tf.distribute.get_strategy()


def test_pseudo_labels_lie_at_the_clips_index(tmp_path, two_replicas):
  features, _ = blobs(90, 6, 3)
  index = np.delete(np.arange(100), np.arange(0, 100, 10))  # every tenth clip has no feature
  source = make_source(tmp_path / 'features', features, index=index)
  options = KMeansOptions(block_size=16)
  clusters = fit(source, 3, options, 0, two_replicas, None)
  found = pseudo_labels(source, 100, clusters, options, two_replicas)
  expected, squared = nearest(unit(features), clusters.centroids)
  assert (found.labels.dtype, found.distances.dtype) == (np.int32, np.float32)
  assert (found.labels[index] == expected).all() and (found.labels[::10] == -1).all()
  np.testing.assert_allclose(found.distances[index], squared, atol=1e-6)
  assert np.isnan(found.distances[::10]).all()

  found.save(str(tmp_path / 'labels'))
  loaded = PseudoLabels.load(str(tmp_path / 'labels'), 100)
  assert loaded.labels.tobytes() == found.labels.tobytes() and loaded.distances.tobytes() == found.distances.tobytes()
  with pytest.raises(ValueError, match='pseudo_labels.npy holds 100 values but 101 were expected'):
    PseudoLabels.load(str(tmp_path / 'labels'), 101)
  with pytest.raises(ValueError, match='holds a feature of clip 91 but the manifest lists clips 0 to 90'):
    pseudo_labels(source, 91, clusters, KMeansOptions(), DEFAULT)
  path = tmp_path / 'labels' / 'pseudo_labels.npy'
  path.write_bytes(path.read_bytes()[:-8])
  with pytest.raises(ValueError, match=r'pseudo_labels\.npy is not a whole \.npy file'):
    PseudoLabels.load(str(tmp_path / 'labels'), 100)


def test_validation_clips_are_assigned_with_the_training_projection(tmp_path):
  train, held_out = blobs(200, 8, 4)[0], blobs(50, 8, 4, seed=1)[0]
  options = KMeansOptions(pca_components=5)
  clusters = fit(make_source(tmp_path, train), 4, options, 0, DEFAULT, None)
  source = make_source(tmp_path, held_out, split='validation')
  index, assignments, squared = next(assign(source, clusters, options, DEFAULT))
  projected = (unit(held_out) - clusters.projection.mean) @ clusters.projection.matrix
  expected, expected_squared = nearest(projected, clusters.centroids)
  assert len(index) == 50 and (assignments == expected).all()
  np.testing.assert_allclose(squared, expected_squared, rtol=1e-3, atol=1e-5)


def test_features_that_do_not_fit_the_clusters_are_refused(tmp_path):
  clusters = fit(make_source(tmp_path / 'a', blobs(50, 8, 2)[0]), 2, KMeansOptions(), 0, DEFAULT, None)
  for other in (
    make_source(tmp_path / 'b', blobs(50, 6, 2)[0]),
    make_source(tmp_path / 'c', blobs(50, 8, 2)[0], False),
  ):
    with pytest.raises(ValueError, match='do not fit clusters made from 8 dimensions with l2_normalize=True'):
      next(assign(other, clusters, KMeansOptions(), DEFAULT))


def test_a_split_without_clips_has_no_pseudo_labels(tmp_path):
  clusters = fit(make_source(tmp_path / 'a', blobs(50, 8, 2)[0]), 2, KMeansOptions(), 0, DEFAULT, None)
  found = pseudo_labels(make_source(tmp_path / 'b', np.zeros((0, 8))), 4, clusters, KMeansOptions(), DEFAULT)
  assert found.labels.tolist() == [-1, -1, -1, -1]
