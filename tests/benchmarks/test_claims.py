"""Whether a claim holds is decided seed by seed; a result that is missing is said to be missing."""

import json
import pathlib

import pytest

from benchmarks.miniature import claims

ROOT = pathlib.Path(__file__).resolve().parents[2]


def write_table1(folder, video, audio):
  """Table 1 with an accuracy of each method and seed; other methods are at zero."""
  methods = {'scratch', 'random', *claims.SELF_SUPERVISED}
  cells = [
    {'method': m, 'seed': seed, 'encoders': {'video': {'finetune_few': v}, 'audio': {'finetune_few': a}}}
    for m in methods
    for seed, (v, a) in enumerate(zip(video.get(m, [0.0] * 3), audio.get(m, [0.0] * 3), strict=True))
  ]
  (folder / 'table1_miniature.json').write_text(json.dumps({'cells': cells}))
  return claims.Measured(table1=str(folder / 'table1_miniature.json'))


def row(found, source):
  line = next(line for line in claims.table(found).splitlines() if line.startswith(f'| {source} |'))
  return [cell.strip() for cell in line.strip('|').split('|')][3:]


def test_a_claim_holds_in_every_seed_or_in_part_or_not(tmp_path):
  good = {'xdc': [0.9, 0.8, 0.7], 'cdc': [0.5, 0.6, 0.65]}
  assert row(write_table1(tmp_path, good, good), 'Study 1, III') == [
    'video +0.217 ± 0.176; audio +0.217 ± 0.176', 'yes'
  ]  # fmt: skip
  once = {'xdc': [0.9, 0.8, 0.7], 'cdc': [0.5, 0.6, 0.71]}
  assert row(write_table1(tmp_path, good, once), 'Study 1, III')[1] == 'in part'
  assert row(write_table1(tmp_path, once, once), 'Study 1, III')[1] == 'no'
  assert row(write_table1(tmp_path, once, once), 'Table 13') == ['not measured', '']


def test_a_lead_of_what_is_below_random_weights_is_none(tmp_path):
  learned = {'sdc': [0.3] * 3, 'mdc': [0.4] * 3, 'cdc': [0.5] * 3, 'xdc': [0.9] * 3, 'random': [0.2] * 3}
  unlearned = {**learned, 'random': [0.45] * 3}
  text, holds = row(write_table1(tmp_path, learned, unlearned), 'Study 1, II')
  assert (text, holds) == ('video +0.100 ± 0.000; audio -0.050 ± 0.000', 'in part')


def test_rows_of_the_tables_are_compared_seed_by_seed(tmp_path):
  def cells(title, video, audio):
    return [
      {'table': '3 and 4', 'title': title, 'seed': seed, 'probe': {'video': v, 'audio': a}}
      for seed, v, a in ((1, video[1], audio[1]), (0, video[0], audio[0]))
    ]

  one_more = {'table': '3 and 4', 'title': '3000 clips, curated', 'seed': 2, 'probe': {'video': 0.1, 'audio': 0.1}}
  rows = (
    [one_more]
    + cells('3000 clips, curated', [0.9, 0.8], [0.99, 0.98])
    + cells('1000 clips, curated', [0.7, 0.5], [0.9, 0.97])
  )
  (tmp_path / 'tables_miniature.json').write_text(json.dumps({'rows': rows}))
  found = claims.Measured(tables=str(tmp_path / 'tables_miniature.json'))
  assert found.row('3 and 4', '1000 clips, curated', 'video') == {0: 0.7, 1: 0.5}
  assert claims._finding('x', {3: 0.5}).differences == [0.5]
  assert row(found, 'Study 3, I') == ['video +0.250 ± 0.071; audio +0.050 ± 0.057', 'yes']
  with pytest.raises(KeyError, match='2: k = 5'):
    found.row('2', 'k = 5', 'video')


def test_a_lead_stays_where_both_protocols_give_the_same(tmp_path):
  accuracies = {('xdc', 'full'): 0.9, ('xdc', 'fc'): 0.8, ('scratch', 'full'): 0.88, ('scratch', 'fc'): 0.81}
  rows = [
    {
      'method': method,
      'modality': modality,
      'protocols': {p: {'test_best': accuracies[method, p] - drop * (p == 'fc')} for p in ('full', 'fc')},
    }
    for method in ('xdc', 'scratch')
    for modality, drop in (('video', 0.0), ('audio', 0.03 * (method == 'xdc')))
  ]
  (tmp_path / 'table5.json').write_text(json.dumps({'rows': rows}))
  video, audio = claims._lead_stays(claims.Measured(table5=str(tmp_path / 'table5.json')))
  assert video.differences == pytest.approx([0.02]) and video.holds
  assert audio.differences == pytest.approx([-0.01]) and not audio.holds


def test_the_page_quotes_the_table():
  assert claims.table(claims.Measured(**vars(claims.parser().parse_args([])))) in (ROOT / 'docs/claims.md').read_text()
