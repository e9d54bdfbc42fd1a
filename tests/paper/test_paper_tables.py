import json
import os
import re

import pytest

from xdc_tf.cli import main
from xdc_tf.paper import paper_tables


def result(data_set='hmdb51', row='table1/xdc', protocol='full', num_frames=8, folds=None, mean=(0.5, 0.25)) -> dict:
  """A results.json; folds are {number: (test-best, held-out)}."""
  folds = {'1': (0.3904, 0.3811)} if folds is None else folds
  return {
    'data_set': data_set,
    'start': 'xdc/video',
    'table_row': row,
    'protocol': protocol,
    'num_frames': num_frames,
    'folds': {
      n: {'test_best': {'rate': 0.004, 'top1': best}, 'held_out': {'rate': 0.002, 'top1': held}}
      for n, (best, held) in folds.items()
    },
    'mean': {'test_best': mean[0], 'held_out': mean[1]},
  }


def write(folder, found) -> str:
  folder.mkdir(parents=True)
  path = folder / 'results.json'
  path.write_text(found if isinstance(found, str) else json.dumps(found))
  return str(path)


def tables(folder) -> dict[str, list[list[str]]]:
  """The cells of every printed table by the first words of its title."""
  results, _ = paper_tables.find_results(str(folder))
  printed = {}
  for part in paper_tables.markdown(results).split('## ')[1:]:
    lines = [line for line in part.splitlines() if line.startswith('|')]
    assert all(line.count('|') == lines[0].count('|') for line in lines)
    printed[part.partition(':')[0].splitlines()[0]] = [
      [cell.strip() for cell in line.strip('|').split('|')] for line in lines[2:]
    ]
  return printed


def test_a_result_stands_beside_the_paper_in_every_table_of_its_encoder(tmp_path):
  write(tmp_path / 'a' / 'b', result())
  printed = tables(tmp_path)
  assert list(printed) == [f'Table {n}' for n in (1, 2, 3, 4, 5, 7, 8, 13)]
  ours = ['39.0', '39.0', '38.1']
  assert ['XDC', 'hmdb51', *ours] in printed['Table 1']
  assert ['XDC (Kinetics), k = 128', 'hmdb51', *ours] in printed['Table 2']
  assert ['XDC (Kinetics)', 'hmdb51', *ours] in printed['Table 3']
  assert ['XDC', 'ucf101', '74.2', '', ''] in printed['Table 1']
  filled = [(name, row[:2]) for name, rows in printed.items() for row in rows if row[3] or row[4]]
  assert len(filled) == 3


def test_table_7_is_the_mean_over_all_splits(tmp_path):
  three = {'1': (0.9, 0.9), '2': (0.8, 0.8), '3': (0.7, 0.7)}
  write(tmp_path / 'k', result('ucf101', 'table7/xdc_kinetics', 'full', 32, three, (0.8, 0.7901)))
  write(tmp_path / 'a', result('ucf101', 'table7/xdc_audioset', 'full', 32, {'2': (0.8, 0.8)}, (0.8, 0.79)))
  svm = {'folds': {'1': {'num_train': 100, 'num_test': 100, 'top1': 0.951}}, 'mean': {'top1': 0.951}}
  write(tmp_path / 'd', result('dcase2013', 'table7/xdc_audioset', 'svm', None) | svm)
  rows = tables(tmp_path)['Table 7']
  assert ['XDC (Kinetics)', 'ucf101', '86.8', '80.0', '79.0'] in rows
  assert ['XDC (AudioSet)', 'ucf101', '93.0', '80.0 (1 of 3 splits)', '79.0 (1 of 3 splits)'] in rows
  assert ['XDC (AudioSet)', 'dcase2013', '95', '95.1', ''] in rows
  assert ['ClipOrder, R(2+1)D-18 (UCF101)', 'ucf101', '72.4', '', ''] in rows


def test_the_halves_of_table_5_and_several_runs_of_one_cell(tmp_path):
  write(tmp_path / '1', result('ucf101', 'table5/xdc_ig_random', 'fc', folds={'1': (0.5, 0.4)}))
  write(tmp_path / '2', result('ucf101', 'table5/xdc_ig_random', 'fc', folds={'1': (0.6, 0.45)}))
  only_held_out = result('ucf101', 'table3/scratch', 'scratch')
  del only_held_out['folds']['1']['test_best'], only_held_out['mean']['test_best']
  write(tmp_path / '3', only_held_out)
  printed = tables(tmp_path)
  assert ['XDC (IG-Random), fc', 'ucf101', '80.7', '50.0; 60.0', '40.0; 45.0'] in printed['Table 5']
  assert ['XDC (IG-Random), all', 'ucf101', '88.8', '', ''] in printed['Table 5']
  assert ['Random, fc', 'ucf101', '6.0 ± 1.0', '', ''] in printed['Table 5']
  assert ['Scratch', 'ucf101', '54.5', '', '38.1'] in printed['Table 1']


