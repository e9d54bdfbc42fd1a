"""A cell of Table 1 in miniature, on a few random clips: every stage runs, and what is measured has its name."""

import argparse
import os

import pytest
import records_factory

from benchmarks import table1_miniature, tables_miniature, transfer_miniature
from benchmarks.miniature import cell, labels, results
from xdc_tf import files
from xdc_tf.cli import configuration, make_avdigits
from xdc_tf.manifest import manifest
from xdc_tf.models.r2plus1d import R2Plus1D18
from xdc_tf.runs import weights_folder

TINY = (
  'num_clusters = 2', 'Pretraining.num_iterations = 1', 'Pretraining.feature_clips = 1', 'Schedule.epoch_size = 8',
  'Schedule.batch_size = 4', 'Schedule.total_epochs = 1', 'Schedule.warmup_epochs = 0', 'R2Plus1D18.base_width = 4',
  'AudioResNet18.base_width = 4', 'VideoInput.crop_size = 16',
)  # fmt: skip


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  splits = {'train': 12, 'validation': 4, 'test': 8}
  folder = tmp_path_factory.mktemp('records')
  rows = [
    (split, manifest.Row(0, f'{split}-{n}', f'/{split}-{n}.mp4', 0.0, 2.0, (('cat', 'dog', 'owl')[n % 3],)))
    for split, number in splits.items()
    for n in range(number)
  ]
  manifest.write_manifest(folder / 'manifest', 'tiny', rows)
  return records_factory.write_records(folder, splits, num_official_splits=0)


@pytest.mark.slow
@pytest.mark.parametrize('method, probes_only', [('xdc', True), ('scratch', False)])
def test_a_cell_runs_and_measures(method, probes_only, records, tmp_path, monkeypatch):
  monkeypatch.setattr(cell, 'FINETUNING_EPOCHS', 1)
  found = cell.run_cell(method, 3, records.directory, str(tmp_path), list(TINY), 2, probes_only)
  assert (found['method'], found['seed'], len(found['iterations'])) == (method, 3, 2 if method == 'xdc' else 1)
  measured = {'probe', 'probe_few', 'nmi', 'purity'}
  for modality in ('video', 'audio'):
    expected = measured if probes_only else set(results.COLUMNS.values())
    assert found['encoders'][modality].keys() == expected
    assert all(0 <= value <= 1 for value in found['encoders'][modality].values())
  assert {'features', 'k-means', 'probes'} <= set(found['stages'])
  if not probes_only:  # Where benchmarks.transfer_miniature starts a supervised encoder from.
    option, folder = transfer_miniature.start_words(method, str(tmp_path / 'run'), 'video')
    encoder, info = weights_folder.load(folder)
    assert (option, type(encoder)) == ('--weights', R2Plus1D18)
    assert weights_folder.input_spec(info, 'video').inputs.crop_size == 16
  again = cell.run_cell(method, 3, records.directory, str(tmp_path), list(TINY), 2, probes_only)
  assert (again['encoders'], again['iterations']) == (found['encoders'], found['iterations'])


def test_every_row_of_the_tables_has_a_place_of_its_own_and_a_setting_that_loads():
  settings = {(row.method, row.num_clusters, row.corpus, row.gin_params) for row in tables_miniature.ROWS}
  assert len({row.name for row in tables_miniature.ROWS}) == len(settings) == len(tables_miniature.ROWS) - 3
  titles = {(row.table, row.title) for row in tables_miniature.ROWS}
  assert len(titles) == len(tables_miniature.ROWS)
  for row in tables_miniature.ROWS:
    configuration.load([cell.METHODS[row.method].gin_file], [*row.gin_params, f'num_clusters = {row.num_clusters}'])
    assert configuration.pretraining().clusterings[0].num_clusters == row.num_clusters


def test_what_rows_leave_out_is_what_table_1_has():
  configuration.load([cell.METHODS['xdc'].gin_file], [])
  assert configuration.pretraining().num_iterations == tables_miniature.ITERATIONS
  parser = argparse.ArgumentParser()
  make_avdigits.add_arguments(parser)
  options = parser.parse_args(['--output_dir', 'here'])
  assert (options.train, options.mismatched_sound) == (tables_miniature.TRAINING_CLIPS, 0.0)


def test_labels_over_sizes_are_of_the_rows_that_have_them(tmp_path):
  rows = [
    {'title': f'{clips} clips, {kind}', 'seed': seed, **{key: {'video': value + seed, 'audio': 0.5}}}
    for clips, kind, key, value in (
      (3000, 'curated', 'probe_few', 0.25),
      (1000, 'curated', 'probe_few', 0.125),
      (1000, 'supervised', 'finetune_all', 0.5),
      (1000, '40% with the sound of another digit', 'probe_few', 0.75),
    )
    for seed in (0, 1)
  ]
  xdc, supervised = labels.curves(rows, 'video').values()
  assert xdc == {1000: [0.125, 1.125], 3000: [0.25, 1.25]} and supervised == {1000: [0.5, 1.5]}
  assert '| 3000  | 0.750 ± 0.707' in labels.table(rows)
  assert not labels.table([])
  labels.plot(rows, str(tmp_path / 'labels.svg'))
  assert 'supervised, all labels' in (tmp_path / 'labels.svg').read_text()


def test_a_seed_that_is_measured_later_takes_nothing_from_the_earlier_ones(tmp_path, monkeypatch):
  def compare(options):
    cells = [
      {'seed': int(seed), 'seconds': 1.0, 'encoders': {'video': {'probe': 0.5 + int(seed) / 8}}}
      for seed in options.seeds.split(',')
    ]
    files.write_json(options.output, {'cells': cells})
    return 0

  monkeypatch.setattr(tables_miniature.table1_miniature, 'compare', compare)
  monkeypatch.setattr(tables_miniature.subprocess, 'run', lambda *words, **options: None)
  row = tables_miniature.ROWS[0]
  os.makedirs(tmp_path / row.name)
  for seed in (2, 0, 1):
    tables_miniature.measure(row, seed, str(tmp_path), 1)
  cells = tables_miniature.read(row, str(tmp_path))
  assert [(cell['seed'], cell['probe']['video']) for cell in cells] == [(0, 0.5), (1, 0.625), (2, 0.75)]


def test_the_table_has_means_and_spreads():
  row = {'table': '2', 'title': 'k = 10', 'seconds': 1.0}
  cells = [row | {'seed': seed, 'probe': {'video': 0.5 + seed / 10, 'audio': 0.9}} for seed in (0, 1)]
  text = tables_miniature.table({'rows': cells, 'machine': 'm', 'software': 's', 'date': 'd'})
  assert '| 2     | k = 10   | 0.550 ± 0.071       | 0.900 ± 0.000       | 0, 1  |' in text


def test_a_cell_keeps_the_settings_that_it_was_measured_with(tmp_path, capsys):
  settings = {'gin_params': ['num_clusters = 4'], 'few_labels': 2, 'num_clusters': 4, 'probes_only': True}
  folder = tmp_path / 'xdc-seed0'
  for _ in range(2):
    table1_miniature._keep_settings(str(folder), settings)
  with pytest.raises(
    ValueError, match=r"measured with {'few_labels': 2}; asked for now: {'few_labels': 3}. Give another"
  ):
    table1_miniature._keep_settings(str(folder), settings | {'few_labels': 3})
  (folder / 'settings.json').unlink()
  (folder / 'result.json').write_text('{}')  # Of an earlier version.
  table1_miniature._keep_settings(str(folder), settings | {'few_labels': 3})
  assert 'does not say with what settings' in capsys.readouterr().out
