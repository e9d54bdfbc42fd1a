"""Mean average precision of detections in time, by ActivityNet's protocol, which G-TAD's results on THUMOS14 are of."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from xdc_tf.localization.targets import temporal_iou
from xdc_tf.training.finite import check_finite


class Detected(NamedTuple):
  """One detection.

  Attributes:
    video: its name.
    label: the class.
    start: in seconds.
    end: in seconds.
    score: the higher, the surer.
  """

  video: str
  label: str
  start: float
  end: float
  score: float


# {video: float [n, 2]}, start and end in seconds.
Segments = Mapping[str, np.ndarray]


def average_precisions(
  truth: Mapping[str, Segments],
  detections: Sequence[Detected],
  thresholds: Sequence[float],
  ignored: Segments | None = None,
) -> dict[str, np.ndarray]:
  """Returns the average precision of every class that has an action, at every threshold.

  Args:
    truth: the actions of each class.
    detections: in any order; those of equal score count in the order given. Other classes than those of `truth` are errors of
      nobody: they are left out.
    thresholds: the thresholds of the temporal intersection over union.
    ignored: parts of videos; a detection that finds no action but touches one of these is left out and not counted as wrong, as
      THUMOS14's own evaluation does with ambiguous parts. ActivityNet's protocol has none.

  Returns:
    {class: float64 [thresholds]}.

  Raises:
    DivergedError: when a score is not finite: the order of the detections would mean nothing.
  """
  check_finite('scores', np.array([detection.score for detection in detections]), of='detections')
  by_label: dict[str, list[Detected]] = {label: [] for label in truth}
  for detection in detections:
    if detection.label in by_label:
      by_label[detection.label].append(detection)
  precisions = {}
  for label, actions in truth.items():
    ordered = sorted(by_label[label], key=lambda detection: -detection.score)
    hits = _hits(actions, ordered, thresholds)
    counted = hits | ~_touches(ordered, ignored)
    number = sum(len(segments) for segments in actions.values())
    precisions[label] = np.array(
      [average_precision(hit[used], number) for hit, used in zip(hits, counted, strict=True)]
    )
  return precisions


def average_precision(hits: np.ndarray, num_actions: int) -> float:
  """Returns the area under precision over recall, where precision is the highest at this recall or a higher one.

  Args:
    hits: bool [n], the surest detection first: whether it found an action that no surer one had found.
    num_actions: that there are to find, at least 1.
  """
  precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
  highest = np.maximum.accumulate(precision[::-1])[::-1]
  return float(highest[hits].sum() / num_actions)


def _hits(actions: Segments, detections: Sequence[Detected], thresholds: Sequence[float]) -> np.ndarray:
  """Returns bool [thresholds, detections]: each takes, of the actions that are free, the one it overlaps with most."""
  hits = np.zeros([len(thresholds), len(detections)], bool)
  free = {video: np.ones([len(thresholds), len(segments)], bool) for video, segments in actions.items()}
  for number, detection in enumerate(detections):
    if detection.video not in free or not len(actions[detection.video]):
      continue
    overlap = temporal_iou(np.array([detection.start, detection.end]), actions[detection.video])[0]
    for row, threshold in enumerate(thresholds):
      available = free[detection.video][row]
      best = int(np.where(available, overlap, -1.0).argmax())
      if available[best] and overlap[best] >= threshold:
        available[best] = False
        hits[row, number] = True
  return hits


def _touches(detections: Sequence[Detected], ignored: Segments | None) -> np.ndarray:
  """Returns which detections overlap with an ignored part, bool [detections]."""

  def touches(detection: Detected) -> bool:
    segments = (ignored or {}).get(detection.video)
    return segments is not None and bool(((segments[:, 0] < detection.end) & (segments[:, 1] > detection.start)).any())

  return np.array([touches(detection) for detection in detections], bool)
