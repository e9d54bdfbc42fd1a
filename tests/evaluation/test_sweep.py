"""Sweeps over tiny folds: what is trained on what, resumed, chosen and written."""

import json
import os
import types

import numpy as np
import pytest
import records_factory
import tensorflow as tf
from sweep_cases import configuration, full
from tiny_encoders import TinyAudio

from xdc_tf.evaluation import fc_only, sweep
from xdc_tf.evaluation.clip_features import ClipFeatures
from xdc_tf.evaluation.finetuning import FcOnly
from xdc_tf.manifest import manifest
from xdc_tf.records.folds import Fold, FoldPart, read_folds
from xdc_tf.runs.run_directory import RunDirectory
from xdc_tf.training import checkpoints
from xdc_tf.training.finite import DivergedError
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.trainer import EncoderTrainer

NUM_ROWS = 24


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  folder = tmp_path_factory.mktemp('records')
  made = records_factory.write_records(
    folder, {'official': NUM_ROWS}, frames_per_span=0, num_official_splits=2, missing=[('official', 3)]
  )
  names = made.label_names
  rows = [
    manifest.Row(0, f'v{i}', f'v{i}.mp4', labels=(names[i % 3],), official_split=(1 + (i % 4 == 0), 1 + (i % 4 == 1)))
    for i in range(NUM_ROWS)
  ]
  manifest.write_manifest(made.manifest_directory, 'tiny', [('official', row) for row in rows])
  return made


def test_rates_that_look_alike_do_not_share_a_folder(records):
  fold = read_folds(records)[0]
  names = [sweep.SweepCell(fold, rate).name for rate in (0.01, 0.0123456, 0.01234561)]
  assert names == ['fold-1/test/rate-0.01', 'fold-1/test/rate-0.0123456', 'fold-1/test/rate-0.01234561']


@pytest.mark.slow
@pytest.mark.stack
def test_full_finetuning_over_two_folds(records, one_replica, tmp_path, monkeypatch):
  config = configuration()
  run = RunDirectory(str(tmp_path), one_replica)
  cells = sweep.grid(config, read_folds(records), records)
  assert [cell.name for cell in cells][:4] == [
    'fold-1/test/rate-0.01', 'fold-1/test/rate-0.0001', 'fold-1/held-out/rate-0.01', 'fold-1/held-out/rate-0.0001'
  ]  # fmt: skip
  trained_on, starts = [], []
  train = EncoderTrainer.train

  def recorded(self, folder, training, *rest):
    trained_on.append(set(np.flatnonzero(training.subset)))
    starts.append(self.encoder.dense.kernel.numpy())
    return train(self, folder, training, *rest)

  monkeypatch.setattr(EncoderTrainer, 'train', recorded)
  results = sweep.run_cells(config, full(config, records, one_replica), run, records, cells)

  tests = [set(range(number, NUM_ROWS, 4)) for number in (0, 1)]
  for n in range(2):
    assert trained_on[4 * n] == trained_on[4 * n + 1] == set(range(NUM_ROWS)) - tests[n]
    assert trained_on[4 * n + 2] == trained_on[4 * n + 3] < trained_on[4 * n]
  for start in starts:
    np.testing.assert_array_equal(start, starts[0])
  result = json.loads((tmp_path / 'fold-2/test/rate-0.01/result.json').read_text())
  assert result['videos'] == len(tests[1])
  assert sum(map(sum, result['confusion'])) == result['videos']
  assert not (tmp_path / 'fold-2/test/rate-0.01/checkpoints').exists()
  assert set(results['folds']) == {'1', '2'}
  assert results['mean']['test_best'] == np.mean([results['folds'][n]['test_best']['top1'] for n in '12'])
  assert results['folds']['1']['test_best']['top1'] >= results['folds']['1']['held_out']['top1']
  assert sweep.confusion(results, run).sum() == 12

  # Resumed after one cell was lost: that one alone is trained again, to the same result.
  tf.io.gfile.remove(str(tmp_path / 'fold-2/test/rate-0.01/DONE'))
  del trained_on[:]
  again = sweep.run_cells(config, full(config, records, one_replica), run, records, cells)
  assert (len(trained_on), again) == (1, results)


