"""Every kind of damage is found and named, and what is whole is not called damaged."""

import argparse
import json
import pathlib
import re
import shutil

import numpy as np
import pytest
import records_factory
import tensorflow as tf

from xdc_tf import files
from xdc_tf.cli import check
from xdc_tf.clustering.assignments import PseudoLabels
from xdc_tf.clustering.clusters import Clusters
from xdc_tf.clustering.feature_store import write_shard
from xdc_tf.doctor import integrity
from xdc_tf.manifest import manifest
from xdc_tf.training.early_stopping import EarlyStopping


@pytest.fixture
def folder(tmp_path):
  """What a run leaves, in small, with its records."""
  records_factory.write_records(tmp_path / 'records', {'train': 8})
  run = tmp_path / 'run'
  here = run / 'iteration-01'
  model = tf.keras.Sequential([tf.keras.layers.Dense(3)])
  model(tf.zeros([1, 2]))
  for shard in range(2):
    write_shard(str(here / 'features/video'), 'train', shard, 2, np.arange(3), np.ones((3, 4), np.float32))
  write_shard(str(here / 'features/video'), 'validation', 0, 1, np.arange(3), np.ones((3, 4), np.float32))
  tf.train.Checkpoint(model=model).write(str(here / 'train/video/weights'))
  tf.train.Checkpoint(stop=EarlyStopping(1)).write(str(here / 'train/video/checkpoints/ckpt-1'))
  Clusters(np.eye(3, dtype=np.float32)).save(str(here / 'clusters/video'))
  for split in ('train', 'validation'):
    PseudoLabels(np.arange(4), np.zeros(4, np.float32)).save(str(here / 'clusters/video' / split))
  for stage in ('clusters/video', 'metrics'):
    files.write_json(str(here / stage / 'metrics.json'), {'nmi': 0.5})
  module = tf.Module()
  module.serve = tf.function(lambda x: x + 1, input_signature=[tf.TensorSpec([None])])
  tf.saved_model.save(module, str(run / 'xdc_video/1'))
  files.write_json(str(run / 'xdc_video/1/assets.extra/metadata.json'), {})
  manifest.write_manifest(tmp_path / 'manifest', 'films', [('train', manifest.Row(0, 'a', 'a.mp4'))])
  for stage in ('features/video', 'train/video', 'clusters/video', 'metrics'):
    files.write_mark(str(here / stage / 'DONE'))
  for name in ('config.gin', 'iteration-01/train/video/metrics.csv'):
    (run / name).write_text('')
  return tmp_path


def findings(folder):
  return integrity.run(integrity.checks(str(folder)), threads=2)


def test_what_is_whole_is_not_called_damaged(folder):
  (folder / 'run/iteration-01/metrics/metrics.json.tmp.123').write_text(
    '{'
  )  # Of a write that was broken off: nobody reads it.
  kinds = {checked.kind for checked in integrity.checks(str(folder))}
  assert kinds == {'records', 'manifest', 'features', 'weights', 'array', 'JSON', 'SavedModel', 'stage', 'run'}
  assert findings(folder) == []


def test_what_the_names_of_folders_and_other_systems_suggest_is_no_damage(folder, tmp_path):
  """Records below a folder called 'train' lacked weights; the file that macOS lays beside every other one was a damaged array."""
  below = folder / 'w/train/clips'
  shutil.copytree(folder / 'records', below)
  (folder / 'run/iteration-01/clusters/video/._centroids.npy').write_bytes(b'Mac OS X')
  (folder / 'run/.AppleDouble').mkdir()
  (folder / 'run/.AppleDouble/centroids.npy').write_bytes(b'Mac OS X')
  (folder / 'run/loop').symlink_to(folder / 'run')
  before = len(integrity.checks(str(folder / 'run')))
  (folder / 'run/loop').unlink()
  assert len(integrity.checks(str(folder / 'run'))) == before
  assert findings(folder) == []


def flip(path: pathlib.Path, place: float = 0.5) -> None:
  data = bytearray(path.read_bytes())
  data[int(len(data) * place)] ^= 255
  path.write_bytes(data)


def empty(path: pathlib.Path) -> None:
  path.write_bytes(b'')


def cut(path: pathlib.Path) -> None:
  path.write_bytes(path.read_bytes()[:-3])


def replace_array(path, array):
  with open(path, 'wb') as file:
    np.save(file, array)


