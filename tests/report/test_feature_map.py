"""The map's places, against scikit-learn's PCA."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from xdc_tf.report import feature_map

RNG = np.random.default_rng(0)
FEATURES = (RNG.normal(size=(300, 8)) @ RNG.normal(size=(8, 8)) + 50).astype(np.float32)


def blocks():
  """In another order than the clips', a few at a time; clips 100 to 109 have no features."""
  order = np.setdiff1d(np.random.default_rng(1).permutation(300), np.arange(100, 110), assume_unique=True)
  for first in range(0, len(order), 64):
    index = order[first : first + 64]
    yield index, FEATURES[index]


@pytest.mark.parametrize('clips', [np.arange(300), np.arange(5, 300, 3)])
def test_places_equal_scikit_learns(clips):
  places, explained = feature_map.principal_plane(blocks, clips)
  missing = (clips >= 100) & (clips < 110)
  np.testing.assert_array_equal(np.isnan(places).all(axis=1), missing)
  pca = PCA(n_components=2, svd_solver='full')
  expected = pca.fit_transform(FEATURES[clips[~missing]].astype(np.float64))
  signs = np.sign((expected * places[~missing]).sum(axis=0))  # The direction of a component is free.
  np.testing.assert_allclose(places[~missing], expected * signs, rtol=1e-4, atol=1e-3)
  assert explained == pytest.approx(pca.explained_variance_ratio_)


def test_one_dimension_and_no_features():
  places, explained = feature_map.principal_plane(
    lambda: iter([(np.arange(3), np.float32([[1], [3], [8]]))]), np.arange(3)
  )
  np.testing.assert_allclose(places, [[-3, 0], [-1, 0], [4, 0]])
  assert explained == pytest.approx([1, 0])
  with pytest.raises(ValueError, match='no map to draw'):
    feature_map.principal_plane(lambda: iter(()), np.arange(3))
