"""The labels that people gave to clips: to measure with and to finetune on. Pretraining never sees them."""

import numpy as np

from xdc_tf.data import manifest
from xdc_tf.data.label_table import NO_LABEL
from xdc_tf.data.schema import Records


def first_labels(records: Records, split: str) -> np.ndarray:
  """Reads every clip's first label from the manifest that the records were made from.

  Args:
    records: the data set.
    split: which split.

  Returns:
    int32 [num_rows], numbers into records.label_names; -1 where a clip has none.

  Raises:
    FileNotFoundError: when the manifest is gone.
  """
  number = {name: i for i, name in enumerate(records.label_names)}
  labels = np.full(records.num_rows(split), NO_LABEL, np.int32)
  for row in manifest.read_manifest(records.manifest_directory).rows(split):
    if row.labels:
      labels[row.index] = number[row.labels[0]]
  return labels