@pytest.mark.slow
@pytest.mark.parametrize(
  ('kind', 'path', 'harm', 'problem'),
  [
    ('records', 'records/tiny-train.tfrecord-00001-of-00002', flip, 'is damaged .*--repair'),
    ('records', 'records', lambda path: (path / 'tiny-train.tfrecord-00000-of-00002').unlink(), 'lacks 1 of its shards'),
    ('records', 'records', lambda path: (path / 'DONE').unlink(), 'is not finished'),
    ('features', 'run/iteration-01/features/video/train-00001-of-00002.index.npy', pathlib.Path.unlink, 'lacks 1 of 2 shards'),
    ('features', 'run/iteration-01/features/video/train-00001-of-00002.features.npy', empty, 'not a whole .npy'),
    (
      'features',
      'run/iteration-01/features/video/train-00000-of-00002.features.npy',
      lambda path: replace_array(path, np.full((3, 4), np.nan, np.float16)),
      'Checksums differ',
    ),
    (
      'features',
      'run/iteration-01/features/video/train-00000-of-00002.index.npy',
      lambda path: replace_array(path, np.array([1, 0, 2])),
      'another order',
    ),
    ('weights', 'run/iteration-01/train/video/weights.data-00000-of-00001', lambda path: flip(path, 0.3), 'is damaged'),
    ('array', 'run/iteration-01/clusters/video/train/pseudo_labels.npy', cut, 'whole .npy'),
    ('JSON', 'run/iteration-01/metrics/metrics.json', lambda path: path.write_text('{"nmi": NaN}'), 'NaN is no JSON'),
    ('SavedModel', 'run/xdc_video/1/saved_model.pb', empty, 'holds no graph'),
    ('SavedModel', 'run/xdc_video/1/saved_model.pb', lambda path: path.write_bytes(path.read_bytes()[:-9]), 'DecodeError'),
    ('stage', 'run/iteration-01/clusters/video/train/pseudo_labels.npy', pathlib.Path.unlink, 'train/pseudo_labels.npy is missing'),
    ('stage', 'run/iteration-01/clusters/video/train/distances.npy', pathlib.Path.unlink, 'train/distances.npy is missing'),
    ('records', 'records/clips.json', pathlib.Path.unlink, 'lacks clips.json'),
    ('records', 'records/dataset_info.json', pathlib.Path.unlink, 'lacks dataset_info.json'),
    ('stage', 'run/iteration-01/train/video/metrics.csv', pathlib.Path.unlink, 'metrics.csv is missing'),
    ('run', 'run/config.gin', pathlib.Path.unlink, 'lacks config.gin'),
    ('manifest', 'manifest/films-train.csv-00000-of-00001', pathlib.Path.unlink, 'is missing although'),
    ('manifest', 'manifest/films-train.csv-00000-of-00001', lambda path: path.write_text(path.read_text() + 'x'), 'films-train'),
    ('SavedModel', 'run/xdc_video/1/saved_model.pb', pathlib.Path.unlink, 'lacks saved_model.pb'),
    ('SavedModel', 'run/xdc_video/1/assets.extra/metadata.json', pathlib.Path.unlink, 'lacks assets.extra/metadata.json'),
  ],
)  # fmt: skip
def test_damage_is_named(folder, kind, path, harm, problem):
  harm(folder / path)
  found = findings(folder)
  assert [finding.kind for finding in found] == [kind]
  assert re.search(problem, found[0].problem), found[0]
  named = found[0].path.split(' (')[0].removesuffix('.index')
  assert str(folder / path).startswith(named) and named != str(folder)


def test_weights_that_are_not_finite_are_named(folder):
  variable = tf.Variable([1.0, np.nan])
  tf.train.Checkpoint(kernel=variable).write(str(folder / 'run/iteration-01/train/video/weights'))
  (finding,) = findings(folder)
  assert finding.kind == 'weights' and 'not finite: kernel' in finding.problem


def test_the_verb_prints_a_table_and_ends_with_an_error(folder, capsys):
  arguments = argparse.Namespace(folders=[str(folder / 'records'), str(folder / 'run')])
  check.run(arguments)
  lines = capsys.readouterr().out.splitlines()
  assert lines[0].split() == ['what', 'checked', 'damaged'] and ['records', '2', '0'] in [
    line.split() for line in lines
  ]
  (folder / 'run/iteration-01/metrics/metrics.json').write_text(json.dumps({})[:1])
  with pytest.raises(ValueError, match='1 of .* are damaged'):
    check.run(arguments)
  assert f'{folder}/run/iteration-01/metrics/metrics.json is damaged' in capsys.readouterr().out


