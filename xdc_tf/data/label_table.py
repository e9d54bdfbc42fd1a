"""Clip index -> pseudo-label. A table is int32 [number of manifest rows], -1 where a clip has no label."""

import numpy as np
import tensorflow as tf

from xdc_tf import files

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


def save(path: str, labels: np.ndarray) -> None:
  """Writes labels, integers [N], as an int32 .npy file, atomically."""
  with files.atomic_write(path) as file:
    np.lib.format.write_array(file, checked(labels, len(labels), path), allow_pickle=False)


def load(path: str, num_clips: int) -> np.ndarray:
  """Reads the labels that `save` wrote.

  Args:
    path: of the .npy file.
    num_clips: how many there must be: `Records.num_rows` of the split.
  Returns:
    int32 [num_clips].

  Raises:
    ValueError: when the file is damaged or of another length.
  """
  with tf.io.gfile.GFile(path, 'rb') as file:
    try:
      labels = np.lib.format.read_array(file, allow_pickle=False)
    except ValueError as error:
      raise ValueError(f'{path} is not a whole .npy file ({error}). Delete it and cluster again.') from error
  return checked(labels, num_clips, path)


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
