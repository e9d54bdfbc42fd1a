"""Folds x learning rates, every cell a stage of a run directory: interrupted or not, the same command goes on.

fold-1/test/rate-0.004/       trained on the fold's training videos, measured on its test videos
fold-1/held-out/rate-0.004/   trained on most of the training videos, measured on the others, to choose a rate by
results.json                  what is found; confusion.svg beside it
"""

import dataclasses
import os
from collections.abc import Callable, Sequence

import numpy as np
from absl import logging

from xdc_tf import files, plots
from xdc_tf.evaluation import classification
from xdc_tf.evaluation.finetuning import Finetuning
from xdc_tf.records.coverage import present_rows
from xdc_tf.records.folds import Fold
from xdc_tf.records.human_labels import all_labels, first_labels
from xdc_tf.records.label_table import NO_LABEL
from xdc_tf.records.schema import Records
from xdc_tf.records.source_videos import read_sources
from xdc_tf.training import checkpoints
from xdc_tf.training.finite import DivergedError


@dataclasses.dataclass(frozen=True)
class SweepCell:
  """One training.

  Attributes:
    fold: what it trains and tests on.
    rate: the base learning rate of one replica.
    held_out: the fold's test part is a held-out part of its training videos.
  """

  fold: Fold
  rate: float
  held_out: bool = False

  @property
  def name(self) -> str:
    """Its folder in the run directory."""
    rate = f'{self.rate:g}'
    if float(rate) != self.rate:  # Two rates of a fine grid must not share a folder.
      rate = repr(float(self.rate))
    return f'fold-{self.fold.number}/{"held-out" if self.held_out else "test"}/rate-{rate}'


def grid(config: Finetuning, folds: Sequence[Fold], records: Records) -> list[SweepCell]:
  """Returns the cells of a whole sweep, fold by fold.

  Raises:
    ValueError: when the configuration has no rates, its held_out_group does not match a video, or nothing can be held out.
  """
  if not config.learning_rates:
    raise ValueError('Finetuning.learning_rates is empty. Add --gin_file transfer/full.gin or transfer/fc.gin.')
  cells = []
  for fold in folds:
    cells += [SweepCell(fold, rate) for rate in config.learning_rates]
    if config.held_out_share:
      split = fold.train.split
      sources = read_sources(records, split, config.held_out_group)
      # What has no record measures nothing: were it drawn, a class might have nothing to choose a rate by, or all of them.
      labels = np.where(present_rows(records, split), first_labels(records, split), NO_LABEL)
      inner = fold.hold_out(labels, sources, config.held_out_share, config.seed_of(fold))
      if not inner.test.clips.any():
        raise ValueError(
          f'{records.directory}: nothing of fold {fold.number} can be held out to choose a learning rate by, since each class has '
          'one source of videos only. Set Finetuning.held_out_share = 0, or a held_out_group that tells more sources apart.'
        )
      cells += [SweepCell(inner, rate, held_out=True) for rate in config.learning_rates]
  return cells


def run_cells(
  config: Finetuning,
  learner,
  run,
  records: Records,
  cells: Sequence[SweepCell],
  describe: Callable[[str], None] | None = None,
) -> dict[str, object]:
  """Trains and measures what has not been done yet; what was done before in the same folder counts among the results.

  Args:
    config: what to do.
    learner: FullFinetuning or FcOnly.
    run: the run directory.
    records: the data set's records.
    cells: the trainings.
    describe: called by the chief with the folder of each of them that has weights to go on with, as soon as it is done.

  Returns:
    {'folds': {number: {'test_best', 'held_out': {'rate', 'top1', ...}}}, 'mean': {'test_best', 'held_out': top-1}, 'diverged':
    names of cells}, with None where there is none. 'test_best' is the best rate of the test videos, as in the paper, 'held_out'
    the test videos' result at the rate that was best on the held-out ones, where all rates of the grid have been tried there. Of
    equally good rates the lowest counts. A training that diverged is never chosen; where the rate that was best on the held-out
    videos diverges on the whole fold, the fold has no 'held_out'.
  """
  learner.prepare(run)
  for cell in cells:
    folder = run.once(cell.name, _train_and_measure, learner, cell, config, records)
    if run.is_chief:  # As long as a cell is not done its checkpoints are what it goes on from.
      checkpoints.delete_folders(folder, 'checkpoints')
      checkpoints.delete_folders(folder, '.worker-')  # Of workers that the sweep no longer has.
      if describe and not cell.held_out and 'diverged' not in _result(run, cell.name):
        describe(folder)
  names = dict.fromkeys([*(cell.name for cell in cells), *_done(run)])
  results = {name: _result(run, name) for name in names}
  numbers = sorted({result['fold'] for result in results.values()})
  folds = {}
  for number in numbers:
    of_fold = {name: result for name, result in results.items() if result['fold'] == number}
    folds[str(number)] = _choose(of_fold, _untried_rates(config, number, of_fold))
  mean = {way: _mean_top_1([fold[way] for fold in folds.values()]) for way in ('test_best', 'held_out')}
  diverged = [name for name, result in results.items() if 'diverged' in result]
  return {'folds': folds, 'mean': mean, 'diverged': diverged}


