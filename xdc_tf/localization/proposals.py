"""From the scores of windows to the proposals of a video: every interval is one; soft-NMS thins out those that say the same."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from xdc_tf.localization import targets, windows
from xdc_tf.localization.options import Detection, Localization
from xdc_tf.localization.windows import Track


@dataclasses.dataclass(frozen=True)
class Proposals:
  """Intervals of a video that may hold an action of whatever class.

  Attributes:
    segments: float64 [n, 2], start and end in seconds of the video.
    scores: float64 [n].
  """

  segments: np.ndarray
  scores: np.ndarray

  @classmethod
  def joined(cls, parts: 'Sequence[Proposals]') -> 'Proposals':
    """Returns the proposals of all parts, at least one, one after the other."""
    return cls(np.concatenate([part.segments for part in parts]), np.concatenate([part.scores for part in parts]))

  def thinned(self, config: Detection) -> 'Proposals':
    """Returns what soft-NMS leaves, the best first."""
    chosen, scores = soft_nms(self.segments, self.scores, config.sigma, config.num_proposals)
    return Proposals(self.segments[chosen], scores)


def of_window(
  classification: np.ndarray, regression: np.ndarray, start: int, track: Track, config: Detection
) -> Proposals:
  """Returns the proposals of one window, whose score is the product of the two maps [code of G-TAD].

  Args:
    classification: float [D, T].
    regression: float [D, T].
    start: first snippet of the window.
    track: that it is cut from.
    config: which to drop. Proposals behind the end of the track are dropped too; others end there at the latest. Those that end
      with the window are dropped [code of G-TAD], as the window may have cut an action off there, unless the track ends there too.
  """
  max_duration, length = classification.shape
  kept = targets.proposal_mask(length, max_duration)
  if start + length < len(track.features):
    kept &= targets.proposal_intervals(length, max_duration)[..., 1] < length
  kept &= np.arange(1, max_duration + 1)[:, None] < config.below_snippets
  kept &= start + np.arange(length) < len(track.features)
  segments = start + targets.proposal_intervals(length, max_duration)[kept]
  scores = np.asarray(classification, np.float64)[kept] * np.asarray(regression, np.float64)[kept]
  return Proposals(track.to_seconds(np.minimum(segments, len(track.features))), scores)


def of_track(network, track: Track, config: Localization) -> Proposals:
  """Returns the thinned proposals of each window of a track.

  Args:
    network: a GTADNetwork, or what is called like one.
    track: the track of one record.
    config: the configuration of the localisation.
  """
  parts = []
  for start in windows.starts(len(track.features), config.windows.length, config.windows.stride):
    scores = network(windows.cut(track.features, start, config.windows.length)[None])
    maps = (np.asarray(scores.classification)[0], np.asarray(scores.regression)[0])
    parts.append(of_window(*maps, start, track, config.detection).thinned(config.detection))
  return Proposals.joined(parts)


def soft_nms(segments: np.ndarray, scores: np.ndarray, sigma: float, number: int) -> tuple[np.ndarray, np.ndarray]:
  """Takes the best segment again and again; the scores of what it overlaps with decay by exp(-tIoU^2 / sigma).

  Args:
    segments: float [n, 2].
    scores: float [n], not negative; a score of 0 is never taken.
    sigma: the sigma of the decay.
    number: the most to take.

  Returns:
    int64 [m] and float64 [m], the segments taken and the scores that they had then; falling scores.
  """
  waiting, scores = np.arange(len(scores)), np.array(scores, np.float64)
  segments = np.asarray(segments, np.float64).reshape(-1, 2)
  chosen: list[int] = []
  chosen_scores: list[float] = []
  while len(waiting) and len(chosen) < number:
    best = int(scores.argmax())
    if scores[best] <= 0:
      break
    chosen.append(waiting[best])
    chosen_scores.append(scores[best])
    overlap = targets.temporal_iou(segments[best], segments)[0]
    left = np.arange(len(waiting)) != best
    scores = (scores * np.exp(-(overlap**2) / sigma))[left]
    waiting, segments = waiting[left], segments[left]
  return np.array(chosen, np.int64), np.array(chosen_scores, np.float64)
