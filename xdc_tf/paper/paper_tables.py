"""Our results beside the paper's: every results.json below a folder, as one Markdown table for each table of the paper.

A results.json names its row ('table_row'); its number is shown in every other cell too that is about the same encoder, data set,
protocol and clip length: XDC on Kinetics with the best k stands in Tables 1, 2 and 3.
"""

import dataclasses
import difflib
import os
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import tensorflow as tf

from xdc_tf import files
from xdc_tf.localization import video_classes
from xdc_tf.paper.paper_numbers import NUM_SPLITS, TABLES, Table, TableCell
from xdc_tf.records import coverage

FILE_NAME = 'results.json'
# Measures of frozen features have one number a fold, without a choice of a rate.
FROZEN_MEASURES = {'svm': 'top1', 'retrieval': 'recall_at_1'}
HEADER = ('row', 'data set', 'paper', 'ours (test-best)', 'ours (held-out)')
OTHER_HEADER = ('start', 'data set', 'protocol', 'frames', 'splits', 'ours (test-best)', 'ours (held-out)')


@dataclasses.dataclass(frozen=True)
class Accuracies:
  """Top-1 accuracies (mean average precisions of a localisation) as fractions; None where it was not measured so.

  Attributes:
    test_best: with the rate that is best on the test clips, as the paper reports it (Table 12).
    held_out: with the rate that is best on held-out training clips.
  """

  test_best: float | None
  held_out: float | None


@dataclasses.dataclass(frozen=True)
class Result:
  """One results.json, or its numbers at one tIoU.

  Attributes:
    path: the path of the file.
    data_set: name of the records; of a localisation with its tIoU, 'thumos14@0.5'.
    start: the encoder that it started from, for people.
    table_row: 'table1/xdc'; None for what is in no table.
    protocol: 'full', 'fc', 'scratch', 'svm', 'retrieval' or 'localization'.
    num_frames: the number of frames of a clip; None for sound.
    folds: the accuracies on each official split, by its number.
    mean: over these.
    note: what else sets the numbers apart from the paper's, ' (own video classes)'; '' for nothing.
    missing: the classes that each fold could not be trained or tested on.
  """

  path: str
  data_set: str
  start: str
  table_row: str | None
  protocol: str
  num_frames: int | None
  folds: dict[str, Accuracies]
  mean: Accuracies
  note: str = ''
  missing: Mapping[str, Collection[str]] = dataclasses.field(default_factory=dict)

  def note_on(self, folds: Iterable[str]) -> str:
    """What sets the numbers of these folds apart from the paper's, with a space before it; '' for nothing."""
    missing = {name for fold in folds for name in self.missing.get(fold, ())}
    return self.note + (f' (classes missing: {len(missing)})' if missing else '')


def find_results(folder: str) -> tuple[list[Result], list[str]]:
  """Reads every results.json anywhere below a folder.

  Returns:
    what they hold, in the order of their paths; and a sentence on each that could not be used.

  Raises:
    FileNotFoundError: when there is no such folder.
  """
  if not tf.io.gfile.isdir(folder):
    raise FileNotFoundError(f'{folder} is not a folder. Name the one that holds your runs.')
  paths = sorted(os.path.join(place, FILE_NAME) for place, names in files.walk(folder) if FILE_NAME in names)
  results, problems = [], []
  for path in paths:
    try:
      read = read_results(path)
      for result in read:
        if result.table_row:
          cell_of(result)
      results += read
    except (ValueError, OSError, tf.errors.OpError) as error:
      problems.append(f'{path}: {error}')
  return results, problems


def read_results(path: str) -> list[Result]:
  """Reads one results.json: one result, or of a localisation one for each tIoU, whose data set is called 'thumos14@0.5'.

  Raises:
    ValueError: when it is none, or has a value that cannot be.
  """
  results = files.read_json(path)
  try:
    for name, types in (('protocol', str), ('data_set', str), ('start', str), ('table_row', str | None)):
      if not isinstance(results[name], types):
        raise ValueError(f'{name!r} must be text. Received: {results[name]!r}.')
    known = (results['start'], results['table_row'], results['protocol'], results['num_frames'])
    own_classes = results.get('video_scores') == video_classes.OWN_CLASSIFIER
    return [
      Result(
        path,
        data_set,
        *known,
        {str(fold): _accuracies(values) for fold, values in folds.items()},
        _accuracies(mean),
        ' (own video classes)' if own_classes else '',
        coverage.missing_classes(results.get('coverage', {})),
      )
      for data_set, folds, mean in _measured(results)
    ]
  except KeyError as error:
    raise ValueError(f'it has no {error}, which the results of a finetuning have.') from error
  except (TypeError, AttributeError) as error:
    raise ValueError(f'it does not have the shape of the results of a finetuning ({error}).') from error


def _measured(results: dict[str, Any]) -> list[tuple[str, dict, dict]]:
  """Returns (data set, accuracies of each fold, their mean) of what a results.json holds."""
  protocol, data_set = results['protocol'], results['data_set']
  if protocol == 'localization':  # One number for each tIoU, on the one official split.
    numbers = {tiou: {'test_best': value} for tiou, value in results['map'].items()}
    return [(f'{data_set}@{tiou}', {'1': number}, number) for tiou, number in numbers.items()]
  measure = FROZEN_MEASURES.get(protocol)
  if measure:
    folds = {fold: {'test_best': row[measure]} for fold, row in results['folds'].items()}
    return [(data_set, folds, {'test_best': results['mean'][measure]})]
  folds = {fold: {how: part['top1'] for how, part in row.items() if part} for fold, row in results['folds'].items()}
  return [(data_set, folds, results['mean'])]


