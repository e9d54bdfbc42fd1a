"""The transcribed tables against lines of the paper's text, in the paper's own orientation."""

import pytest

from xdc_tf.paper.paper_numbers import TABLES


def number(row: str, data_set: str, protocol: str | None = None) -> str:
  cells = TABLES[row.partition('/')[0]].cells
  (cell,) = [c for c in cells if (c.row, c.data_set) == (row, data_set) and protocol in (None, c.protocol)]
  return cell.paper


# Row of the paper: the names of our rows, then the data set and its numbers from left to right.
TABLE_1 = ['scratch', 'superv', 'sdc', 'mdc', 'cdc', 'xdc', 'same_modality_xdc']
KS = (64, 128, 256, 512, 1024)
TABLE_4 = ['ig_random_1m', 'ig_kinetics_1m', 'ig_random_16m', 'ig_kinetics_16m', 'ig_random_65m', 'ig_kinetics_65m']
ACROSS = [
  ('table1', TABLE_1, 'ucf101', '54.5 90.9 61.8 68.4 72.9 74.2 61.3'),
  ('table1', TABLE_1, 'hmdb51', '24.1 58.0 31.4 37.1 37.5 39.0 30.5'),
  ('table1', TABLE_1, 'esc50', '54.3 82.3 66.5 70.3 74.8 78.0 66.0'),
  ('table2', [f'kinetics_{k}' for k in KS], 'ucf101', '73.8 73.1 74.2 74.0 72.6'),
  ('table2', [f'kinetics_{k}' for k in KS], 'hmdb51', '36.5 39.0 38.3 37.7 37.7'),
  ('table2', [f'kinetics_{k}' for k in KS], 'esc50', '78.0 76.3 75.0 74.5 71.5'),
  ('table2', [f'audioset_240k_{k}' for k in KS], 'ucf101', '77.4 77.2 76.7 77.1 75.3'),
  ('table2', [f'audioset_240k_{k}' for k in KS], 'hmdb51', '41.3 42.6 41.6 40.6 40.7'),
  ('table2', [f'audioset_240k_{k}' for k in KS], 'esc50', '78.5 77.8 77.3 76.8 73.5'),
  ('table2', [f'audioset_{k}' for k in KS], 'ucf101', '84.1 84.3 84.9 84.4 84.2'),
  ('table2', [f'audioset_{k}' for k in KS], 'hmdb51', '47.4 47.6 48.8 48.5 48.4'),
  ('table2', [f'audioset_{k}' for k in KS], 'esc50', '84.8 85.8 85.0 84.5 83.0'),
  ('table4', TABLE_4, 'ucf101', '79.6 84.2 84.1 87.6 88.8 91.5'),
  ('table4', TABLE_4, 'hmdb51', '45.1 50.3 55.2 57.3 61.2 63.1'),
  ('table4', TABLE_4, 'esc50', '77.8 79.5 84.3 82.5 86.3 84.8'),
]
DOWN = [
  ('table3/superv_imagenet', 'ucf101 hmdb51', '79.9 44.5'),
  ('table3/superv_kinetics', 'ucf101 hmdb51 esc50', '90.9 58.0 82.3'),
  ('table3/superv_audioset_240k', 'ucf101 hmdb51 esc50', '76.6 40.8 78.3'),
  ('table3/superv_audioset', 'ucf101 hmdb51 esc50', '84.0 53.5 90.3'),
  ('table3/xdc_audioset_240k', 'ucf101 hmdb51 esc50', '77.4 42.6 78.5'),
  ('table3/xdc_audioset', 'ucf101 hmdb51 esc50', '84.9 48.8 85.8'),
  ('table3/xdc_ig_random', 'ucf101 hmdb51 esc50', '88.8 61.2 86.3'),
  ('table3/xdc_ig_kinetics', 'ucf101 hmdb51 esc50', '91.5 63.1 84.8'),
  ('table7/clip_order', 'ucf101 hmdb51', '72.4 30.9'),
  ('table7/cbt', 'ucf101 hmdb51', '79.5 44.6'),
  ('table7/avts_r2plus1d_kinetics', 'ucf101 hmdb51', '86.2 52.3'),
  ('table7/xdc_kinetics', 'ucf101 hmdb51', '86.8 52.6'),
  ('table7/avts_r2plus1d_audioset', 'ucf101 hmdb51', '89.1 58.1'),
  ('table7/xdc_audioset', 'ucf101 hmdb51 esc50 dcase2013', '93.0 63.7 84.8 95'),
  ('table7/elo', 'ucf101 hmdb51', '93.8 67.4'),
  ('table7/xdc_ig_random', 'ucf101 hmdb51 esc50 dcase2013', '94.6 66.5 85.4 95'),
  ('table7/xdc_ig_kinetics', 'ucf101 hmdb51', '95.5 68.9'),
  ('table7/superv_kinetics', 'ucf101 hmdb51', '94.2 65.1'),
  ('table7/conv_rbm', 'esc50', '86.5'),
  ('table7/avts', 'esc50 dcase2013', '82.3 94'),
  ('table8/superv_kinetics', 'thumos14@0.3 thumos14@0.4 thumos14@0.5 thumos14@0.6 thumos14@0.7', '50.9 44.4 36.6 28.4 19.8'),
  ('table8/xdc_ig_kinetics', 'thumos14@0.3 thumos14@0.4 thumos14@0.5 thumos14@0.6 thumos14@0.7', '51.5 44.9 37.2 28.7 20.0'),
  ('table13/scratch', 'ucf101 hmdb51 esc50', '60.1 25.7 54.3'),
  ('table13/superv', 'ucf101 hmdb51 esc50', '87.5 54.5 82.3'),
  ('table13/xdc', 'ucf101 hmdb51 esc50', '68.0 36.3 75.5'),
]  # fmt: skip
# fc and all of UCF101, HMDB51 and ESC50.
TABLE_5 = {
  'random': '6.0 ± 1.0, 54.5, 7.5 ± 0.6, 24.1, 61.3 ± 2.5, 54.3',
  'superv_kinetics': '89.7, 90.9, 61.5, 58.0, 79.5, 82.3',
  'superv_audioset': '80.2, 84.0, 51.6, 53.5, 88.5, 90.3',
  'xdc_ig_random': '80.7, 88.8, 49.9, 61.2, 84.5, 86.3',
  'xdc_ig_kinetics': '85.3, 91.5, 56.0, 63.1, 84.3, 84.8',
}


