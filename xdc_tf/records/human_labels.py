"""The labels that people gave to clips: to measure with and to finetune on. Pretraining never sees them."""

import functools
import os
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from absl import logging

from xdc_tf.manifest import manifest
from xdc_tf.records import schema
from xdc_tf.records.label_table import NO_LABEL
from xdc_tf.records.schema import Records


def first_labels(records: Records, split: str, warns: bool = False) -> np.ndarray:
  """Reads every clip's first label from the manifest that the records were made from.

  Args:
    records: the data set.
    split: which split.
    warns: of clips with several labels, where a result is to be measured on one.

  Returns:
    int32 [num_rows], numbers into records.label_names; -1 where a clip has none.

  Raises:
    FileNotFoundError: when the manifest is gone.
  """
  labels, several = np.full(records.num_rows(split), NO_LABEL, np.int32), 0
  for index, numbers in _numbers(records, split):
    if numbers:
      labels[index] = numbers[0]
    several += len(numbers) > 1
  if several and warns:
    _warn_of_several(several, len(labels), split, records.directory)
  return labels


@functools.cache  # Once, and not for every clustering of every iteration.
def _warn_of_several(several: int, num_clips: int, split: str, directory: str) -> None:
  logging.warning(
    '%d of %d clips of %s in %s have several labels, of which the first counts alone (`xdc clusters-table` counts all).',
    several,
    num_clips,
    split,
    directory,
  )


def all_labels(records: Records, split: str) -> np.ndarray:
  """Reads all labels of every clip, as a table of bits: uint8 [num_rows, ceil(classes / 8)] (see label_table.py).

  Raises:
    FileNotFoundError: when the manifest is gone.
  """
  num_classes = len(records.label_names)
  bits = np.zeros([records.num_rows(split), -(-num_classes // 8)], np.uint8)
  row = np.zeros(num_classes, bool)
  for index, numbers in _numbers(records, split):
    row[:] = False
    row[numbers] = True
    bits[index] = np.packbits(row)
  return bits


def _numbers(records: Records, split: str) -> Iterator[tuple[int, list[int]]]:
  number = {name: i for i, name in enumerate(records.label_names)}
  for row in manifest.read_manifest(records.manifest_directory).rows(split):
    yield row.index, [number[label] for label in row.labels]


def first_labels_if_any(records: Records, split: str) -> np.ndarray | None:
  """Returns first_labels, with a warning of clips with several, or None when the data set has no labels or its manifest is gone.

  Raises:
    FileNotFoundError: when the records themselves are gone, with a disk or a mount: then nothing is to be measured without labels.
  """
  if not records.label_names:
    return None
  try:
    return first_labels(records, split, warns=True)
  except FileNotFoundError:
    if not tf.io.gfile.exists(os.path.join(records.directory, schema.DONE_FILE)):
      raise
    logging.warning('The manifest %s is gone: purity and NMI with labels are not measured.', records.manifest_directory)
    return None
