"""The reliability campaign: its short form runs, its eyes see what is wrong, and its page says what was seen."""

import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.reliability import __main__ as campaign
from benchmarks.reliability import damage, flaky_files, hostile_requests, material, report, spoil
from benchmarks.reliability.processes import Ended
from xdc_tf import files

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOOD = Ended(status=0, seconds=1.0, peak_bytes=2**20, output='Done.', killed=False, timed_out=False)


def ended(**changes) -> Ended:
  return Ended(**(vars(GOOD) | changes))


@pytest.fixture(scope='module')
def short(tmp_path_factory):
  """The short form, as it is typed: two minutes on two cores."""
  output = tmp_path_factory.mktemp('campaign') / 'short.json'
  command = [sys.executable, '-m', 'benchmarks.reliability', '--short', '--output', str(output)]
  environment = os.environ | {'PYTHONPATH': str(ROOT)}
  result = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
  assert output.exists(), result.stderr[-3000:]
  return files.read_json(str(output)), result


@pytest.mark.slow
def test_the_short_form_runs_every_part_and_nothing_fails(short):
  contents, result = short
  rows = report.rows_of(contents)
  assert [row['failures'] for row in rows if row['failures']] == []
  assert result.returncode == 0, result.stderr[-3000:]
  assert set(contents['parts']) == set(campaign.PARTS)
  assert all(row['runs'] for row in rows if not row['skipped'])
  assert sum(row['runs'] for row in contents['parts']['kills']['rows']) == 6
  assert all(report.table([row]).splitlines()[-1] in result.stdout for row in rows)


@pytest.mark.parametrize(
  ('seen', 'expected'),
  [
    (GOOD, ''),
    (ended(status=1, output='W: a warning\nxdc pretrain: /a/b.gin, line 3: no'), ''),
    (ended(status=1, output='W: b.gin\nxdc pretrain: something is wrong'), 'the message names no file'),
    (ended(status=1, output='4/4 [00:02<00:00]xdc finetune: b.gin is wrong'), ''),
    (ended(status=1, output='b.gin'), 'the message names no file'),
    (ended(status=-11), 'ended by signal 11'),
    (ended(status=-9, timed_out=True, seconds=120.0), 'not within 120 s'),
    (ended(peak_bytes=3 * 2**30), 'took 3072 MB'),
    (
      ended(status=1, output='Traceback (most recent call last):\n  File "x"\nKeyError: 3\nxdc: b.gin'),
      'a traceback: KeyError: 3',
    ),
  ],
)
def test_what_is_wrong_with_an_end_is_seen(seen, expected):
  found = damage.complaint(seen, ('b.gin',))
  assert found.startswith(expected) and bool(found) == bool(expected)


def test_damage_depends_on_the_seed_alone_and_damages(tmp_path):
  path, data = tmp_path / 'list.csv', b'path,start\n' + b'film.mp4,1\n' * 100
  json_path, values = tmp_path / 'some.json', {'a': 1, 'b': [2]}
  kinds = set()
  for seed in range(60):
    found = []
    for _ in range(2):
      rng = np.random.default_rng(seed)
      for function in (spoil.spoil_bytes, spoil.spoil_text):
        path.write_bytes(data)
        found.append((function(str(path), rng), path.read_bytes()))
      files.write_json(str(json_path), values)
      found.append((spoil.spoil_json(str(json_path), rng), json_path.read_bytes()))
    assert found[:3] == found[3:]
    assert data not in {contents for _, contents in found[:2]}
    kinds |= {how.partition(' at ')[0] for how, _ in found[:2]}
  assert len(kinds) == 6 + 9 - 1  # 'cut' is in both.


def test_any_difference_of_two_folders_is_told(tmp_path):
  one, other = tmp_path / 'one', tmp_path / 'other'
  (one / 'sub').mkdir(parents=True)
  (one / 'sub' / 'a.npy').write_bytes(b'1')
  (one / 'b').write_bytes(b'2')
  shutil.copytree(one, other)

  def difference() -> str:
    return material.difference(material.contents(str(one)), material.contents(str(other)))

  assert difference() == ''
  (other / 'sub' / 'a.npy').write_bytes(b'3')
  assert difference() == 'sub/a.npy differs'
  (other / 'sub' / 'a.npy').unlink()
  assert difference() == 'sub/a.npy is missing'
  shutil.copy(one / 'sub' / 'a.npy', other / 'sub')
  (other / 'c').write_bytes(b'')
  assert difference() == 'c is left over'
  (other / 'c').rename(other / 'c.tmp.0123')
  assert difference() == '' and material.count_left_behind(str(other)) == 1


@pytest.mark.slow
def test_bad_requests_are_of_both_models_and_all_kinds():
  rng = np.random.default_rng(0)
  found = {(model, what) for model, what, _ in (hostile_requests.bad_request(rng) for _ in range(500))}
  assert {model for model, _ in found} == {'video', 'audio'}
  assert {'PNG', 'CMYK JPEG', 'no JPEG', 'rank 3', 'not finite or far too loud'} <= {what for _, what in found}


def test_a_bad_request_that_is_answered_is_told():
  def refuses() -> np.ndarray:
    raise ValueError('no')

  assert hostile_requests._not_refused('video', 'PNG', refuses) == []
  told = 'a bad request is answered with {}: video, PNG'
  assert hostile_requests._not_refused('video', 'PNG', lambda: np.zeros(3)) == [told.format('finite numbers')]
  for value in ('CMYK JPEG', 'PNG'):
    (found,) = hostile_requests._not_refused('video', value, lambda: np.array([np.nan]))
    assert 'numbers that are not finite' in found
  assert hostile_requests._not_refused('video', 'CMYK JPEG', lambda: np.zeros(3)) == []


@pytest.mark.slow
def test_the_stand_in_fails_one_call_in_fifty(tmp_path):
  program = f"""
import tensorflow as tf
from benchmarks.reliability import flaky_files
flaky_files.install(3)
failed = 0
for number in range(2000):
  try:
    tf.io.gfile.exists({str(tmp_path)!r})
  except tf.errors.UnavailableError as error:
    assert flaky_files.MESSAGE in str(error) and {str(tmp_path)!r} in str(error)
    failed += 1
print(failed)
"""
  environment = os.environ | {'PYTHONPATH': str(ROOT)}
  result = subprocess.run([sys.executable, '-c', program], env=environment, capture_output=True, text=True, check=True)
  assert 0.5 < int(result.stdout) * flaky_files.ONE_IN / 2000 < 1.5


def test_the_table_shows_failures_with_their_reasons_and_what_was_skipped():
  row = {'part': 'disk', 'what': 'a|b', 'runs': 3, 'failures': [], 'seen': 'fine', 'skipped': ''}
  failed = row | {'failures': ['a traceback: KeyError', 'a traceback: ValueError', 'slow: x'], 'seen': ''}
  skipped = row | {'skipped': 'no mounts', 'runs': 0}
  assert report.table([row, failed, skipped]).splitlines()[2:] == [
    '| disk | a\\|b | 3 | 0 | fine |',
    '| disk | a\\|b | 3 | 3 | **failed:** a traceback; **failed:** slow |',
    '| disk | a\\|b | 0 | skipped | no mounts |',
  ]


def test_the_page_shows_what_was_measured():
  contents = files.read_json(str(ROOT / 'benchmarks/results/reliability.json'))
  page = (ROOT / 'docs/reliability.md').read_text()
  assert report.table(report.rows_of(contents)) in page
  assert set(contents['parts']) == set(campaign.PARTS)
  assert report.about(contents) in page
