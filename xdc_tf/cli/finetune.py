"""xdc finetune: one training on a labelled data set; xdc sweep does the grid."""

import argparse
import dataclasses
import functools
import os

import numpy as np
import tensorflow as tf
from absl import logging

from xdc_tf import files, lease
from xdc_tf.cli import configuration, encoder_arguments, shared_arguments
from xdc_tf.evaluation import sweep
from xdc_tf.evaluation.finetuning import FcOnly, Finetuning, FullFinetuning
from xdc_tf.paper import paper_tables
from xdc_tf.records import coverage
from xdc_tf.records.folds import read_folds
from xdc_tf.records.schema import open_records
from xdc_tf.runs import run_info, weights_folder
from xdc_tf.runs.run_directory import RunDirectory
from xdc_tf.runs.starting_point import StartingPoint
from xdc_tf.training import distribution
from xdc_tf.training.options import POLICIES

SUMMARY = 'Finetune an encoder, or a layer on its frozen features, on one fold of a labelled data set, and measure it.'
EXAMPLE = (
  'xdc finetune --records data/ucf101 --run_dir runs/xdc --encoder video --output_dir runs/ucf101 '
  '--gin_file transfer/ucf101.gin --gin_file transfer/full.gin'
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  add_transfer_arguments(parser)
  parser.add_argument('--fold', type=int, default=1, help='number of the official split (default: 1)')


def add_transfer_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares what finetune and sweep have in common."""
  parser.add_argument('--records', required=True, help='folder of records of the labelled data set')
  parser.add_argument('--output_dir', required=True, help='folder of the results; made if absent, resumed if present')
  parser.add_argument('--table_row', help="name of a row of the paper for `xdc tables`, e.g. 'table1/xdc'")
  shared_arguments.add_coverage_argument(parser)
  encoder_arguments.add_arguments(parser)
  shared_arguments.add_configuration_arguments(parser)
  shared_arguments.add_device_arguments(parser)


def run(arguments: argparse.Namespace) -> None:
  """Finetunes with the schedule's own rate and prints the accuracy."""
  transfer(arguments, [arguments.fold], whole_grid=False)


def transfer(arguments: argparse.Namespace, fold_numbers: list[int] | None, whole_grid: bool) -> None:
  """Trains the cells of some folds and writes results.json.

  Args:
    arguments: what add_transfer_arguments declared.
    fold_numbers: which folds; None: all.
    whole_grid: every rate of the grid, and the choice of a rate by held-out videos; False: the schedule's rate alone.
  """
  for path in (arguments.records, arguments.output_dir):
    files.use_file_system(path)
  strategy = distribution.make_strategy(arguments.logical_cpus, arguments.deterministic)
  start = encoder_arguments.find(arguments)
  text = configuration.load(arguments.gin_file, arguments.gin_param, Finetuning, start.classes_to_configure)
  config = configuration.finetuning()
  config = dataclasses.replace(config, training=run_info.as_begun(config.training, arguments.output_dir))
  records = open_records(arguments.records)
  encoder_arguments.check_records(arguments, start, records)
  _check_normalisation(start, config.input_of(start.modality, records))
  _warn_of_another_view(start, config.input_of(start.modality, records), records)
  folds = _chosen_folds(records, fold_numbers)
  coverage.check_coverage(records, folds, arguments.allow_missing_classes)
  about = _about(arguments, config, start, records)
  paper_tables.check_row(about, [fold.number for fold in folds])
  cells = (
    sweep.grid(config, folds, records)
    if whole_grid
    else [sweep.SweepCell(fold, config.schedule.base_learning_rate) for fold in folds]
  )
  asked = run_info.header(records, strategy, config.training) + f'# start: {start.identity()}\n' + text
  # Workers at different folds would train one network together.
  distribution.check_same_on_workers(strategy, asked + ''.join(f'# cell: {cell.name}\n' for cell in cells))
  learner = _make_learner(config, start, records, strategy)
  directory = RunDirectory(arguments.output_dir, strategy)
  with lease.held(directory.path, arguments.take_over, directory.is_chief):
    directory.check_configuration(asked, arguments.allow_changes)
    describe = (
      functools.partial(_describe_weights, learner, start, config, records) if config.trained == 'all' else None
    )
    results = sweep.run_cells(config, learner, directory, records, cells, describe)
    if directory.is_chief:
      _write_results(config, records, directory, about | results)


def _write_results(config, records, directory, results: dict) -> None:
  """Writes results.json and a picture, and prints a table, of these folds and of those that earlier commands measured."""
  path = os.path.join(directory.path, 'results.json')
  if results['table_row'] is None and tf.io.gfile.exists(path):
    results['table_row'] = files.read_json(path).get('table_row')
  folds = _chosen_folds(records, [int(number) for number in results['folds']])
  results['coverage'] = coverage.check_coverage(records, folds, allow_missing_classes=True)
  files.write_json(path, results)
  missing = coverage.describe(results['coverage'])
  print('\n'.join(filter(None, [missing, _table(results)])) + f'\n{path} holds the numbers.')
  if not any(fold['test_best'] for fold in results['folds'].values()):
    raise ValueError(f'Every training diverged ({len(results["diverged"])} of them): choose lower learning rates.')
  if config.trained == 'all':
    best = next(fold['held_out'] or fold['test_best'] for fold in results['folds'].values() if fold['test_best'])
    cell = directory.stage(best['cell'])
    print(
      f'Next: xdc export --weights {cell} makes a model that tells these classes.'
      if _has_last_layer(cell)
      else f'{cell} is of an earlier version and lacks its last layer: without {cell}/DONE the same command trains it again.'
    )
  if not config.several_labels:  # Last: without matplotlib all else is there.
    picture = os.path.join(directory.path, 'confusion.svg')
    sweep.draw_confusion(sweep.confusion(results, directory), records.label_names, picture)


def _check_normalisation(start: StartingPoint, inputs) -> None:
  """Clips may be longer or larger than those of the pretraining, but other numbers in them would be a silent mistake."""
  for name in ('mean', 'std'):
    before, now = getattr(start.inputs, name, None), getattr(inputs, name)
    if before is not None and not np.array_equal(before, now):  # A list or a tuple.
      raise ValueError(
        f'{start.source} was pretrained with {type(inputs).__name__}.{name} = {before}, and would be fed with {now}. Add '
        f"--gin_param '{type(inputs).__name__}.{name} = {before}'."
      )


def _warn_of_another_view(start: StartingPoint, inputs, records) -> None:
  """Says when pictures are scaled otherwise than in the pretraining: it is allowed, and costs accuracy without a word."""
  if start.modality != 'video' or not start.weights:
    return
  fed = start.fed or weights_folder.usual_view(start.arguments)
  before, now = fed.inputs.short_side or fed.short_side, inputs.short_side or records.short_side
  if before != now:
    logging.warning(
      '%s was pretrained on frames whose short side had %d pixels; here it has %d, so that things have another size. To keep it: '
      "--gin_param 'VideoInput.short_side = %d' --gin_param 'VideoInput.crop_size = %d'.",
      *(start.source, before, now, before, fed.inputs.crop_size),
    )


def _chosen_folds(records, numbers: list[int] | None):
  folds = read_folds(records)
  unknown = sorted(set(numbers or []) - {fold.number for fold in folds})
  if unknown:
    raise ValueError(f'{records.directory} has no fold {unknown[0]}; expected 1 to {len(folds)}.')
  return [fold for fold in folds if numbers is None or fold.number in numbers]


def _make_learner(config, start: StartingPoint, records, strategy):
  if config.trained == 'fc':
    # The seed is for Table 5's random features, which it reports over several of them.
    dtype = POLICIES[config.training.resolved().precision]
    encoder = start.load(config.input_of(start.modality, records), config.seed, dtype)
    return FcOnly(config, encoder, start.modality, records)
  return FullFinetuning(config, start.make, start.modality, start.weights, records, strategy)


def _about(arguments: argparse.Namespace, config, start: StartingPoint, records) -> dict[str, object]:
  protocol = 'fc' if config.trained == 'fc' else 'full' if start.weights else 'scratch'
  return {
    'data_set': records.name,
    'start': start.described(config.seed),
    'table_row': arguments.table_row,
    'protocol': protocol,
    'num_frames': config.video_input.num_frames if start.modality == 'video' else None,
  }


def _describe_weights(learner, start: StartingPoint, config, records, folder: str) -> None:
  """Makes the folder of a trained encoder one that --weights takes: supervised pretraining is nothing else."""
  source = f'{start.described(config.seed)}, trained on {records.name}'
  several = config.several_labels if _has_last_layer(folder) else None
  weights_folder.write_info(folder, learner.encoder, source, config.input_of(start.modality, records), records, several)


def _has_last_layer(folder: str) -> bool:
  return tf.io.gfile.exists(os.path.join(folder, 'kernel.npy'))


def _table(results: dict) -> str:
  lines = [f'{"fold":>6} {"top-1, best rate of the test videos":>40} {"top-1, rate chosen on held-out videos":>40}']
  for number, fold in results['folds'].items():
    cells = (f'{c["top1"]:.4f} (rate {c["rate"]:g})' if c else '' for c in (fold['test_best'], fold['held_out']))
    lines.append(f'{number:>6} ' + ' '.join(f'{cell:>40}' for cell in cells))
  if results['diverged']:
    lines.append(f'diverged, never chosen: {", ".join(results["diverged"])}')
  means = (f'{m:.4f}' if m is not None else '' for m in results['mean'].values())
  return '\n'.join([*lines, f'{"mean":>6} ' + ' '.join(f'{mean:>40}' for mean in means)])
