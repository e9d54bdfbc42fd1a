"""Official splits and record splits as folds, against literal rows."""

import numpy as np
import pytest
import records_factory

from xdc_tf.manifest import manifest
from xdc_tf.records import folds


class FakeRecords:
  """What read_folds asks of records."""

  def __init__(self, directory, written):
    self.directory = self.manifest_directory = str(directory)
    self.num_official_splits, self.splits = written.num_official_splits, tuple(written.splits)
    self.num_rows = written.num_rows


def records_of(directory, rows) -> FakeRecords:
  return FakeRecords(directory, manifest.write_manifest(str(directory), 'set', rows))


def row(number: int, official: tuple[int, ...]) -> manifest.Row:
  return manifest.Row(0, f'v{number}', f'v{number}.mp4', official_split=official)


def test_every_official_split_is_a_fold(tmp_path):
  roles = [(1, 2), (2, 1), (1, 0), (0, 1), (2, 2)]
  found = folds.read_folds(records_of(tmp_path, [('official', row(n, r)) for n, r in enumerate(roles)]))
  assert [fold.number for fold in found] == [1, 2]
  assert [list(np.flatnonzero(f.train.clips)) for f in found] == [[0, 2], [1, 3]]
  assert [list(np.flatnonzero(f.test.clips)) for f in found] == [[1, 4], [0, 4]]
  assert {part.split for fold in found for part in (fold.train, fold.test)} == {'official'}


def test_record_splits_are_the_only_fold(tmp_path):
  records = records_of(tmp_path, [('train', row(0, ())), ('train', row(1, ())), ('test', row(2, ()))])
  (fold,) = folds.read_folds(records)
  assert (fold.number, fold.train.split, fold.test.split) == (1, 'train', 'test')
  assert (list(fold.train.clips), list(fold.test.clips)) == ([True, True], [True])


def test_validation_clips_test_where_there_are_no_test_clips(tmp_path):
  (fold,) = folds.read_folds(records_factory.write_records(tmp_path, num_official_splits=0))
  assert (fold.train.split, fold.test.split) == ('train', 'validation')


def test_what_cannot_be_a_fold_is_refused(tmp_path):
  with pytest.raises(ValueError, match='expected train and test'):
    folds.read_folds(records_of(tmp_path / 'a', [('train', row(0, ()))]))
  with pytest.raises(ValueError, match='fold 2 has no clip to test on'):
    folds.read_folds(records_of(tmp_path / 'b', [('official', row(0, (1, 1))), ('official', row(1, (2, 0)))]))
  with pytest.raises(ValueError, match='expected all clips in one record split'):
    folds.read_folds(records_of(tmp_path / 'c', [('train', row(0, (1,))), ('test', row(1, (2,)))]))


def test_held_out_clips_are_a_share_of_every_class_and_come_from_the_training_clips_only():
  labels = np.array([0] * 10 + [1] * 20 + [2] + [0] * 5)
  train = np.arange(36) < 31
  whole = folds.Fold(3, folds.FoldPart('official', train), folds.FoldPart('official', ~train))
  alone = np.arange(36)
  fold = whole.hold_out(labels, alone, share=0.2, seed=0)
  assert fold.number == 3
  assert [np.sum(fold.test.clips & (labels == c)) for c in range(3)] == [2, 4, 0]
  np.testing.assert_array_equal(fold.train.clips | fold.test.clips, train)
  assert not (fold.train.clips & fold.test.clips).any()
  assert (whole.hold_out(labels, alone, 0.2, 1).test.clips != fold.test.clips).any()
  unlabelled = whole.hold_out(np.where(labels == 0, -1, labels), alone, 0.2, 0)
  assert not unlabelled.test.clips[labels == 0].any() and unlabelled.test.clips.sum() == 4
  pairs = whole.hold_out(labels, alone // 2, share=0.2, seed=0)
  assert pairs.test.clips.sum() == 6
  assert not set(alone[pairs.test.clips] // 2) & set(alone[pairs.train.clips] // 2)
