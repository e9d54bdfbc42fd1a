"""Which clips of a labelled data set a sweep reads, and which it holds out to choose a learning rate by."""

import os

import numpy as np
import pytest
import records_factory
import tensorflow as tf
from sweep_cases import configuration, full
from tiny_encoders import TinyAudio

from xdc_tf.evaluation import sweep
from xdc_tf.evaluation.finetuning import FcOnly
from xdc_tf.manifest import manifest
from xdc_tf.records.folds import read_folds
from xdc_tf.runs.run_directory import RunDirectory


def labelled_records(folder, splits, roles=(), missing=()):
  """Records of videos each of a source of its own, of two classes in turn."""
  made = records_factory.write_records(
    folder, splits, frames_per_span=0, label_names=('cat', 'dog'), num_official_splits=int(bool(roles)), missing=missing
  )
  rows = [
    (split, manifest.Row(0, f'{split}{i}', 'x.wav', labels=(made.label_names[i % 2],), official_split=(roles[i],) if roles else ()))
    for split, number in splits.items()
    for i in range(number)
  ]  # fmt: skip
  manifest.write_manifest(made.manifest_directory, 'tiny', rows)
  return made


def test_a_grid_holds_out_whole_sources(tmp_path):
  """Videos are called official0 to official23; those with the same tens, 0 to 9 and so on, are of one source."""
  records = labelled_records(tmp_path, {'official': 24}, [1 + (i % 4 == 0) for i in range(24)])
  config = configuration(held_out_group='official([0-9]?)[0-9]$')
  inner = [cell.fold for cell in sweep.grid(config, read_folds(records), records) if cell.held_out][0]
  train, test = ({row // 10 for row in np.flatnonzero(part.clips)} for part in (inner.train, inner.test))
  assert train | test == {0, 1, 2} and test and train and not train & test
  with pytest.raises(ValueError, match=r"video 'official0' .* not found by the pattern '\(w\)'"):
    sweep.grid(configuration(held_out_group='(w)'), read_folds(records), records)
  with pytest.raises(ValueError, match=r'nothing of fold 1 can be held out .* Set Finetuning.held_out_share = 0'):
    sweep.grid(configuration(held_out_group='^(o)'), read_folds(records), records)


def test_what_failed_is_not_held_out(tmp_path):
  """Rows without a record were drawn: a rate was chosen on one class of two, or on nothing after all other cells were trained."""
  config = configuration(held_out_share=0.2, held_out_group='')
  roles = (1,) * 10 + (2,) * 6

  def held_out(name, missing=()):
    made = labelled_records(tmp_path / name, {'official': 16}, roles, [('official', row) for row in missing])
    inner = [cell.fold for cell in sweep.grid(config, read_folds(made), made) if cell.held_out][0]
    return np.flatnonzero(inner.test.clips).tolist()

  first = held_out('whole')
  assert sorted(row % 2 for row in first) == [0, 1]
  for missing in (first[:1], first):
    found = held_out(f'without {len(missing)}', missing)
    assert sorted(row % 2 for row in found) == [0, 1] and not set(found) & set(missing)


def test_a_split_that_no_fold_has_is_not_read(tmp_path, one_replica):
  """Its features were taken for nothing; and where all of its videos had failed, transfers ended."""
  splits = {'train': 6, 'validation': 4, 'test': 6}
  made = labelled_records(tmp_path / 'records', splits, missing=[('validation', row) for row in range(4)])
  config = configuration(trained='fc')
  encoder = TinyAudio()
  encoder(tf.zeros([1, 40, 60, 1]))
  FcOnly(config, encoder, 'audio', made).prepare(RunDirectory(str(tmp_path / 'fc'), one_replica))
  assert sorted(os.listdir(tmp_path / 'fc/features')) == ['test', 'train']
  full(config, made, one_replica)
