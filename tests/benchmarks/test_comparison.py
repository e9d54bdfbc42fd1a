"""The harness of the benchmarks: turns, ratios, the table."""

import time

from benchmarks.speed.comparison import Comparison, measure, table


def sides(ours_seconds: float, theirs_seconds: float):
  calls = []

  def side(name, seconds):
    def work():
      calls.append(name)
      time.sleep(seconds)

    return work

  return calls, Comparison('work', 'peer', side('ours', ours_seconds), side('theirs', theirs_seconds), 0.5)


def test_the_sides_take_turns_after_a_warm_up():
  calls, comparison = sides(0, 0)
  measure(comparison, repeats=2, warmups=1)
  assert calls == ['ours', 'theirs', 'ours', 'theirs', 'theirs', 'ours']


def test_the_ratio_is_ours_over_theirs():
  _, comparison = sides(0.02, 0.2)
  row = measure(comparison, repeats=3)
  assert 0.09 < row['lowest'] <= row['ratio'] <= row['highest'] < 0.4
  assert row['ours_seconds'] >= 0.02 and row['peer_seconds'] >= 0.2 and row['limit'] == 0.5


def test_the_table_marks_what_is_over_its_limit():
  row = {'what': 'a', 'peer': 'b', 'ours_seconds': 1.0, 'peer_seconds': 2.0, 'lowest': 0.4, 'highest': 0.6}
  lines = table(
    [row | {'ratio': 0.5, 'limit': 0.5}, row | {'ratio': 0.5, 'limit': 0.49}, row | {'ratio': 9, 'limit': None}]
  )
  assert ['(missed)' in line for line in lines.splitlines()] == [False, False, False, True, False]
