"""TensorBoard's event files, so that a job that was killed and goes on leaves no number in them twice.

TensorBoard shows a folder with event files as one run. It reads those whose names hold 'tfevents', in the order of their names.
"""

import os
import time
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from xdc_tf import files


def open_events(folder: str) -> tf.summary.SummaryWriter:
  """Opens an event file for tf.summary, in place of what an earlier, interrupted job left in the folder."""
  _remove_events(folder)
  return tf.summary.create_file_writer(folder)


def _remove_events(folder: str, beginning: str = '') -> None:
  """Removes all that TensorBoard would read; half a file that a killed job had not yet renamed is read too."""
  if tf.io.gfile.exists(folder):
    for name in tf.io.gfile.listdir(folder):
      if name.startswith(beginning) and 'tfevents' in name:
        files.delete(os.path.join(folder, name))


def write_step(
  folder: str, name: str, step: int, scalars: Mapping[str, float], histograms: Mapping[str, np.ndarray]
) -> None:
  """Writes one step as a file of its own, whole or not at all; the same step, written again, replaces it.

  tf.summary names files by the clock. A step that is done again, perhaps on another machine, would be there twice, and steps out of
  order make TensorBoard forget those between.

  Args:
    folder: the folder of all steps.
    name: the name of the step; later ones must have later names.
    step: its number.
    scalars: numbers by their tags.
    histograms: the values to count, of any shape, by their tags.
  """
  from tensorboard.compat.proto.event_pb2 import Event
  from tensorboard.plugins.histogram.summary_v2 import histogram_pb
  from tensorboard.plugins.scalar.summary_v2 import scalar_pb

  event = Event(wall_time=time.time(), step=step)
  for tag, value in scalars.items():
    event.summary.MergeFrom(scalar_pb(tag, value))
  for tag, values in histograms.items():
    event.summary.MergeFrom(histogram_pb(tag, values))
  _remove_events(folder, f'{name}.tfevents')
  with files.atomic_path(os.path.join(folder, f'{name}.tfevents')) as path, tf.io.TFRecordWriter(path) as writer:
    for record in (Event(wall_time=event.wall_time, file_version='brain.Event:2'), event):
      writer.write(record.SerializeToString())