def _accuracies(fractions: dict[str, Any]) -> Accuracies:
  """Takes {'test_best': 0.742, 'held_out': 0.741}, where one may be missing."""
  values = Accuracies(fractions.get('test_best'), fractions.get('held_out'))
  for value in (values.test_best, values.held_out):
    if value is not None and not 0 <= value <= 1:
      raise ValueError(f'accuracies are fractions from 0 to 1. Received: {value!r}.')
  return values


def cell_of(result: Result) -> TableCell:
  """The cell of the paper that a result's 'table_row', data set, protocol and clip length name.

  Raises:
    ValueError: when there is no such cell; the message says what is there.
  """
  name = result.table_row or ''
  table = TABLES.get(name.partition('/')[0])
  row = [cell for cell in table.cells if cell.row == name] if table else []
  if table is None or not row:
    rows = sorted({cell.row for t in TABLES.values() for cell in t.cells})
    near = difflib.get_close_matches(name, rows, n=1, cutoff=0.0)
    raise ValueError(f'the paper has no row {result.table_row!r}. Did you mean {near[0]!r}?')
  measured = (result.data_set, result.protocol, result.num_frames)
  cells = [cell for cell in row if (cell.data_set, cell.protocol, cell.num_frames) == measured]
  if not cells:
    there = ', '.join(str((cell.data_set, cell.protocol, cell.num_frames)) for cell in row)
    raise ValueError(f'{result.table_row} has (data set, protocol, frames) {there}. Received: {measured}.')
  if not table.all_splits and '1' not in result.folds:
    raise ValueError(f'{result.table_row} is on split 1. Received the splits: {", ".join(result.folds) or "none"}.')
  return cells[0]


def check_row(about: Mapping[str, Any], folds: Iterable[object]) -> None:
  """Refuses, before anything is measured, a row that `cell_of` would refuse afterwards.

  Args:
    about: what results.json will say of the measurement; its 'table_row' may be None.
    folds: the numbers of the official splits that are measured.

  Raises:
    ValueError: when the paper has no such row, or not with this data set, protocol, clip length and split.
  """
  if about['table_row'] is None:
    return
  of_localization = about['protocol'] == 'localization'
  data_set = f'{about["data_set"]}@0.5' if of_localization else about['data_set']
  known = (about['start'], about['table_row'], about['protocol'], about['num_frames'])
  nothing = Accuracies(None, None)
  try:
    cell_of(Result('', data_set, *known, {str(fold): nothing for fold in folds}, nothing))
  except ValueError as error:
    raise ValueError(f'--table_row: {error}') from error


def markdown(results: list[Result]) -> str:
  """Returns all tables, per cent: the paper's number and ours, which is empty where there is no run."""
  by_encoder: dict[tuple, list[Result]] = {}
  for result in results:
    if result.table_row:
      by_encoder.setdefault(_same_run(cell_of(result)), []).append(result)
  parts = []
  for table in TABLES.values():
    lines = [
      (cell.method, cell.data_set, cell.paper, *_ours(by_encoder.get(_same_run(cell), []), cell, table))
      for cell in table.cells
    ]
    parts.append(f'## {table.title}\n\n' + _markdown_table(HEADER, lines))
  others = [result for result in results if not result.table_row]
  if others:
    parts.append(
      '## Results that are in no table (mean over the splits)\n\n' + _markdown_table(OTHER_HEADER, map(_other, others))
    )
  return '\n\n'.join(parts) + '\n'


def _same_run(cell: TableCell) -> tuple:
  """Equal for the cells that one experiment fills. Nothing of ours fills the cells of other people's methods."""
  return (cell.encoder or cell.row, cell.data_set, cell.protocol, cell.num_frames)


def _ours(results: list[Result], cell: TableCell, table: Table) -> tuple[str, str]:
  """Our two numbers for one cell; those of several runs (seeds, say) apart by semicolons."""
  shown = []
  for result in results:
    top_1 = result.mean if table.all_splits else result.folds.get('1')
    note = result.note_on(result.folds if table.all_splits else ['1'])
    if top_1 is None:  # Another table's row, of other splits.
      continue
    expected = NUM_SPLITS.get(cell.data_set, 1)
    if table.all_splits and len(result.folds) < expected:
      note += f' ({len(result.folds)} of {expected} splits)'
    shown.append((_per_cent(top_1.test_best, note), _per_cent(top_1.held_out, note)))
  return '; '.join(s[0] for s in shown), '; '.join(s[1] for s in shown)


def _other(result: Result) -> tuple[str, ...]:
  note = result.note_on(result.folds)
  return (
    result.start,
    result.data_set,
    result.protocol,
    str(result.num_frames or ''),
    ', '.join(result.folds),
    _per_cent(result.mean.test_best, note),
    _per_cent(result.mean.held_out, note),
  )


def _per_cent(value: float | None, note: str = '') -> str:
  return '' if value is None else f'{100 * value:.1f}{note}'


def _markdown_table(header: tuple[str, ...], lines) -> str:
  # The first column is text, and so may others be; numbers are read well enough from the left.
  rows = [header, ('---',) * len(header), *lines]
  return '\n'.join('| ' + ' | '.join(text.replace('|', '\\|') for text in row) + ' |' for row in rows)