@pytest.mark.slow
@pytest.mark.stack
def test_the_last_layer_stays_with_its_encoder(records, one_replica, tmp_path):
  """It was thrown away: nobody could ask a finetuned encoder for the class of a new film."""
  config = configuration()
  fold = read_folds(records)[0]
  learner = full(config, records, one_replica)
  learner.prepare(RunDirectory(str(tmp_path), one_replica))
  index, probabilities = learner.train(str(tmp_path / 'cell'), fold, 0.01)
  kernel, bias = (np.load(tmp_path / f'cell/{name}.npy') for name in ('kernel', 'bias'))
  assert np.abs(kernel).max() > 0.02  # Trained, not the layer that it began with.
  clips = ClipFeatures(learner.encoder, config.input_of('audio', records), records, config.num_clips)
  found, features = clips.extract('official', fold.test.clips)
  np.testing.assert_array_equal(np.sort(index), np.sort(found))
  expected = dict(zip(found, fc_only.predict(features, kernel, bias), strict=True))
  for clip, probability in zip(index, probabilities, strict=True):
    np.testing.assert_allclose(probability, expected[clip], rtol=1e-4)


def test_fc_only_reads_the_data_once_and_learns_what_is_easy(records, one_replica, tmp_path, monkeypatch):
  config = configuration(trained='fc', learning_rates=(0.1, 1e-6), held_out_share=0.0)
  encoder = TinyAudio()
  encoder(tf.zeros([1, 40, 60, 1]))
  passes = []
  extract = ClipFeatures.extract

  def recorded(self, split, clips=None, parts=None):
    index, features = extract(self, split, clips, parts)
    passes.append(split)
    return index, features + 5 * np.eye(8, dtype=np.float32)[index % 3][:, None]

  monkeypatch.setattr(ClipFeatures, 'extract', recorded)
  cells = sweep.grid(config, read_folds(records), records)
  for _ in range(2):
    run = RunDirectory(str(tmp_path), one_replica)
    results = sweep.run_cells(config, FcOnly(config, encoder, 'audio', records), run, records, cells)
  assert passes == ['official']
  assert results['folds']['1']['test_best'] == {
    'rate': 0.1, 'cell': 'fold-1/test/rate-0.1', 'top1': 1.0, 'top5': 1.0
  }  # fmt: skip
  assert results['folds']['1']['held_out'] is None and results['mean']['held_out'] is None


def test_of_several_workers_the_chief_alone_takes_the_features(records, one_replica, tmp_path):
  """The others found its lease of the folder, and ended."""
  encoder = TinyAudio()
  encoder(tf.zeros([1, 40, 60, 1]))
  worker, chief = (FcOnly(configuration(trained='fc'), encoder, 'audio', records) for _ in range(2))
  run, run_of_chief = (RunDirectory(str(tmp_path), one_replica) for _ in range(2))
  run.is_chief = False

  def the_chief_is_through():
    assert not (tmp_path / 'features').exists()
    chief.prepare(run_of_chief)

  run.wait_for_all = the_chief_is_through
  worker.prepare(run)
  for ours, theirs in zip(worker._features['official'], chief._features['official'], strict=True):
    np.testing.assert_array_equal(ours, theirs)


def test_a_rate_is_chosen_by_the_held_out_videos_and_reported_on_the_test_videos(tmp_path, one_replica, records):
  """Rate 1 is best on the test videos, rate 2 on the held-out ones; rate 3, which equals it there, comes first and is higher."""
  top1 = {(False, 1.0): 0.9, (False, 2.0): 0.7, (False, 3.0): 0.8, (True, 1.0): 0.1, (True, 2.0): 0.6, (True, 3.0): 0.6}

  class Learner:
    def prepare(self, run):
      pass

    def train(self, folder, fold, rate):
      right = round(10 * top1[fold.test.split == 'inner', rate])
      return np.arange(10), np.eye(3)[np.where(np.arange(10) < right, 0, 1)]

  def cell(rate: float, held_out: bool) -> sweep.SweepCell:
    part = FoldPart('inner' if held_out else 'test', np.ones(10, bool))
    return sweep.SweepCell(Fold(1, part, part), rate, held_out)

  labels = types.SimpleNamespace(label_names=('a', 'b', 'c'))
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(sweep, 'first_labels', lambda records, split: np.zeros(10, np.int32))
    cells = [cell(rate, held_out) for held_out in (False, True) for rate in (1.0, 3.0, 2.0)]
    config, run = configuration(learning_rates=(1.0, 3.0, 2.0)), RunDirectory(str(tmp_path), one_replica)
    results = sweep.run_cells(config, Learner(), run, labels, cells)
  fold = results['folds']['1']
  assert (fold['test_best']['rate'], fold['test_best']['top1']) == (1.0, 0.9)
  assert (fold['held_out']['rate'], fold['held_out']['top1']) == (2.0, 0.7)
  assert results['mean'] == {'test_best': 0.9, 'held_out': 0.7}


