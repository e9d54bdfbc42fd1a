import numpy as np
import pytest
from sklearn.metrics import normalized_mutual_info_score

from xdc_tf.clustering import metrics


@pytest.mark.parametrize('num_first, num_second', [(2, 2), (7, 13), (40, 5), (1, 4), (1, 1)])
def test_nmi_is_scikit_learns(num_first, num_second):
  random = np.random.default_rng(0)
  first, second = random.integers(num_first, size=500), random.integers(num_second, size=500)
  second = np.where(random.random(500) < 0.5, first % num_second, second)
  np.testing.assert_allclose(
    metrics.normalized_mutual_information(first, second), normalized_mutual_info_score(first, second), atol=1e-9
  )


def test_clips_without_a_label_in_either_are_left_out():
  first = np.array([0, 0, 1, 1, 2, -1, 2, -1], np.int32)
  second = np.array([5, 5, 3, 3, -1, 3, 4, -1], np.int32)
  assert metrics.normalized_mutual_information(first, second) == pytest.approx(1)
  assert metrics.agreement(first, second) == 1
  assert metrics.purity(first, second) == 1
  assert metrics.cluster_sizes(first, 4).tolist() == [2, 2, 2, 0]
  nothing = np.full(8, -1)
  assert np.isnan(
    [f(first, nothing) for f in (metrics.purity, metrics.agreement, metrics.normalized_mutual_information)]
  ).all()


def test_purity_and_agreement_by_hand():
  clusters = np.array([0, 0, 0, 1, 1, 1, 1, 2])
  labels = np.array([4, 4, 5, 5, 5, 6, 4, 4])
  assert metrics.purity(clusters, labels) == (2 + 2 + 1) / 8
  # One to one: 0 with 4 (2 clips), 1 with 5 (2 clips), 2 with 6 (none).
  assert metrics.agreement(clusters, labels) == 4 / 8
  assert metrics.agreement(clusters, (clusters + 1) % 3) == 1


def test_the_table_can_be_fed_in_pieces(monkeypatch):
  monkeypatch.setattr(metrics, '_CHUNK', 10)
  random = np.random.default_rng(1)
  first, second = random.integers(-1, 4, 95), random.integers(-1, 6, 95)
  table = metrics.ContingencyTable(4, 6)
  table.add(first[:33], second[:33])
  table.add(first[33:], second[33:])
  expected = [[np.sum((first == a) & (second == b)) for b in range(6)] for a in range(4)]
  assert table.counts.tolist() == expected


def test_labels_out_of_range_and_other_lengths_are_refused():
  with pytest.raises(ValueError, match='same length'):
    metrics.purity(np.zeros(3, int), np.zeros(4, int))
  with pytest.raises(ValueError, match=r'-1 .. 1 and -1 .. 0. Received: 0 .. 2'):
    metrics.cluster_sizes(np.array([0, 2]), 2)


def test_a_clustering_of_empty_clusters_is_warned_of():
  """NMI was 1.0 where 197 of 200 clusters were empty."""
  labels = np.array([0, 1, 2, -1] * 5)
  assert metrics.collapse_warning('audio', labels, 200).startswith('197 of the 200 clusters of audio are empty')
  assert metrics.collapse_warning('audio', labels, 6) == ''
