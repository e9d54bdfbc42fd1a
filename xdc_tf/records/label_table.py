"""Clip index -> label. There are two kinds of tables.

- One label a clip, as all pseudo-labels are: int32 [number of manifest rows], -1 where a clip has none.
- Several labels a clip: bits, uint8 [number of manifest rows, ceil(classes / 8)], none set where a clip has none. The 2 million
  clips and 527 classes of AudioSet take 132 MB.
"""

import numpy as np
import tensorflow as tf

NO_LABEL = -1


def lookup(labels: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
  """Looks up labels in the graph.

  Args:
    labels: a table, [N] or [N, bytes].
    index: int64 [B], each in 0 .. N - 1.
  Returns:
    its rows, int32 [B] or uint8 [B, bytes].

  Raises:
    tf.errors.InvalidArgumentError: for an index beyond the table (on a CPU, where the reader runs).
  """
  return tf.gather(labels, index)


def pack(labels: np.ndarray) -> np.ndarray:
  """Packs bool [N, classes] into the bits of a table of several labels, uint8 [N, ceil(classes / 8)]."""
  return np.packbits(labels, axis=1)


def unpack(bits: tf.Tensor, num_classes: int) -> tf.Tensor:
  """Undoes `pack` in the graph: uint8 [B, ceil(classes / 8)] -> float32 [B, classes] of 0 and 1."""
  shifts = tf.constant(np.arange(7, -1, -1), tf.uint8)
  each = tf.bitwise.bitwise_and(tf.bitwise.right_shift(bits[:, :, None], shifts), tf.constant(1, tf.uint8))
  return tf.cast(tf.reshape(each, [tf.shape(bits)[0], -1])[:, :num_classes], tf.float32)


def checked(labels: np.ndarray, num_clips: int, name: str) -> np.ndarray:
  """Returns labels as int32 [num_clips], or as they are where a clip may have several.

  Args:
    labels: integers [num_clips], -1 for none; or uint8 [num_clips, bytes], see above.
    num_clips: how many there must be.
    name: what to call them in errors.

  Raises:
    ValueError: for another length, shape or type, or numbers below -1.
  """
  labels = np.asarray(labels)
  several = labels.ndim == 2 and labels.dtype == np.uint8
  if not several and (labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer)):
    raise ValueError(
      f'{name} holds {labels.dtype} {list(labels.shape)}; expected one whole number for each clip, -1 for none.'
    )
  if labels.shape[0] != num_clips:
    raise ValueError(
      f'{name} holds {labels.shape[0]} pseudo-labels but the manifest lists {num_clips} clips. The manifest probably changed '
      'after clustering: start a new --run_dir, or restore the old manifest.'
    )
  if several:
    return labels
  if num_clips and labels.min() < NO_LABEL:
    raise ValueError(f'{name} holds the label {labels.min()}; expected cluster numbers from 0, or -1 for none.')
  return labels.astype(np.int32, copy=False)
