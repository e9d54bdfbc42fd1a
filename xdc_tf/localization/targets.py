"""What the network learns of a window: how far each proposal overlaps with an action, and where actions start and end.

The proposal (d, t) is the interval [t, t + d + 1] of a window, in snippets.
"""

import numpy as np

# Starts and ends are as wide as three snippets [code of G-TAD, after BSN].
BOUNDARY_SNIPPETS = 3


def temporal_iou(segments: np.ndarray, others: np.ndarray) -> np.ndarray:
  """Returns intersection over union of every pair of intervals.

  Args:
    segments: float [n, 2], start and end.
    others: float [m, 2].

  Returns:
    float64 [n, m]; 0 where neither has a length.
  """
  segments, others = (np.asarray(x, np.float64).reshape(-1, 2) for x in (segments, others))
  start = np.maximum(segments[:, None, 0], others[None, :, 0])
  end = np.minimum(segments[:, None, 1], others[None, :, 1])
  intersection = np.maximum(end - start, 0)
  lengths = [x[:, 1] - x[:, 0] for x in (segments, others)]
  union = lengths[0][:, None] + lengths[1][None, :] - intersection
  return np.divide(intersection, union, out=np.zeros_like(union), where=union > 0)


def proposal_intervals(length: int, max_duration: int) -> np.ndarray:
  """Returns the interval of every proposal, float64 [max_duration, length, 2]; those of the mask alone lie in the window."""
  durations, positions = np.mgrid[:max_duration, :length]
  return np.stack([positions, positions + durations + 1], axis=-1).astype(np.float64)


def proposal_mask(length: int, max_duration: int) -> np.ndarray:
  """Returns which proposals end in the window, bool [max_duration, length]."""
  return proposal_intervals(length, max_duration)[..., 1] <= length


def overlap_map(actions: np.ndarray, length: int, max_duration: int) -> np.ndarray:
  """Returns each proposal's highest tIoU with an action, float32 [max_duration, length]; 0 where it leaves the window.

  Args:
    actions: float [n, 2], in snippets; cut off at the ends of the window [code of G-TAD].
    length: the length of the window, T.
    max_duration: the longest duration of proposals, D.
  """
  if not len(actions):
    return np.zeros([max_duration, length], np.float32)
  intervals = proposal_intervals(length, max_duration).reshape(-1, 2)
  highest = temporal_iou(intervals, np.clip(actions, 0, length)).max(axis=1)
  return (highest.reshape(max_duration, length) * proposal_mask(length, max_duration)).astype(np.float32)


def boundary_scores(times: np.ndarray, length: int) -> np.ndarray:
  """Returns how much of each snippet's cell a start (or an end) covers, the highest of all: float32 [length].

  Args:
    times: float [n], in snippets.
    length: the length of the window, T.
  """
  cells = np.arange(length, dtype=np.float64)[:, None]
  times, half = np.asarray(times, np.float64)[None, :], BOUNDARY_SNIPPETS / 2
  covered = np.minimum(cells + 1, times + half) - np.maximum(cells, times - half)
  return covered.clip(0).max(axis=1, initial=0).astype(np.float32)