@pytest.mark.parametrize(('table', 'rows', 'data_set', 'line'), ACROSS)
def test_tables_whose_columns_are_methods(table, rows, data_set, line):
  assert ' '.join(number(f'{table}/{row}', data_set) for row in rows) == line


@pytest.mark.parametrize(('row', 'data_sets', 'line'), DOWN)
def test_tables_whose_rows_are_methods(row, data_sets, line):
  assert ' '.join(number(row, data_set) for data_set in data_sets.split()) == line


@pytest.mark.parametrize('row', TABLE_5)
def test_table_5(row):
  full = 'scratch' if row == 'random' else 'full'
  found = [number(f'table5/{row}', d, p) for d in ('ucf101', 'hmdb51', 'esc50') for p in ('fc', full)]
  assert ', '.join(found) == TABLE_5[row]


def test_what_the_paper_leaves_empty_is_not_there():
  # Same-modality-XDC has a number for every data set, from its two kinds; ImageNet has no sound.
  sizes = {name: len(table.cells) for name, table in TABLES.items()}
  assert sizes == {
    'table1': 7 * 3, 'table2': 15 * 3, 'table3': 10 * 3 - 1, 'table4': 6 * 3, 'table5': 6 * 6 - 2,
    'table7': 18 * 2 + 8 + 9, 'table8': 3 * 5, 'table13': 3 * 3,
  }  # fmt: skip
  for table in TABLES.values():
    where = [(c.row, c.data_set, c.protocol) for c in table.cells]
    assert len(set(where)) == len(where)


def test_one_encoder_has_one_number_wherever_it_stands():
  """The paper is consistent: what two tables say of the same experiment is the same, so an encoder is nowhere mistaken."""
  found = {}
  for table in TABLES.values():
    for cell in table.cells:
      if cell.encoder:
        key = (cell.encoder, cell.data_set, cell.protocol, cell.num_frames, table.all_splits)
        found.setdefault(key, set()).add(cell.paper)
  assert {key: papers for key, papers in found.items() if len(papers) > 1} == {}
  assert found['table1_xdc', 'hmdb51', 'full', 8, False] == {'39.0'}