def _result(run, name: str) -> dict:
  """What was measured in a cell that is done."""
  return files.read_json(run.stage(f'{name}/result.json'))


def _done(run) -> list[str]:
  """The names of all cells in the folder that are finished, such as those of other folds, trained by earlier commands."""
  names, root = [''], run.path
  for beginning in ('fold-', ('test', 'held-out'), 'rate-'):
    names = [
      f'{name}/{entry}'
      for name in names
      for entry in sorted(files.list_folder(f'{root}{name}'))
      if entry.startswith(beginning)
    ]
  return [name[1:] for name in names if run.is_done(name[1:])]


def _untried_rates(config: Finetuning, fold: int, results: dict[str, dict]) -> list[float]:
  """Returns, and says, which rates of the grid wait for their held-out training, of a fold of which some others are done."""
  tried = {result['rate'] for result in results.values() if result['held_out']}
  untried = [rate for rate in config.learning_rates if tried and rate not in tried]
  if untried:
    logging.warning(
      'Fold %d: no rate is chosen on held-out videos yet, since %s of the grid are still to be tried there: xdc sweep goes on.',
      fold,
      ', '.join(f'{rate:g}' for rate in untried),
    )
  return untried


def _mean_top_1(chosen: Sequence[dict | None]) -> float | None:
  accuracies = [fold['top1'] for fold in chosen if fold]
  return float(np.mean(accuracies)) if len(accuracies) == len(chosen) else None


def confusion(results: dict, run) -> np.ndarray:
  """Returns the confusion matrix of the chosen cells, summed over the folds: int [classes, classes], row the label."""
  chosen = [fold['held_out'] or fold['test_best'] for fold in results['folds'].values()]
  return np.sum([_result(run, c['cell'])['confusion'] for c in chosen if c], axis=0)


def draw_confusion(matrix: np.ndarray, label_names: Sequence[str], path: str) -> None:
  """Draws a confusion matrix as an SVG: the share of each label's videos that is taken for each class."""
  pyplot = plots.pyplot()
  most = 105  # Names that can be read beside a figure of 24 inches: of more classes every so many-th has its name.
  side = 3.0 + 0.2 * min(most, len(label_names))
  figure, axes = pyplot.subplots(figsize=(side, side), layout='constrained')
  shares = matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
  figure.colorbar(axes.imshow(shares, vmin=0, vmax=1, cmap='Blues'), ax=axes, shrink=0.6)
  ticks = range(0, len(label_names), -(-len(label_names) // most))
  named = [label_names[number] for number in ticks]
  axes.set_xticks(ticks, named, rotation=90, fontsize=7)
  axes.set_yticks(ticks, named, fontsize=7)
  axes.set(xlabel='prediction', ylabel='label')
  plots.save(figure, path)


def _train_and_measure(folder: str, learner, cell: SweepCell, config: Finetuning, records: Records) -> None:
  about = {'fold': cell.fold.number, 'rate': cell.rate, 'held_out': cell.held_out}
  try:
    index, probabilities = learner.train(folder, cell.fold, cell.rate)
    measured = {'videos': len(index)} | _measure(index, probabilities, cell.fold.test.split, config, records)
  except DivergedError as error:
    logging.warning('%s: %s', cell.name, error)
    measured = {'diverged': str(error)}
  files.write_json(os.path.join(folder, 'result.json'), about | measured)


def _measure(
  index: np.ndarray, probabilities: np.ndarray, split: str, config: Finetuning, records: Records
) -> dict[str, object]:
  if not config.several_labels:
    return classification.measure(probabilities, first_labels(records, split)[index])
  labels = np.unpackbits(all_labels(records, split)[index], axis=1, count=len(records.label_names)).astype(bool)
  return classification.measure_several(probabilities, labels)


def _choose(results: dict[str, dict], untried: Sequence[float] = ()) -> dict[str, dict | None]:
  """The two ways to choose a rate, of the results of one fold's cells by their names; the second where none is `untried`."""

  def quality(name: str) -> tuple[float, float]:
    return results[name].get('map', results[name]['top1']), -results[name]['rate']

  def summary(name: str) -> dict:
    result = results[name]
    return {'rate': result['rate'], 'cell': name} | {k: result[k] for k in ('top1', 'top5', 'map') if k in result}

  finite = [name for name, result in results.items() if 'diverged' not in result]
  test = [name for name in finite if not results[name]['held_out']]
  held_out = [name for name in finite if results[name]['held_out']]
  chosen = results[max(held_out, key=quality)]['rate'] if held_out and not untried else None
  return {
    'test_best': summary(max(test, key=quality)) if test else None,
    'held_out': next((summary(name) for name in test if results[name]['rate'] == chosen), None),
  }
