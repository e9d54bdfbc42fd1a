import numpy as np
import pytest

from xdc_tf.report import cluster_ranking
from xdc_tf.report.cluster_ranking import ClusteringView, Share


def view(pseudo_labels, distances, label_ids=None, name='video'):
  labels = None if label_ids is None else np.int32(label_ids)
  return ClusteringView(name, np.int32(pseudo_labels), np.float32(distances), labels)


def test_ranks_by_purity_where_labels_exist():
  # Cluster 0: labels 1 1 2 (2/3); cluster 1: 3 3 (1); cluster 2: 0 1 2 3 (1/4); cluster 4: only clips without a label.
  clustering = view(
    [0, 0, 0, 1, 1, 2, 2, 2, 2, 4, -1], [3, 2, 1, 9, 8, 1, 1, 1, 1, 0, np.nan], [1, 1, 2, 3, 3, 0, 1, 2, 3, -1, 3]
  )
  ranked = cluster_ranking.rank_clusters(clustering)
  assert [(s.rank, s.cluster, s.size) for s in ranked] == [(1, 1, 2), (2, 0, 3), (3, 2, 4), (4, 4, 1)]
  assert [s.purity for s in ranked] == [1.0, pytest.approx(2 / 3), 0.25, None]
  assert [s.tightness for s in ranked] == [8.5, 2.0, 1.0, 0.0]
  assert ranked[1].labels == [Share(1, pytest.approx(2 / 3)), Share(2, pytest.approx(1 / 3))]
  assert ranked[3].labels == []


def test_ranks_by_tightness_without_labels():
  pseudo_labels, distances = [0, 0, 1, 1, 2, 2, 2, 3], [4, 2, 1, 1, 2, 4, 3, 1]
  for labels in (None, [-1] * 8):
    ranked = cluster_ranking.rank_clusters(view(pseudo_labels, distances, labels))
    # Clusters 1 and 3 are equally tight, 0 and 2 too: the larger comes first.
    assert [s.cluster for s in ranked] == [1, 3, 2, 0]
    assert [s.tightness for s in ranked] == [1.0, 1.0, 3.0, 3.0]
    assert [s.purity for s in ranked] == [None] * 4


def test_nearest_clips_equal_a_brute_force_sort():
  rng = np.random.default_rng(0)
  # Few distinct distances, so that equal ones occur and the order of the indices decides.
  clustering = view(rng.integers(-1, 7, 500), rng.integers(0, 40, 500) / 8)
  ranked = cluster_ranking.rank_clusters(clustering, num_nearest=10, num_farthest=3)
  assert sorted(s.cluster for s in ranked) == list(range(7))
  for summary in ranked:
    members = [i for i in range(500) if clustering.pseudo_labels[i] == summary.cluster]
    ordered = sorted(members, key=lambda i: (clustering.distances[i], i))
    expected = ordered[:10]
    assert summary.nearest == expected
    assert summary.nearest_distances == [clustering.distances[i] for i in expected]
    assert summary.farthest == ordered[-3:]
    assert summary.farthest_distances == [clustering.distances[i] for i in ordered[-3:]]
    assert summary.size == len(members)
    assert summary.tightness == pytest.approx(np.mean([clustering.distances[i] for i in members]))


@pytest.mark.parametrize(('size', 'expected'), [(3, []), (4, []), (5, [4]), (6, [4, 5]), (9, [7, 8])])
def test_farthest_clips_are_not_shown_twice(size, expected):
  (summary,) = cluster_ranking.rank_clusters(view([0] * size, range(size)), num_nearest=4, num_farthest=2)
  assert summary.nearest == list(range(min(size, 4)))
  assert summary.farthest == expected


def test_overlaps_with_the_other_modality():
  video = view([0, 0, 0, 0, 1, 1], np.zeros(6))
  audio = view([5, 5, 3, -1, 3, 3], np.zeros(6), name='audio')
  by_cluster = {s.cluster: s.overlaps for s in cluster_ranking.rank_clusters(video, [audio])}
  # Clip 3 has no audio cluster: shares are of the clips that both clusterings hold.
  assert by_cluster[0] == [[Share(5, pytest.approx(2 / 3)), Share(3, pytest.approx(1 / 3))]]
  assert by_cluster[1] == [[Share(3, 1.0)]]


def test_shares_are_cut_and_ordered():
  assert cluster_ranking.shares(np.int32([4, 4, 2, 2, 9, -1]), 2) == [Share(2, 0.4), Share(4, 0.4)]
  assert cluster_ranking.shares(np.int32([-1, -1]), 2) == []


def test_refuses_what_does_not_belong_together():
  with pytest.raises(ValueError, match='no clustering to report'):
    cluster_ranking.check_views([])
  with pytest.raises(ValueError, match=r"pseudo_labels of clustering 'audio' has shape \(3,\), expected \(2,\)"):
    cluster_ranking.check_views([view([0, 1], [1, 1]), view([0, 1, 2], [1, 1, 1], name='audio')])
  with pytest.raises(ValueError, match='label_ids'):
    cluster_ranking.check_views([view([0, 1], [1, 1], [0])])
  with pytest.raises(ValueError, match='not finite'):
    cluster_ranking.check_views([view([0, 1], [1, np.nan])])
  cluster_ranking.check_views([view([0, -1], [1, np.nan])])
