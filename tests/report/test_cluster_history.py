"""Where the clips of a cluster were before, against counting by hand."""

import collections

import numpy as np
import pytest

from xdc_tf.report import cluster_history


def test_shares_and_labels_equal_a_count_of_every_clip():
  rng = np.random.default_rng(0)
  now = rng.integers(-1, 5, 400).astype(np.int32)
  now[now == 2] = 3  # Cluster 2 is empty.
  earlier = [rng.integers(-1, size, 400).astype(np.int32) for size in (7, 4)]
  labels = rng.integers(-1, 6, 400).astype(np.int32)
  found = cluster_history.origins(now, enumerate(earlier), labels, num_shares=3)
  assert sorted(found) == [0, 1, 3, 4]
  for cluster, origins in found.items():
    assert [origin.iteration for origin in origins] == [0, 1]
    for origin, before in zip(origins, earlier, strict=True):
      counts = collections.Counter(int(b) for n, b in zip(now, before, strict=True) if n == cluster and b >= 0)
      expected = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:3]
      assert [share.id for share in origin.shares] == [number for number, _ in expected]
      assert [s.share for s in origin.shares] == pytest.approx([n / sum(counts.values()) for _, n in expected])
      for share, label in zip(origin.shares, origin.labels, strict=True):
        there = collections.Counter(int(x) for x, b in zip(labels, before, strict=True) if b == share.id and x >= 0)
        assert there[label] == max(there.values())


def test_nothing_is_invented():
  now = np.int32([0, 0, 1])
  found = cluster_history.origins(now, [(4, np.int32([-1, -1, 2]))], np.int32([-1, -1, -1]))
  assert found[0] == [cluster_history.Origin(4, [], [])]
  assert [(s.id, s.share) for s in found[1][0].shares] == [(2, 1.0)]
  assert found[1][0].labels == [None]
  assert cluster_history.origins(now, []) == {0: [], 1: []}
