"""The page says what the campaign saw, and its table tells failures."""

import pathlib

from benchmarks.reliability import __main__ as campaign
from benchmarks.reliability import report
from xdc_tf import files

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_the_page_shows_the_results():
  contents = files.read_json(str(ROOT / 'benchmarks/results/reliability.json'))
  page = (ROOT / 'docs/reliability.md').read_text()
  assert report.table(contents['rows']) in page and report.about(contents) in page
  assert {row['part'] for row in contents['rows']} == set(campaign.PARTS)


def test_failures_and_what_was_skipped_are_told():
  rows = [
    {
      'part': 'a',
      'what': 'b|c',
      'runs': 3,
      'failures': ['slow: 9 s', 'slow: 8 s', 'wrong: x'],
      'seen': 'two',
      'skipped': '',
    },
    {'part': 'a', 'what': 'd', 'runs': 0, 'failures': [], 'seen': '', 'skipped': 'no mount'},
  ]
  assert report.table(rows).splitlines()[2:] == [
    '| a | b\\|c | 3 | 3 | two; **failed:** slow; **failed:** wrong |',
    '| a | d | 0 | skipped | no mount |',
  ]