def test_a_localisation_fills_a_row_of_table_8(tmp_path):
  found = result('thumos14', 'table8/superv_kinetics', 'localization', 16)
  del found['folds'], found['mean']
  write(tmp_path / 'l', found | {'map': {'0.3': 0.5, '0.5': 0.3661}})
  rows = tables(tmp_path)['Table 8']
  assert rows[:3] == [
    ['Superv (Kinetics)', 'thumos14@0.3', '50.9', '50.0', ''],
    ['Superv (Kinetics)', 'thumos14@0.4', '44.4', '', ''],
    ['Superv (Kinetics)', 'thumos14@0.5', '36.6', '36.6', ''],
  ]
  assert not any(row[3] for row in rows[3:])
  ours = {'map': {'0.3': 0.4}, 'video_scores': 'linear classifier on mean snippet features'}
  write(tmp_path / 'm', found | ours)
  assert tables(tmp_path)['Table 8'][0][3] == '50.0; 40.0 (own video classes)'


def test_missing_classes_stand_beside_the_number(tmp_path):
  """An accuracy on 100 of UCF101's classes looked like one on all."""
  missing = {'1': {'train': {'classes_without_clip': ['a']}, 'test': {'classes_without_clip': ['a', 'b']}}}
  write(tmp_path / 'a', result() | {'coverage': missing})
  write(tmp_path / 'own', result('my_videos', None) | {'coverage': missing})
  # Table 1 is on split 1 alone.
  only_second = {'1': {'test': {'classes_without_clip': []}}, '2': {'test': {'classes_without_clip': ['a']}}}
  write(tmp_path / 'b', result(row='table1/scratch', protocol='scratch') | {'coverage': only_second})
  printed = tables(tmp_path)
  assert next(row[3:] for row in printed['Table 1'] if row[:2] == ['Scratch', 'hmdb51']) == ['39.0', '38.1']
  assert ['XDC', 'hmdb51', '39.0', '39.0 (classes missing: 2)', '38.1 (classes missing: 2)'] in printed['Table 1']
  (own,) = printed['Results that are in no table (mean over the splits)']
  assert own[-2:] == ['50.0 (classes missing: 2)', '25.0 (classes missing: 2)']


def test_links_count_a_result_once(tmp_path):
  """A link to the newest run made two of it, one to the parent of all forty."""
  write(tmp_path / 'sweep', result())
  (tmp_path / 'latest').symlink_to(tmp_path / 'sweep')
  (tmp_path / 'sweep' / 'up').symlink_to(tmp_path)
  results, problems = paper_tables.find_results(str(tmp_path))
  assert (len(results), problems) == (1, [])


def test_results_of_no_table_have_their_own(tmp_path):
  one = {'folds': {'1': {'recall_at_1': 0.5}, '2': {'recall_at_1': 0.7}}, 'mean': {'recall_at_1': 0.6}}
  write(tmp_path / 'own', result('my_videos', None, 'retrieval', None) | one)
  (row,) = tables(tmp_path)['Results that are in no table (mean over the splits)']
  assert row == ['xdc/video', 'my_videos', 'retrieval', '', '1, 2', '60.0', '']


@pytest.mark.parametrize(
  ('found', 'message'),
  [
    ('{"data_set": ', 'is not valid JSON'),
    ('[1, 2]', 'does not have the shape'),
    ('{"miniature": {}}', "it has no 'protocol'"),
    (result(mean=(74.2, 74.1)), 'fractions from 0 to 1. Received: 74.2'),
    (result(row='table1/xcd'), "no row 'table1/xcd'. Did you mean 'table1/xdc'"),
    (result(row=['table1/xdc']), "'table_row' must be text. Received: .'table1/xdc'"),
    (result(row='xdc'), "no row 'xdc'. Did you mean"),
    (result(num_frames=32), r"table1/xdc has .*\('hmdb51', 'full', 8\).*Received: \('hmdb51', 'full', 32\)"),
    (result(data_set='thumos14'), "Received: .'thumos14', 'full', 8"),
    (result(folds={'2': (0.5, 0.5)}), 'table1/xdc is on split 1. Received the splits: 2'),
  ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_and_skipped(found, message, tmp_path, capsys):
  path = write(tmp_path / 'bad', found)
  write(tmp_path / 'good', result())
  results, problems = paper_tables.find_results(str(tmp_path))
  assert [os.path.dirname(r.path) for r in results] == [str(tmp_path / 'good')]
  assert re.search(message, problems[0])
  arguments = main.build_parser().parse_args(['tables', '--runs', str(tmp_path)])
  arguments.run(arguments)
  printed = capsys.readouterr().out
  assert '1 results found' in printed and '1 skipped' in printed
  assert f'skipped: {path}' in printed
  assert '| XDC | hmdb51 | 39.0 | 39.0 | 38.1 |' in printed


def test_a_folder_without_results_prints_the_paper_alone(tmp_path, capsys):
  arguments = main.build_parser().parse_args(['tables', '--runs', str(tmp_path)])
  arguments.run(arguments)
  printed = capsys.readouterr().out
  assert '| XDC | ucf101 | 74.2 |  |  |' in printed
  assert f'0 results found in {tmp_path}, 0 skipped' in printed
  with pytest.raises(FileNotFoundError, match='is not a folder'):
    paper_tables.find_results(str(tmp_path / 'missing'))