def test_no_rate_is_chosen_on_part_of_the_grid(tmp_path, one_replica, caplog):
  """`xdc finetune` in the folder of a sweep that had been killed chose among the rates that happened to be done."""

  class Learner:
    def prepare(self, run):
      pass

    def train(self, folder, fold, rate):
      return np.arange(10), np.eye(3)[np.zeros(10, int)]

  part = FoldPart('test', np.ones(10, bool))
  labels = types.SimpleNamespace(label_names=('a', 'b', 'c'))
  run = RunDirectory(str(tmp_path), one_replica)
  config = configuration(learning_rates=(0.01, 0.1))
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(sweep, 'first_labels', lambda records, split: np.zeros(10, np.int32))
    cells = [sweep.SweepCell(Fold(1, part, part), rate, held_out) for held_out in (False, True) for rate in (0.01, 0.1)]
    whole = sweep.run_cells(config, Learner(), run, labels, cells)['folds']['1']
    (tmp_path / 'fold-1/held-out/rate-0.01/DONE').unlink()
    part_of_it = sweep.run_cells(config, Learner(), run, labels, cells[:1])['folds']['1']
  assert whole['held_out']['rate'] == 0.01 and part_of_it['test_best'] == whole['test_best']
  assert part_of_it['held_out'] is None and 'since 0.01 of the grid are still to be tried there' in caplog.text


def two_folds(rates):
  """What stands for records of ten videos, and the cells of a sweep over two folds."""
  part = FoldPart('test', np.ones(10, bool))
  cells = [
    sweep.SweepCell(Fold(number, part, part), rate, held_out)
    for number in (1, 2)
    for held_out in (False, True)
    for rate in rates
  ]
  return types.SimpleNamespace(label_names=('a', 'b', 'c')), cells


def test_a_training_that_diverged_is_marked_and_never_chosen(tmp_path, one_replica, records):
  """The highest rate gives NaN, whose argmax is the label of all videos: as an accuracy it would be 1.0."""

  class Learner:
    def prepare(self, run):
      pass

    def train(self, folder, fold, rate):
      if rate == 3.0 and fold.number == 1:
        raise DivergedError('its loss is not finite')  # As EncoderTrainer does, before there is anything to measure.
      probabilities = np.eye(3)[np.where(np.arange(10) < 4 + rate, 0, 1)]
      return np.arange(10), np.full([10, 3], np.nan) if fold.number == 2 else probabilities

  labels, cells = two_folds(rates=(3.0, 2.0, 1.0))
  run = RunDirectory(str(tmp_path), one_replica)
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(sweep, 'first_labels', lambda records, split: np.zeros(10, np.int32))
    config = configuration(learning_rates=(3.0, 2.0, 1.0))
    results = sweep.run_cells(config, Learner(), run, labels, cells)
  first, second = results['folds'].values()
  assert (first['test_best']['rate'], first['test_best']['top1'], first['held_out']['rate']) == (2.0, 0.6, 2.0)
  assert second == results['mean'] == {'test_best': None, 'held_out': None}
  assert len(results['diverged']) == 2 + 6 and 'fold-1/test/rate-3' in results['diverged']
  assert sweep.confusion(results, run).sum() == 10
  written = json.loads((tmp_path / 'fold-1/test/rate-3/result.json').read_text())
  assert 'top1' not in written and 'not finite' in written['diverged']


def test_a_layer_alone_is_trained_by_sgd():
  with pytest.raises(ValueError, match="With trained = 'fc' the layer is trained by SGD. Received: 'lamb'"):
    configuration(trained='fc', training=TrainingOptions(optimizer='lamb'))


@pytest.mark.parametrize(
  'trained, option',
  [('fc', 'restarts_when_diverged'), ('fc', 'initial_statistics_batches'), ('all', 'initial_statistics_batches')],
)
def test_options_that_would_have_no_effect_are_refused(trained, option):
  with pytest.raises(ValueError, match=f'TrainingOptions.{option} is'):
    configuration(trained=trained, training=TrainingOptions(**{option: 2}))


@pytest.mark.parametrize('rates', [0.01, '0.01', ('0.01',), (0.1, -0.1), (np.nan,)])
def test_a_grid_is_a_list_of_positive_numbers(rates):
  with pytest.raises(ValueError, match='Finetuning.learning_rates must be a list of positive numbers'):
    configuration(learning_rates=rates)


