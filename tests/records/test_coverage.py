"""What is said of a labelled data set of which videos have no clip."""

import dataclasses
import json

import numpy as np
import pytest
import records_factory

from xdc_tf.manifest import manifest
from xdc_tf.records import coverage
from xdc_tf.records.folds import read_folds

NUM_ROWS = 12


NONE_ALONE = {'classes_not_trained': [], 'clips_not_trained': 0}


def make_records(folder, missing, class_of=lambda row: row % 3):
  """Row i has class i % 3; split 1 tests on every fourth row."""
  made = records_factory.write_records(
    folder,
    {'official': NUM_ROWS},
    frames_per_span=0,
    num_official_splits=1,
    missing=[('official', index) for index in missing],
  )
  rows = [
    manifest.Row(0, f'v{i}', f'v{i}.mp4', labels=(made.label_names[class_of(i)],), official_split=(1 + (i % 4 == 0),))
    for i in range(NUM_ROWS)
  ]
  manifest.write_manifest(made.manifest_directory, 'tiny', [('official', row) for row in rows])
  return made


@pytest.mark.parametrize('has_list', [False, True])
def test_videos_without_a_clip_are_counted(tmp_path, has_list):
  records = make_records(tmp_path, [1, 3, 4])
  if has_list:
    lines = [json.dumps({'split': 'official', 'index': index}) for index in (1, 3, 4)]
    (tmp_path / 'failed_videos.jsonl').write_text('\n'.join(lines))
  np.testing.assert_array_equal(np.flatnonzero(~coverage.present_rows(records, 'official')), [1, 3, 4])
  # The test rows are 0, 4 and 8: of class 0, 1 and 2.
  with pytest.raises(
    ValueError, match='in fold 1, 1 of the 3 classes have no clip to test on: dog. .*allow_missing_classes'
  ):
    coverage.check_coverage(records, read_folds(records), allow_missing_classes=False)
  found = coverage.check_coverage(records, read_folds(records), allow_missing_classes=True)
  assert found == {
    '1': {
      'train': {'listed': 9, 'without_clip': 2, 'classes_without_clip': []},
      'test': {'listed': 3, 'without_clip': 1, 'classes_without_clip': ['dog']} | NONE_ALONE,
    }
  }
  assert coverage.missing_classes(found) == {'1': {'dog'}}
  assert coverage.describe(found).splitlines() == [
    'fold 1: 2 of 9 listed rows have no clip to train on, and 0 classes have none.',
    'fold 1: 1 of 3 listed rows have no clip to test on, and 1 classes have none.',
  ]


def test_classes_that_are_tested_alone_are_told(tmp_path):
  """Lists of one's own have such classes where few clips are dealt out at random: they counted as wrong without a word."""
  records = make_records(tmp_path, [8], class_of=lambda row: 2 if row % 4 == 0 else row % 2)
  found = coverage.check_coverage(records, read_folds(records), allow_missing_classes=False)
  assert found['1']['test'] == {
    'listed': 3,
    'without_clip': 1,
    'classes_without_clip': [],
    'classes_not_trained': [records.label_names[2]],
    'clips_not_trained': 2,
  }
  assert coverage.missing_classes(found) == {'1': {records.label_names[2]}}
  assert coverage.describe(found).splitlines()[1] == (
    'fold 1: 1 classes are listed to test on alone, with 2 clips: nothing can learn them.'
  )


def test_one_class_is_nothing_to_tell_apart(tmp_path):
  """Finetuning and retrieval were 100 % right."""
  records = dataclasses.replace(make_records(tmp_path, []), label_names=('cat',))
  with pytest.raises(ValueError, match=f"^{records.directory} has one class, 'cat'"):
    coverage.check_coverage(records, read_folds(records), True)


def test_a_whole_data_set_needs_no_word(tmp_path):
  records = make_records(tmp_path, [])
  assert coverage.describe(coverage.check_coverage(records, read_folds(records), False)) == ''
