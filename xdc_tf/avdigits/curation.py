"""What may be wrong with the training clips of a corpus as a whole, as with uncurated films. Test clips stay as they should be."""

import dataclasses

import numpy as np

MAX_MISMATCHED, MAX_LONG_TAIL = 0.6, 100.0


@dataclasses.dataclass(frozen=True)
class Curation:
  """How well the training clips were chosen; the default is: perfectly.

  Attributes:
    mismatched_sound: share of the clips in which another class is said than is shown, 0 to 0.6.
    long_tail: how many times as many clips the most frequent class has as the rarest, 1 to 100; the numbers between fall
      geometrically, from the first class to the last.
    shared_background: the two colours of the background belong to the voice: the modalities share more than the digit then.
  """

  mismatched_sound: float = 0.0
  long_tail: float = 1.0
  shared_background: bool = False

  def __post_init__(self):
    if not (0 <= self.mismatched_sound <= MAX_MISMATCHED and 1 <= self.long_tail <= MAX_LONG_TAIL):
      raise ValueError(
        f'mismatched_sound={self.mismatched_sound:g} and long_tail={self.long_tail:g}; expected 0 to {MAX_MISMATCHED:g} and 1 to '
        f'{MAX_LONG_TAIL:g}.'
      )

  def shares(self, num_classes: int) -> np.ndarray:
    """Returns float64 [num_classes], the share of each class among the training clips."""
    weights = self.long_tail ** -np.linspace(0, 1, num_classes)
    return weights / weights.sum()

  def said(self, label: int, num_classes: int, random: np.random.Generator) -> int:
    """Draws which class is said in a clip that shows the class `label`."""
    if random.uniform() >= self.mismatched_sound:
      return label
    return int((label + random.integers(1, num_classes)) % num_classes)