def test_what_earlier_commands_trained_stays_among_the_results(tmp_path, one_replica, records):
  """A sweep, then one fold again; or fold after fold: results.json would hold the last command's alone."""

  class Learner:
    def prepare(self, run):
      pass

    def train(self, folder, fold, rate):
      return np.arange(10), np.eye(3)[np.where(np.arange(10) < 4 + fold.number + rate, 0, 1)]

  labels, cells = two_folds(rates=(1.0, 2.0))
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(sweep, 'first_labels', lambda records, split: np.zeros(10, np.int32))

    def run(folder, cells):
      return sweep.run_cells(
        configuration(learning_rates=(1.0, 2.0)),
        Learner(),
        RunDirectory(str(tmp_path / folder), one_replica),
        labels,
        cells,
      )

    whole = run('at once', cells)
    assert whole['mean'] == {'test_best': pytest.approx(0.75), 'held_out': pytest.approx(0.75)}
    assert run('at once', cells[4:5]) == whole
    assert list(run('one by one', cells[:4])['folds']) == ['1']
    (tmp_path / 'one by one/fold-2/test/rate-9').mkdir(parents=True)  # Of a training that was killed.
    assert run('one by one', cells[4:]) == whole


def test_weights_are_described_as_soon_as_their_cell_is_done(tmp_path, one_replica, monkeypatch):
  """It was done at the end: of a sweep that ran on for days, or was killed, no cell could be exported."""

  class Learner:
    def prepare(self, run):
      pass

    def train(self, folder, fold, rate):
      if rate == 9:
        raise DivergedError('nan')
      if fold.number == 2:
        raise KeyboardInterrupt
      return np.arange(10), np.eye(3)[np.zeros(10, int)]

  labels, cells = two_folds(rates=(1.0, 9.0))
  monkeypatch.setattr(sweep, 'first_labels', lambda records, split: np.zeros(10, np.int32))
  run, described = RunDirectory(str(tmp_path), one_replica), []
  with pytest.raises(KeyboardInterrupt):
    sweep.run_cells(configuration(), Learner(), run, labels, cells, described.append)
  assert described == [f'{tmp_path}/fold-1/test/rate-1']


def test_checkpoints_go_when_the_result_is_there(tmp_path, one_replica, records, monkeypatch):
  """They went first: who was killed meanwhile had neither, and was told to do the training again."""

  class Learner:
    def prepare(self, run):
      pass

    def train(self, folder, fold, rate):
      assert not os.path.exists(f'{folder}/checkpoints'), 'is not trained again'
      os.mkdir(f'{folder}/checkpoints')
      os.makedirs(f'{folder}/.worker-1/checkpoints')  # Of two workers that were killed before.
      return np.arange(10), np.eye(3)[np.zeros(10, int)]

  def killed(*arguments):
    assert (tmp_path / 'fold-1/test/rate-1/result.json').exists()
    raise KeyboardInterrupt

  labels, cells = two_folds(rates=(1.0,))
  monkeypatch.setattr(sweep, 'first_labels', lambda records, split: np.zeros(10, np.int32))
  arguments = configuration(), Learner(), RunDirectory(str(tmp_path), one_replica), labels, cells[:1]
  with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
    patch.setattr(checkpoints, 'delete_folders', killed)
    sweep.run_cells(*arguments)
  assert (tmp_path / 'fold-1/test/rate-1/checkpoints').exists()
  assert sweep.run_cells(*arguments)['folds']['1']['test_best']['top1'] == 1
  assert not (tmp_path / 'fold-1/test/rate-1/checkpoints').exists()
  assert not (tmp_path / 'fold-1/test/rate-1/.worker-1').exists()


@pytest.mark.slow
@pytest.mark.stack
def test_a_rate_that_is_too_high_costs_its_own_cell_alone(tmp_path, one_replica, records):
  """Records of official splits have no split 'train', where the reason of a divergence was looked for."""
  config = configuration(learning_rates=(1e20, 0.01), held_out_share=0.0)
  cells = [cell for cell in sweep.grid(config, read_folds(records), records) if cell.fold.number == 1]
  learner = full(config, records, one_replica)
  results = sweep.run_cells(config, learner, RunDirectory(str(tmp_path), one_replica), records, cells)
  assert results['diverged'] == ['fold-1/test/rate-1e+20']
  assert results['folds']['1']['test_best']['rate'] == 0.01


@pytest.mark.parametrize(
  ('changes', 'message'),
  [
    ({'trained': 'head'}, "'all' or 'fc'"),
    ({'num_clips': 0}, 'num_clips'),
    ({'held_out_share': 1.0}, 'held_out_share'),
    ({'held_out_group': 'v[0-9]+'}, 'has no group'),
    ({'held_out_group': 'v([0-9]+'}, 'is not a regular expression'),
  ],
)
def test_impossible_values_are_errors(changes, message):
  with pytest.raises(ValueError, match=message):
    configuration(**changes)
