"""One row of numbers an epoch: a CSV file for people and scripts, TensorBoard scalars for eyes."""

import csv
import os

import tensorflow as tf

from xdc_tf import files


class MetricsLog:
  """Writes metrics.csv and TensorBoard events in a folder; a resumed job never writes an epoch twice into the CSV."""

  def __init__(self, folder: str, first_epoch: int):
    """Keeps the rows of epochs before `first_epoch` that an earlier, interrupted job left."""
    self._path = os.path.join(folder, 'metrics.csv')
    self._events = tf.summary.create_file_writer(os.path.join(folder, 'tensorboard'))
    self._rows = [row for row in read_metrics(self._path) if int(row['epoch']) < first_epoch]

  def write(self, epoch: int, values: dict[str, float]) -> None:
    """Adds one epoch's numbers; every call must have the same names."""
    self._rows.append({'epoch': epoch, **values})
    with files.atomic_write(self._path, 'w') as file:
      writer = csv.DictWriter(file, fieldnames=list(self._rows[0]), lineterminator='\n')
      writer.writeheader()
      writer.writerows(self._rows)
    with self._events.as_default():
      for name, value in values.items():
        tf.summary.scalar(name, value, step=epoch)
    self._events.flush()

  def close(self) -> None:
    """Closes the event file."""
    self._events.close()


def read_metrics(path: str) -> list[dict[str, str]]:
  """Reads the rows of a metrics.csv; none when there is no such file."""
  if not tf.io.gfile.exists(path):
    return []
  with tf.io.gfile.GFile(path, 'r') as file:
    return list(csv.DictReader(file.read().splitlines()))
