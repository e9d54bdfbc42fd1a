"""Windows: equal pieces of the snippets of a video, and the clock that turns snippets into seconds.

Snippet i of a track stands for the cell [i, i + 1] of a time line in snippets: the time of a stride around its centre.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Track:
  """The snippets of one record, in the order of time.

  Attributes:
    video: name of the video.
    origin: seconds in the video at which the cell of the first snippet begins.
    step: seconds from one snippet to the next.
    features: float32 [n, d].
  """

  video: str
  origin: float
  step: float
  features: np.ndarray

  def to_snippets(self, seconds: np.ndarray) -> np.ndarray:
    """Returns times of the video on the time line of the snippets."""
    return (np.asarray(seconds, np.float64) - self.origin) / self.step

  def to_seconds(self, snippets: np.ndarray) -> np.ndarray:
    """Returns the inverse of `to_snippets`."""
    return self.origin + np.asarray(snippets, np.float64) * self.step


def starts(num_snippets: int, length: int, stride: int) -> list[int]:
  """Returns where windows start: 0, stride, ... as long as a whole one fits, and one at the end where snippets are left over.

  [code of G-TAD], but that it leaves out up to a fifth of a window at the end, which here has a window always (ours).
  """
  positions = list(range(0, max(num_snippets - length, 0) + 1, stride))
  if positions[-1] + length < num_snippets:
    positions.append(num_snippets - length)
  return positions


def cut(features: np.ndarray, start: int, length: int) -> np.ndarray:
  """Returns one window, float32 [length, d], zeros behind the end of the video [code of G-TAD]."""
  piece = features[start : start + length]
  return np.pad(piece, ((0, length - len(piece)), (0, 0)))


def actions_inside(actions: np.ndarray, start: int, length: int) -> tuple[np.ndarray, np.ndarray]:
  """Returns the actions that reach into a window, and how much of each.

  Args:
    actions: float [n, 2], start and end in snippets of the track.
    start: the start of the window.
    length: the length of the window.

  Returns:
    float64 [m, 2] in snippets from the window's start, and the share of each that lies in the window, float64 [m].
  """
  actions = np.asarray(actions, np.float64).reshape(-1, 2) - start
  actions = actions[actions[:, 1] > actions[:, 0]]  # Nothing of an action without length can lie anywhere.
  inside = np.clip(actions, 0, length)
  share = (inside[:, 1] - inside[:, 0]) / (actions[:, 1] - actions[:, 0])
  return actions[share > 0], share[share > 0]
