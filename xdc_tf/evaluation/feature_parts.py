"""What a long extraction of features keeps on its way, so that a killed one goes on from there."""

import os
import time
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from xdc_tf import files

# At most so much work is lost; small extractions are over before.
KEEP_EVERY_SECONDS = 120.0


class FeatureParts:
  """The parts of one extraction, in its order, in FOLDER/parts: part-00000.features.npy and, last, part-00000.index.npy."""

  def __init__(self, folder: str):
    self._folder = os.path.join(folder, 'parts')
    self._number, self._kept_at = 0, time.monotonic()

  def read(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields (index int64 [b], features float32 [b, num_clips, d]) of each part that was kept."""
    while tf.io.gfile.exists(self._path('index')):
      yield files.read_array(self._path('index')), files.read_array(self._path('features'))
      self._number += 1

  def is_due(self) -> bool:
    """Whether the last part was kept long enough ago."""
    return time.monotonic() - self._kept_at >= KEEP_EVERY_SECONDS

  def keep(self, index: np.ndarray, features: np.ndarray) -> None:
    """Writes the next part, index int64 [b] and features float32 [b, num_clips, d]."""
    files.write_array(self._path('features'), features)
    files.write_array(self._path('index'), index)
    self._number, self._kept_at = self._number + 1, time.monotonic()

  def delete(self) -> None:
    """Deletes all parts: the whole is there."""
    files.delete(self._folder)

  def _path(self, name: str) -> str:
    return os.path.join(self._folder, f'part-{self._number:05d}.{name}.npy')