def test_a_slash_at_the_end_of_the_folder_changes_nothing(folder):
  (folder / 'run/config.gin').unlink()
  for name in ('run', 'run/'):
    assert [finding.kind for finding in integrity.run(integrity.checks(f'{folder}/{name}'), threads=2)] == ['run']


def test_a_copy_that_tensorflow_takes_for_a_pattern_is_not_called_damaged(folder):
  (folder / 'run').rename(folder / 'run [copy]')
  problems = [finding.problem for finding in findings(folder) if finding.kind == 'weights']
  assert problems and all(re.match(r'cannot be looked at there\. .*in folders with \[', p) for p in problems)


def test_an_empty_folder_cannot_be_checked(tmp_path):
  with pytest.raises(FileNotFoundError, match='nothing that can be checked'):
    integrity.checks(str(tmp_path))
  with pytest.raises(FileNotFoundError, match='nowhere does not exist'):
    integrity.checks(str(tmp_path / 'nowhere'))


def test_what_a_sweep_and_imported_weights_need_is_missed(folder):
  """All of this was called whole, and no message of the next command said that DONE has to go."""
  cell, kept, weights = folder / 'sweep/fold-1/test/rate-0.004', folder / 'sweep/features/train', folder / 'imported'
  files.write_json(str(cell / 'result.json'), {'video_accuracy': 0.5})
  files.write_json(str(kept / 'settings.json'), {'encoder': '', 'split': 'train', 'num_clips': 10, 'clips': 'all'})
  for name in ('features.npy', 'index.npy'):
    files.write_array(str(kept / name), np.zeros(3))
  tf.train.Checkpoint(weight=tf.Variable(1.0)).write(str(weights / 'weights'))
  files.write_json(str(weights / 'encoder.json'), {'classifier': {}})
  for name in ('kernel.npy', 'bias.npy'):
    files.write_array(str(weights / name), np.zeros(3))
  for done in (cell, kept):
    files.write_mark(str(done / 'DONE'))
  (folder / 'sweep/config.gin').write_text('')
  assert findings(folder) == []
  gone = {
    cell / 'result.json': 'result.json is missing. Delete .*/DONE and give',
    kept / 'features.npy': 'features.npy is missing. Delete .*/DONE and give',
    weights / 'weights.index': 'lacks weights.index. Delete .*/DONE, if it is there',
    weights / 'kernel.npy': 'lacks kernel.npy. Delete .*/DONE, if it is there',
    folder / 'run/iteration-01/clusters/video/inertia.npy': 'inertia.npy is missing. Delete .*/DONE and give',
  }
  for path, problem in gone.items():
    kept_bytes = path.read_bytes()
    path.unlink()
    (finding,) = findings(folder)
    assert finding.path == str(path.parent) and re.search(problem, finding.problem)
    path.write_bytes(kept_bytes)


def test_what_a_localisation_and_an_export_need_is_missed(folder):
  """All of this was called whole."""
  snippets = folder / 'snippets/test-0000000.npz'
  snippets.parent.mkdir()
  np.savez(snippets, features=np.ones((20, 4), np.float32))
  training = folder / 'localisation/training'
  tf.train.Checkpoint(weight=tf.Variable(1.0)).write(str(training / 'weights'))
  (training / 'metrics.csv').write_text('epoch,loss\n0,1\n')
  files.write_mark(str(training / 'DONE'))
  assert findings(folder) == []
  snippets.write_bytes(snippets.read_bytes()[:100])
  (training / 'weights.index').unlink()
  (folder / 'run/xdc_video/1/variables/variables.index').unlink()
  found = {found.path.removeprefix(f'{folder}/'): found.problem for found in findings(folder)}
  assert set(found) == {'snippets/test-0000000.npz', 'localisation/training', 'run/xdc_video/1/saved_model.pb'}
  assert 'is not a whole .npz file' in found['snippets/test-0000000.npz']
  assert 'weights.index is missing' in found['localisation/training']
  assert 'has no variables/variables.index' in found['run/xdc_video/1/saved_model.pb']
