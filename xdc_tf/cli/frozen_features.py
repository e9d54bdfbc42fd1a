"""What the verbs share that measure frozen features fold by fold: their arguments, the features, and the table of results."""

import argparse
from collections.abc import Callable

import numpy as np

from xdc_tf import files
from xdc_tf.cli import encoder_arguments, shared_arguments
from xdc_tf.evaluation.clip_features import ClipFeatures, side_by_side
from xdc_tf.paper import paper_tables
from xdc_tf.records import coverage
from xdc_tf.records.folds import read_folds
from xdc_tf.records.human_labels import first_labels
from xdc_tf.records.schema import open_records


def add_arguments(parser: argparse.ArgumentParser, num_clips: int, purpose: str) -> None:
  """Declares the arguments; `num_clips` is the default of --num_clips, `purpose` says whose."""
  parser.add_argument('--records', required=True, help='folder of labelled records, as make_clips writes it')
  shared_arguments.add_coverage_argument(parser)
  encoder_arguments.add_arguments(parser)
  encoder_arguments.add_seed_argument(parser)
  encoder_arguments.add_input_arguments(parser)
  parser.add_argument(
    '--num_clips', type=int, default=num_clips, help=f'clips of each record, {purpose} (default: {num_clips})'
  )
  parser.add_argument('--batch_size', type=int, default=32, help='clips in one call of the encoder (default: 32)')
  parser.add_argument('--features_dir', help='keep the features here, for the next time (default: nowhere)')
  parser.add_argument('--output', help='write the results here, as JSON; `xdc tables` finds files called results.json')


def measure_folds(
  arguments: argparse.Namespace, task: str, facts: dict, measure: Callable[..., dict[str, float]]
) -> None:
  """Extracts the features once, measures every fold, prints a line for each and the mean, and writes --output.

  Args:
    arguments: the arguments of the verb.
    task: its name, for the results.
    facts: entries for the results beside the numbers: the settings of the measure.
    measure: (train features float32 [n, c, d], train labels int32 [n], test features, test labels) -> numbers by name.

  Raises:
    ValueError: when there are no labelled records to train or to test on.
  """
  if arguments.output:
    files.check_output(arguments.output)
  seed = encoder_arguments.seed_of(arguments)
  records, folds, labels = _open(arguments.records)
  missing = coverage.check_coverage(records, folds, arguments.allow_missing_classes)
  if coverage.describe(missing):
    print(coverage.describe(missing))
  start = encoder_arguments.find(arguments)
  encoder_arguments.check_records(arguments, start, records)
  inputs = side_by_side(encoder_arguments.inputs_of(arguments, start), records)
  about = {
    'data_set': records.name,
    'start': start.described(seed),
    'protocol': task,
    'num_clips': arguments.num_clips,
    'num_frames': inputs.num_frames if start.modality == 'video' else None,
    'table_row': vars(arguments).get('table_row'),  # The paper has no retrieval.
  }
  paper_tables.check_row(about, [fold.number for fold in folds])
  encoder = start.load(inputs, seed)
  clip_features = ClipFeatures(encoder, inputs, records, arguments.num_clips, arguments.batch_size)
  features = clip_features.of_folds(folds, labels, arguments.features_dir)
  rows = {}
  for fold in folds:
    train, test = (
      _part(records, fold.number, part, features[part.split], labels[part.split]) for part in (fold.train, fold.test)
    )
    numbers = measure(*train, *test)
    rows[str(fold.number)] = {'num_train': len(train[1]), 'num_test': len(test[1]), **numbers}
    print(f'fold {fold.number}: {_text(numbers)} ({len(train[1])} train, {len(test[1])} test)', flush=True)
  mean = {name: float(np.mean([row[name] for row in rows.values()])) for name in numbers}
  print(f'mean:   {_text(mean)}')
  if arguments.output:
    files.write_json(arguments.output, about | facts | {'coverage': missing, 'folds': rows, 'mean': mean})


def _open(folder: str):
  """Returns the records, their folds, and the labels of each split."""
  files.use_file_system(folder)
  records = open_records(folder)
  folds = read_folds(records)
  splits = sorted({part.split for fold in folds for part in (fold.train, fold.test)})
  labels = {split: first_labels(records, split, warns=True) for split in splits}
  return records, folds, labels


def _part(records, fold: int, part, extracted: tuple[np.ndarray, np.ndarray], labels: np.ndarray):
  """The features and labels of one part of a fold; `extracted` may hold more clips, and lacks the failed ones."""
  index, features = extracted
  chosen = part.clips[index]
  if not chosen.any():
    raise ValueError(
      f'{records.directory}: fold {fold} names {part.clips.sum()} clips, but there is no record of them: their videos failed, '
      'see failed_videos.jsonl.'
    )
  return features[chosen], labels[index[chosen]]


def _text(numbers: dict[str, float]) -> str:
  return ', '.join(f'{name} {100 * value:.1f}' for name, value in numbers.items())
