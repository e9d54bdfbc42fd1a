"""Which listed videos of a labelled data set have a clip: a result on what is left must say what is missing."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from xdc_tf.records import positions
from xdc_tf.records.folds import Fold, FoldPart, splits_of
from xdc_tf.records.human_labels import all_labels
from xdc_tf.records.schema import Records


def check_coverage(records: Records, folds: Sequence[Fold], allow_missing_classes: bool) -> dict[str, dict]:
  """Counts the listed rows without a clip, and refuses a fold that has lost a class or has no labels.

  Args:
    records: the data set.
    folds: those that are to be measured.
    allow_missing_classes: measure on the classes that are left.

  Returns:
    {fold number: {'train' and 'test': {'listed', 'without_clip': videos, 'classes_without_clip': names}}}, for the results; 'test'
    has 'classes_not_trained' as well, names that are listed to test on alone, and how many 'clips_not_trained' have one.

  Raises:
    ValueError: when there is one class alone, when no clip to train or to test on has a label, or a class that a fold lists has no
      clip.
  """
  if len(records.label_names) == 1:
    raise ValueError(
      f'{records.directory} has one class, {records.label_names[0]!r}: whatever is measured of it is perfect. Expected two or more.'
    )
  splits = splits_of(folds)
  bits = {split: all_labels(records, split) for split in splits}
  present = {split: present_rows(records, split) for split in splits}
  covered, gone = {}, []
  for fold in folds:
    parts = {'train': fold.train, 'test': fold.test}
    for purpose, listed in parts.items():
      if not (listed.clips & bits[listed.split].any(axis=1)).any():
        raise ValueError(
          f'{records.directory}: fold {fold.number} has {listed.clips.sum()} clips to {purpose} on, and none has a label; '
          'expected labels. `xdc manifest --help` says how a list names them.'
        )
    covered[str(fold.number)] = {
      name: _coverage(part, bits[part.split], present[part.split], records.label_names) for name, part in parts.items()
    }
    covered[str(fold.number)]['test'] |= _not_trained(fold, bits, present, records.label_names)
    gone += [
      (fold.number, name, part) for name, part in covered[str(fold.number)].items() if part['classes_without_clip']
    ]
  if gone and not allow_missing_classes:
    number, name, part = gone[0]
    classes = part['classes_without_clip']
    raise ValueError(
      f'{records.directory}: in fold {number}, {len(classes)} of the {len(records.label_names)} classes have no clip to {name} on: '
      f'{", ".join(classes[:5])}{", ..." if len(classes) > 5 else "."} failed_videos.jsonl there says why (videos without sound? '
      'then make the clips with --modalities video). --allow_missing_classes measures on the classes that are left.'
    )
  return covered


def missing_classes(coverage: dict[str, dict]) -> dict[str, set[str]]:
  """Returns, by the fold's number, the names of the classes that it could not be trained or tested on."""
  return {
    number: {
      name for part in parts.values() for name in part['classes_without_clip'] + part.get('classes_not_trained', [])
    }
    for number, parts in coverage.items()
  }


def describe(coverage: dict[str, dict]) -> str:
  """Returns a line for each part of a fold that lacks clips or classes, '' when none does."""
  lines = []
  for number, parts in coverage.items():
    for name, part in parts.items():
      if part['without_clip']:
        lines.append(
          f'fold {number}: {part["without_clip"]} of {part["listed"]} listed rows have no clip to {name} on, and '
          f'{len(part["classes_without_clip"])} classes have none.'
        )
      if part.get('classes_not_trained'):
        lines.append(
          f'fold {number}: {len(part["classes_not_trained"])} classes are listed to test on alone, with '
          f'{part["clips_not_trained"]} clips: nothing can learn them.'
        )
  return '\n'.join(lines)


def present_rows(records: Records, split: str) -> np.ndarray:
  """Returns which manifest rows have a record: bool [num_rows]."""
  present = np.ones(records.num_rows(split), bool)
  if records.num_clips(split) == len(present):
    return present
  failed = os.path.join(records.directory, 'failed_videos.jsonl')
  if tf.io.gfile.exists(failed):
    with tf.io.gfile.GFile(failed, 'r') as file:
      rows = [json.loads(line) for line in file]
    present[[row['index'] for row in rows if row['split'] == split]] = False
  if present.sum() != records.num_clips(split):  # The list is gone, or another one: the records themselves know.
    present[:] = False
    for path in records.shard_paths(split):
      present[positions.read_indices(path)] = True
  return present


def _coverage(part: FoldPart, bits: np.ndarray, present: np.ndarray, label_names: Sequence[str]) -> dict[str, Any]:
  gone = _classes(bits[part.clips]) & ~_classes(bits[part.clips & present])
  return {
    'listed': int(part.clips.sum()),
    'without_clip': int((part.clips & ~present).sum()),
    'classes_without_clip': _names(gone, label_names),
  }


def _not_trained(
  fold: Fold, bits: Mapping[str, np.ndarray], present: Mapping[str, np.ndarray], label_names: Sequence[str]
) -> dict[str, Any]:
  tested = bits[fold.test.split][fold.test.clips & present[fold.test.split]]
  alone = _classes(tested) & ~_classes(bits[fold.train.split][fold.train.clips])
  return {
    'classes_not_trained': _names(alone, label_names),
    'clips_not_trained': int((tested & np.packbits(alone)).any(axis=1).sum()),
  }


def _classes(bits: np.ndarray) -> np.ndarray:
  """Which classes occur among packed labels uint8 [n, classes / 8]: bool [classes, filled up to whole bytes]."""
  return np.unpackbits(np.bitwise_or.reduce(bits, axis=0, initial=0)).astype(bool)


def _names(chosen: np.ndarray, label_names: Sequence[str]) -> list[str]:
  return [label_names[number] for number in np.flatnonzero(chosen).tolist()]
