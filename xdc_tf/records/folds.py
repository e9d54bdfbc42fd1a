"""Which clips train and which test: the official splits of a data set, all in one set of records, or its record splits."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from xdc_tf.manifest import manifest
from xdc_tf.manifest.manifest import TEST, TRAIN
from xdc_tf.records import source_videos
from xdc_tf.records.label_table import NO_LABEL
from xdc_tf.records.schema import Records


@dataclasses.dataclass(frozen=True)
class FoldPart:
  """Clips of one record split.

  Attributes:
    split: the split of the records.
    clips: bool [num_rows of the split].
  """

  split: str
  clips: np.ndarray


@dataclasses.dataclass(frozen=True)
class Fold:
  """One way to train and test, e.g. UCF101's split 1.

  Attributes:
    number: from 1, as the data sets count.
    train: what is learned from.
    test: what is measured on.
  """

  number: int
  train: FoldPart
  test: FoldPart

  def hold_out(self, labels: np.ndarray, source_of: np.ndarray, share: float, seed: int) -> 'Fold':
    """Returns the fold that trains on most of its training clips and tests on the others: to choose a learning rate by.

    Args:
      labels: int [num_rows of the training split]; every class gives about the same share. Clips without one (-1) teach nothing,
        and stay where they are.
      source_of: int [num_rows of the training split]; a source is held out whole (see source_videos.py).
      share: the share of the training clips to hold out.
      seed: the seed of the choice.
    """
    split, clips = self.train.split, self.train.clips
    held_out = np.zeros(len(labels), bool)
    labelled = clips & (labels != NO_LABEL)
    held_out[labelled] = source_videos.draw(labels[labelled], source_of[labelled], share, seed)
    return Fold(self.number, FoldPart(split, clips & ~held_out), FoldPart(split, held_out))


def read_folds(records: Records) -> list[Fold]:
  """Reads the folds of a data set: its official splits; without any, the record splits 'train' and 'test' (or 'validation').

  Args:
    records: the data set; the manifest that it was made from must still be there.

  Raises:
    FileNotFoundError: when the manifest is gone.
    ValueError: when there is nothing to train or to test on.
  """
  if records.num_official_splits:
    folds = _official(records)
  else:
    test = 'test' if 'test' in records.splits else 'validation'
    if 'train' not in records.splits or test not in records.splits:
      raise ValueError(
        f'{records.directory} has no official splits, and the record splits {", ".join(records.splits)}; expected train and test. '
        '`xdc manifest --help` says how a list names them.'
      )
    folds = [Fold(1, *(FoldPart(split, np.ones(records.num_rows(split), bool)) for split in ('train', test)))]
  for fold in folds:
    for part, purpose in ((fold.train, 'train'), (fold.test, 'test')):
      if not part.clips.any():
        raise ValueError(f'{records.directory}: fold {fold.number} has no clip to {purpose} on.')
  return folds


def splits_of(folds: Sequence[Fold]) -> list[str]:
  """Returns the splits of the records that some of the folds trains or tests on, sorted."""
  return sorted({part.split for fold in folds for part in (fold.train, fold.test)})


def _official(records: Records) -> list[Fold]:
  if len(records.splits) != 1:
    raise ValueError(
      f'{records.directory} has official splits and the record splits {", ".join(records.splits)}; expected all clips in one '
      'record split, as `xdc manifest` writes data sets with official splits.'
    )
  split = records.splits[0]
  roles = np.zeros([records.num_rows(split), records.num_official_splits], np.int8)
  for row in manifest.read_manifest(records.manifest_directory).rows(split):
    roles[row.index] = row.official_split
  return [
    Fold(number + 1, FoldPart(split, column == TRAIN), FoldPart(split, column == TEST))
    for number, column in enumerate(roles.T)
  ]
