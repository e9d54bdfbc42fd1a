"""Windows, the clock of snippets, and what is learned of a window, against values worked out by hand."""

import numpy as np
import pytest

from xdc_tf.localization import targets, windows
from xdc_tf.localization.windows import Track


@pytest.mark.parametrize(
  ('num_snippets', 'expected'),
  [(1, [0]), (8, [0]), (9, [0, 1]), (12, [0, 4]), (13, [0, 4, 5]), (16, [0, 4, 8]), (17, [0, 4, 8, 9])],
)
def test_windows_reach_the_end_of_a_video(num_snippets, expected):
  assert windows.starts(num_snippets, 8, 4) == expected


def test_a_window_behind_the_end_is_zero():
  features = np.arange(10, dtype=np.float32).reshape(5, 2)
  assert windows.cut(features, 1, 3).tolist() == [[2, 3], [4, 5], [6, 7]]
  assert windows.cut(features, 3, 4).tolist() == [[6, 7], [8, 9], [0, 0], [0, 0]]
  assert windows.cut(features, 3, 4).dtype == np.float32


def test_seconds_and_snippets():
  # 16 frames at 30 a second: the first centre is at 8 / 30 s, and its cell of 5 frames begins at 5.5 / 30 s.
  track = Track('v', 5.5 / 30, 5 / 30, np.zeros([4, 2]))
  np.testing.assert_allclose(track.to_snippets([5.5 / 30, 8 / 30, 15.5 / 30]), [0, 0.5, 2])
  np.testing.assert_allclose(track.to_seconds([0, 0.5, 2]), [5.5 / 30, 8 / 30, 15.5 / 30])


def test_actions_inside():
  actions = [[2, 6], [8, 12], [9, 9], [11, 20], [30, 31], [0, 30]]
  inside, share = windows.actions_inside(actions, 4, 10)
  assert inside.tolist() == [[-2, 2], [4, 8], [7, 16], [-4, 26]]
  np.testing.assert_allclose(share, [0.5, 1, 1 / 3, 1 / 3])
  assert windows.actions_inside(np.zeros([0, 2]), 4, 10)[0].shape == (0, 2)


def test_temporal_iou():
  found = targets.temporal_iou([[0, 4], [5, 5]], [[2, 6], [0, 4], [4, 8], [5, 5]])
  np.testing.assert_allclose(found, [[2 / 6, 1, 0, 0], [0, 0, 0, 0]])


def test_overlaps_of_all_proposals():
  # Proposal (d, t) is [t, t + d + 1]; the actions are [1, 3] and, cut off at the end of the window, [3.5, 4].
  found = targets.overlap_map(np.array([[1, 3], [3.5, 9]]), 4, 3)
  np.testing.assert_allclose(found, [[0, 1 / 2, 1 / 2, 1 / 2], [1 / 3, 1, 1 / 3, 0], [2 / 3, 2 / 3, 0, 0]])
  assert found.dtype == np.float32
  assert targets.proposal_mask(4, 3).astype(int).tolist() == [[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0]]
  assert targets.overlap_map(np.zeros([0, 2]), 4, 3).tolist() == np.zeros([3, 4]).tolist()


def test_a_start_is_three_snippets_wide():
  # [0.75, 3.75] and [3.5, 6.5].
  np.testing.assert_allclose(targets.boundary_scores([2.25, 5], 6), [0.25, 1, 1, 0.75, 1, 1])
  # What lies outside of the window may reach into it.
  np.testing.assert_allclose(targets.boundary_scores([-1], 3), [0.5, 0, 0])
  assert targets.boundary_scores([], 2).tolist() == [0, 0]
