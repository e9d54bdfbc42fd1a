"""Average precision by hand, and against a slow one that looks at every detection and every action."""

import numpy as np
import pytest

from xdc_tf.localization.mean_average_precision import Detected, average_precision, average_precisions

TRUTH = {'Jump': {'a': np.array([[0.0, 10.0], [20.0, 30.0]]), 'b': np.array([[0.0, 4.0]])}}
DETECTIONS = [
  Detected('a', 'Jump', 0, 10, 0.9),  # Finds the first.
  Detected('a', 'Jump', 1, 10, 0.8),  # Finds it again: wrong.
  Detected('b', 'Jump', 1, 5, 0.7),  # tIoU 0.6.
  Detected('c', 'Jump', 0, 10, 0.6),  # A video without actions: wrong.
  Detected('a', 'Jump', 20, 28, 0.5),  # tIoU 0.8.
  Detected('a', 'Swim', 20, 30, 1.0),  # Another class.
]


def test_average_precision_by_hand():
  # Right, wrong, right: precision 1 and 2/3; one of three actions is never found.
  assert average_precision(np.array([True, False, True]), 3) == pytest.approx((1 + 2 / 3) / 3)
  # The precision at a recall is the best at this recall or behind: 2/3 for both.
  assert average_precision(np.array([False, True, True]), 2) == pytest.approx(2 / 3)
  assert average_precision(np.zeros(0, bool), 2) == 0


def test_detections_by_hand():
  found = average_precisions(TRUTH, DETECTIONS, [0.5, 0.7, 0.9])
  # tIoU 0.5: right, wrong, right, wrong, right. 0.7: without the third. 0.9: the first alone.
  assert list(found) == ['Jump']
  np.testing.assert_allclose(found['Jump'], [(1 + 2 / 3 + 3 / 5) / 3, (1 + 2 / 5) / 3, 1 / 3])


def test_without_a_detection_nothing_is_found():
  np.testing.assert_array_equal(average_precisions(TRUTH, [], [0.5, 0.7])['Jump'], [0, 0])


def test_the_second_best_detection_may_find_the_second_action():
  truth = {'Jump': {'a': np.array([[0.0, 10.0], [1.0, 11.0]])}}
  twice = [Detected('a', 'Jump', 0, 10, 0.9), Detected('a', 'Jump', 0, 10, 0.8)]
  np.testing.assert_allclose(average_precisions(truth, twice, [0.5, 0.9])['Jump'], [1, 0.5])


def test_ambiguous_parts_are_neither_right_nor_wrong():
  found = average_precisions(TRUTH, DETECTIONS, [0.5, 0.7], {'a': np.array([[5.0, 6.0]])})
  # The second detection touches it and is left out; the first does too, but finds its action.
  np.testing.assert_allclose(found['Jump'], [(1 + 1 + 3 / 4) / 3, (1 + 2 / 4) / 3])
  touching = average_precisions(TRUTH, DETECTIONS, [0.5], {'a': np.array([[10.0, 12.0]])})
  np.testing.assert_array_equal(touching['Jump'], average_precisions(TRUTH, DETECTIONS, [0.5])['Jump'])


def slow(truth, detections, label, threshold) -> float:
  """ActivityNet's protocol, one pair at a time."""
  ordered = sorted((d for d in detections if d.label == label), key=lambda d: -d.score)
  taken, hits = set(), []
  for d in ordered:
    best, best_overlap = None, -1.0
    for number, (start, end) in enumerate(truth[label].get(d.video, [])):
      inside = max(0.0, min(end, d.end) - max(start, d.start))
      overlap = inside / (end - start + d.end - d.start - inside)
      if (d.video, number) not in taken and overlap >= threshold and overlap > best_overlap:
        best, best_overlap = (d.video, number), overlap
    hits.append(best is not None)
    taken.add(best)
  total = sum(len(segments) for segments in truth[label].values())
  area = 0.0
  for recall in range(1, total + 1):
    reached = [sum(hits[:n]) / n for n in range(1, len(hits) + 1) if sum(hits[:n]) >= recall]
    area += max(reached, default=0.0) / total
  return area


def test_against_a_slow_one():
  random = np.random.default_rng(0)

  def segments(number):
    start = random.uniform(0, 50, number)
    return np.stack([start, start + random.uniform(1, 20, number)], axis=1)

  truth = {label: {video: segments(random.integers(1, 6)) for video in 'abc'} for label in ('Jump', 'Swim')}
  detections = [
    Detected(str(random.choice(list('abcd'))), str(random.choice(['Jump', 'Swim'])), start, end, random.uniform())
    for start, end in segments(150)
  ]
  thresholds = (0.3, 0.5, 0.7)
  found = average_precisions(truth, detections, thresholds)
  for label, values in found.items():
    np.testing.assert_allclose(values, [slow(truth, detections, label, threshold) for threshold in thresholds])
  assert 0.05 < found['Jump'][0] < 0.9
