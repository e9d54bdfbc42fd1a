"""Clip index -> pseudo-label. A table is int32 [number of manifest rows], -1 where a clip has no label."""

import numpy as np
import tensorflow as tf

NO_LABEL = -1


def lookup(labels: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
  """Looks up labels in the graph.

  Args:
    labels: int32 [N].
    index: int64 [B], each in 0 .. N - 1.
  Returns:
    int32 [B]; -1 for a clip without label.

  Raises:
    tf.errors.InvalidArgumentError: for an index beyond the table (on a CPU, where the reader runs).
  """
  return tf.gather(labels, index)


def checked(labels: np.ndarray, num_clips: int, name: str) -> np.ndarray:
  """Returns labels as int32 [num_clips].

  Args:
    labels: integers [num_clips], -1 for none.
    num_clips: how many there must be.
    name: what to call them in errors.

  Raises:
    ValueError: for another length, shape or type, or numbers below -1.
  """
  labels = np.asarray(labels)
  if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
    raise ValueError(
      f'{name} holds {labels.dtype} {list(labels.shape)}; expected one whole number for each clip, -1 for none.'
    )
  if labels.shape[0] != num_clips:
    raise ValueError(
      f'{name} holds {labels.shape[0]} pseudo-labels but the manifest lists {num_clips} clips. The manifest probably changed '
      'after clustering: start a new --run_dir, or restore the old manifest.'
    )
  if num_clips and labels.min() < NO_LABEL:
    raise ValueError(f'{name} holds the label {labels.min()}; expected cluster numbers from 0, or -1 for none.')
  return labels.astype(np.int32, copy=False)
