"""Whether a span has anything to hear or to see: silence and still pictures would make large clusters of nothing.

The paper leaves videos without sound out; a sound track that ends early, or holds nothing, is the same for those who cluster it.
"""

from collections.abc import Sequence

import numpy as np

_BLOCK_SECONDS = 0.1


def silent_share(waveform: np.ndarray, sample_rate: int, threshold_db: float) -> float:
  """Returns the share of tenths of a second whose loudest sample is below a threshold.

  Args:
    waveform: float32 [S] in [-1, 1].
    sample_rate: hertz.
    threshold_db: decibels of full scale, e.g. -70: digital silence is -infinity, a quiet room around -50.
  """
  block = max(1, round(sample_rate * _BLOCK_SECONDS))
  if not len(waveform):
    return 1.0
  peaks = np.maximum.reduceat(np.abs(waveform), np.arange(0, len(waveform), block))
  return float(np.mean(peaks < 10 ** (threshold_db / 20)))


def is_still(frames: Sequence[bytes]) -> bool:
  """Whether all JPEGs of a span are the same bytes: a frozen or black picture, as decoders give it out again and again."""
  return len(frames) > 1 and all(frame == frames[0] for frame in frames)
