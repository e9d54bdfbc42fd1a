"""One row of numbers an epoch: a CSV file for people and scripts, TensorBoard scalars for eyes."""

import csv
import os
from collections.abc import Mapping

import tensorflow as tf

from xdc_tf import files
from xdc_tf.training.event_files import open_events


class MetricsLog:
  """Writes metrics.csv and TensorBoard events in a folder; a resumed job leaves every epoch in them once."""

  def __init__(self, folder: str, first_epoch: int):
    """Keeps the rows of epochs before `first_epoch` that an earlier, interrupted job left."""
    self._path = os.path.join(folder, 'metrics.csv')
    self._rows: list[Mapping[str, str | float]] = [
      row for row in read_metrics(self._path) if int(row['epoch']) < first_epoch
    ]
    # Events can only be appended. So the old ones, with the epochs that come once more, go, and those that stay are written again.
    self._events = open_events(os.path.join(folder, 'tensorboard'))
    for row in self._rows:
      self._write_events(row)

  def write(self, epoch: int, values: dict[str, float]) -> None:
    """Adds one epoch's numbers; every call must have the same names."""
    self._rows.append({'epoch': epoch, **values})
    with files.atomic_write(self._path, 'w') as file:
      writer = csv.DictWriter(file, fieldnames=list(self._rows[0]), lineterminator='\n')
      writer.writeheader()
      writer.writerows(self._rows)
    self._write_events(self._rows[-1])

  def _write_events(self, row: Mapping[str, str | float]) -> None:
    with self._events.as_default(int(row['epoch'])):
      for name, value in row.items():
        if name != 'epoch':
          tf.summary.scalar(name, float(value))
    self._events.flush()

  def close(self) -> None:
    """Closes the event file."""
    self._events.close()


def read_metrics(path: str) -> list[dict[str, str]]:
  """Reads the rows of a metrics.csv; none when there is no such file.

  Raises:
    ValueError: when the file is damaged.
  """
  if not tf.io.gfile.exists(path):
    return []
  reader = csv.DictReader(files.read_text(path).splitlines())
  try:
    rows = list(reader)
    if 'epoch' not in (reader.fieldnames or ()):
      raise ValueError('it has no column "epoch"')
    for row in rows:
      int(row['epoch'])
      for value in row.values():
        float(value)
  except (TypeError, ValueError, csv.Error) as error:  # A row that is cut short holds None.
    raise ValueError(
      f'{path} is damaged ({error}); expected numbers in every row. Restore or delete it: only curves are made of it.'
    ) from error
  return rows
