"""Soft-NMS and the proposals of a window, by hand."""

import math

import numpy as np
import pytest

from xdc_tf.localization import proposals
from xdc_tf.localization.network import Scores
from xdc_tf.localization.options import GTAD, Detection, Localization, SnippetWindows
from xdc_tf.localization.proposals import Proposals
from xdc_tf.localization.windows import Track


def test_soft_nms_by_hand():
  segments = [[0, 10], [0, 5], [20, 30], [0, 10]]
  # The first takes exp(-0.5^2 / 0.5) off the second and exp(-1 / 0.5) off the fourth, the second 0.5 off the fourth again.
  chosen, scores = proposals.soft_nms(segments, [0.9, 0.8, 0.3, 0.7], 0.5, 10)
  assert chosen.tolist() == [0, 1, 2, 3]
  expected = [0.9, 0.8 * math.exp(-0.5), 0.3, 0.7 * math.exp(-2) * math.exp(-0.5)]
  np.testing.assert_allclose(scores, expected)
  assert proposals.soft_nms(segments, [0.9, 0.8, 0.3, 0.7], 0.5, 2)[0].tolist() == [0, 1]
  # Apart from each other they keep their scores; 0 is never taken.
  assert proposals.soft_nms([[0, 1], [1, 2], [5, 6]], [0.1, 0.2, 0.0], 0.5, 9)[0].tolist() == [1, 0]
  assert proposals.soft_nms(np.zeros([0, 2]), np.zeros(0), 0.5, 9)[0].shape == (0,)


TRACK = Track('v', 10.0, 0.5, np.zeros([6, 2], np.float32))


def test_the_proposals_of_a_window():
  # A window of four snippets from the fourth of six: two of it lie behind the end.
  classification, regression = np.full([3, 4], 0.5), np.arange(12).reshape(3, 4) / 12
  found = proposals.of_window(classification, regression, 3, TRACK, Detection(below_snippets=3))
  # Proposals of one snippet, and of two; [3, 6] is too long, and [6, 7] begins behind the end.
  assert found.segments.tolist() == [[11.5, 12.0], [12.0, 12.5], [12.5, 13.0], [11.5, 12.5], [12.0, 13.0], [12.5, 13.0]]
  np.testing.assert_allclose(found.scores, np.array([0, 1, 2, 4, 5, 6]) / 24)


def test_what_a_window_may_have_cut_off_is_no_proposal():
  # G-TAD's gtad_inference.py takes `end_index < temporal_scale` only: a network learns the part of an action that a window cuts off
  # as a whole one, which the next window, half a window on, sees whole.
  maps = np.full([2, 4], 0.5), np.ones([2, 4])
  found = proposals.of_window(*maps, 1, TRACK, Detection(below_snippets=9))
  assert found.segments.tolist() == [[10.5, 11], [11, 11.5], [11.5, 12], [10.5, 11.5], [11, 12]]
  # The track ends where this window does, and so may an action.
  found = proposals.of_window(*maps, 2, TRACK, Detection(below_snippets=9))
  assert found.segments.tolist() == [[11, 11.5], [11.5, 12], [12, 12.5], [12.5, 13], [11, 12], [11.5, 12.5], [12, 13]]


def test_the_proposals_of_a_track_are_those_of_its_windows():
  config = Localization(SnippetWindows(4, 2, 1), GTAD(), Detection(num_proposals=2))
  seen = []

  def network(features):
    seen.append(features.shape)
    ones = np.ones([1, 1, 4])
    return Scores(ones * len(seen), ones * [0.1, 0.2, 0.4, 0.3], None, None)

  found = proposals.of_track(network, TRACK, config)
  assert seen == [(1, 4, 2)] * 2
  assert found.segments.tolist() == [[11, 11.5], [10.5, 11], [12, 12.5], [12.5, 13]]
  np.testing.assert_allclose(found.scores, [0.4, 0.2, 0.8, 0.6])
  thin = Proposals.joined([found, found]).thinned(Detection(num_proposals=3))
  assert thin.segments.tolist() == [[12, 12.5], [12.5, 13], [11, 11.5]]


def test_settings_that_cannot_be():
  with pytest.raises(ValueError, match='Detection needs positive values'):
    Detection(below_snippets=1)
  with pytest.raises(ValueError, match='stride and max_duration must be 1 to length'):
    SnippetWindows(8, 9, 4)
  with pytest.raises(ValueError, match='min_inside must be from 0 to below 1'):
    SnippetWindows(min_inside=1.0)
