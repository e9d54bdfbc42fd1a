"""Reads TensorBoard's event files as TensorBoard does."""

import numpy as np
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def read_events(folder) -> dict[str, list[tuple[int, np.ndarray]]]:
  """Returns (step, value) of every tag of a folder in TensorBoard's order, those that come twice twice."""
  # Else TensorBoard hides some of what comes twice.
  accumulator = EventAccumulator(str(folder), size_guidance={'tensors': 0}, purge_orphaned_data=False)
  accumulator.Reload()
  return {
    tag: [(event.step, tf.make_ndarray(event.tensor_proto)) for event in accumulator.Tensors(tag)]
    for tag in accumulator.Tags()['tensors']
  }
