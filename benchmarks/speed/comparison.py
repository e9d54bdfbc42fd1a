"""Ours against a peer that does the same work: interleaved in one run, since machines are noisy and ratios are not."""

import argparse
import dataclasses
import os
import statistics
import time
from collections.abc import Callable, Sequence

from benchmarks import machine
from xdc_tf import files

RESULTS = os.path.join(os.path.dirname(os.path.dirname(__file__)), 'results')
HEADER = ('what', 'peer', 'ours, s', 'peer, s', 'ratio', 'from .. to', 'limit')


@dataclasses.dataclass(frozen=True)
class Comparison:
  """One row of the table.

  Attributes:
    what: the work.
    peer: who else does it.
    ours: does the work once.
    theirs: does the same work once.
    limit: the most of time of ours / time of theirs; None: no bar, only told.
  """

  what: str
  peer: str
  ours: Callable[[], object]
  theirs: Callable[[], object]
  limit: float | None


def measure(comparison: Comparison, repeats: int, warmups: int = 1) -> dict[str, object]:
  """Runs both sides in turns, the order turned round each time.

  Args:
    comparison: what to run.
    repeats: timed runs of each side.
    warmups: runs of each side before, not timed.

  Returns:
    {'what', 'peer', 'ours_seconds', 'peer_seconds', 'ratio', 'lowest', 'highest', 'limit', 'repeats'}: medians, and
    of the ratios of the pairs the median, the lowest and the highest.
  """
  for _ in range(warmups):
    comparison.ours()
    comparison.theirs()
  pairs = []
  for turn in range(repeats):
    sides = (comparison.ours, comparison.theirs)
    seconds = [_time(side) for side in (sides if turn % 2 == 0 else sides[::-1])]
    pairs.append(seconds if turn % 2 == 0 else seconds[::-1])
  ratios = [ours / theirs for ours, theirs in pairs]
  return {
    'what': comparison.what,
    'peer': comparison.peer,
    'ours_seconds': statistics.median(ours for ours, _ in pairs),
    'peer_seconds': statistics.median(theirs for _, theirs in pairs),
    'ratio': statistics.median(ratios),
    'lowest': min(ratios),
    'highest': max(ratios),
    'limit': comparison.limit,
    'repeats': repeats,
  }


def _time(side: Callable[[], object]) -> float:
  started = time.perf_counter()
  side()
  return time.perf_counter() - started


def faster(sides: Sequence[Callable[[], object]]) -> Callable[[], object]:
  """Runs each side three times and returns the one whose best time is lowest: a peer works in the way that suits it."""
  return min(sides, key=lambda side: min(_time(side) for _ in range(3)))


def parser(module: str, description: str) -> argparse.ArgumentParser:
  """Returns the parser that every benchmark has: --threads, --repeats and --output."""
  result = argparse.ArgumentParser(prog=f'python -m benchmarks.speed.{module}', description=description)
  result.add_argument('--threads', type=int, default=os.cpu_count(), help='of both sides; default %(default)s')
  result.add_argument('--repeats', type=int, default=5, help='timed runs of each side; default %(default)s')
  result.add_argument('--output', default=os.path.join(RESULTS, f'{module}.json'), help='default: %(default)s')
  return result


def report(rows: Sequence[dict], output: str, threads: int, packages: tuple[str, ...] = ()) -> None:
  """Writes the rows with machine and versions as JSON, and prints the table."""
  files.write_json(output, {'rows': list(rows), 'threads': threads, **machine.describe(packages)})
  print(table(rows), flush=True)


def table(rows: Sequence[dict]) -> str:
  """Formats a Markdown table; a ratio above its limit is marked."""
  cells = [HEADER]
  for row in rows:
    seconds = (f'{row["ours_seconds"]:.3g}', f'{row["peer_seconds"]:.3g}')
    cells.append(
      (row['what'], row['peer'], *seconds, _ratio(row), f'{row["lowest"]:.2f} .. {row["highest"]:.2f}', _limit(row))
    )
  return _markdown(cells)


def short_table(rows: Sequence[dict]) -> str:
  """Formats what docs/speed.md quotes: the ratios that have a limit."""
  return _markdown(
    [('what', 'peer', 'ratio', 'limit')]
    + [(row['what'], row['peer'], _ratio(row), _limit(row)) for row in rows if row['limit'] is not None]
  )


def read_rows(names: Sequence[str]) -> list[dict]:
  """Reads the results of benchmarks that there are, in the order of their names."""
  paths = [os.path.join(RESULTS, f'{name}.json') for name in names]
  return [row for path in paths if os.path.exists(path) for row in files.read_json(path)['rows']]


def _ratio(row: dict) -> str:
  return f'{row["ratio"]:.2f}' + (' (missed)' if row['limit'] is not None and row['ratio'] > row['limit'] else '')


def _limit(row: dict) -> str:
  return '' if row['limit'] is None else f'{row["limit"]:.2f}'


def _markdown(cells: Sequence[Sequence[str]]) -> str:
  widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
  lines = [
    '| ' + ' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + ' |' for row in cells
  ]
  return '\n'.join([lines[0], '|' + '|'.join('-' * (width + 2) for width in widths) + '|', *lines[1:]])
