"""xdc projector: the features of a run for TensorBoard's embedding projector."""

import argparse
import os

import tensorflow as tf
from absl import logging

from xdc_tf import files
from xdc_tf.cli import configuration
from xdc_tf.clustering.assignments import PseudoLabels
from xdc_tf.clustering.feature_store import FeatureStore
from xdc_tf.manifest import manifest
from xdc_tf.report import projector
from xdc_tf.training.event_files import open_events

SUMMARY = (
  "Write the features of a run for TensorBoard's embedding projector: points to turn, search and colour by cluster."
)
EXAMPLE = 'xdc projector --run_dir runs/xdc --max_clips 5000 --thumbnails'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  parser.add_argument('--run_dir', required=True, help='folder of a finished run')
  parser.add_argument('--iteration', type=int, help='which iteration (default: the last)')
  parser.add_argument(
    '--max_clips',
    type=int,
    default=5000,
    help='of more training clips so many are drawn at random (default: 5000; browsers get slow beyond 10000)',
  )
  parser.add_argument(
    '--thumbnails', action='store_true', help='show pictures for points: reads every shard that holds one of the clips'
  )
  parser.add_argument('--output_dir', help='(default: RUN_DIR/tensorboard/projector)')


def run(arguments: argparse.Namespace) -> None:
  """Writes the folder, and says what is in it and how to see it."""
  opened = configuration.open_run(arguments.run_dir)
  iteration = opened.iteration(arguments.iteration)
  output = arguments.output_dir or os.path.join(opened.path, 'tensorboard', 'projector')
  files.check_output(os.path.join(output, 'metadata.tsv'))
  stores = {name: FeatureStore(iteration.features(name), 'train') for name in opened.config.encoders}
  sample = projector.sample(stores, arguments.max_clips)
  metadata = _metadata(opened, iteration, sample.index)
  pictures = projector.thumbnails(opened.records, 'train', sample) if arguments.thumbnails else None
  projector.write(output, sample.features, metadata, pictures)
  total = next(iter(stores.values())).num_clips
  shown = f'all {total:,}' if len(sample.index) == total else f'{len(sample.index):,} of {total:,}, drawn at random'
  sentence = f'The features of {" and ".join(stores)} in {os.path.basename(iteration.path)}, training clips: {shown}.'
  _say_in_tensorboard(output, sentence)
  print(f'{sentence} tensorboard --logdir {output}')


def _metadata(opened, iteration, index) -> dict[str, list]:
  """What is known of every clip: columns by name."""
  records = opened.records
  columns = {'clip': index.tolist()}
  for name in sorted(c.name for c in opened.config.clusterings):
    labels = PseudoLabels.load(iteration.pseudo_labels(name, 'train'), records.num_rows('train')).labels
    columns[f'{name} cluster'] = labels[index].tolist()
  return columns | _from_manifest(records, index)


def _from_manifest(records, index) -> dict[str, list]:
  """Labels, file and start of every clip; nothing where the manifest is gone."""
  try:
    rows = manifest.read_manifest(records.manifest_directory).rows('train')
  except FileNotFoundError:
    logging.warning('The manifest %s is gone: clips go without labels and names.', records.manifest_directory)
    return {}
  wanted = set(index.tolist())
  rows_of = {row.index: row for row in rows if row.index in wanted}
  chosen = [rows_of[i] for i in index.tolist()]
  columns: dict[str, list] = {'video': [os.path.basename(row.path) for row in chosen]}
  columns['start'] = [row.start_seconds for row in chosen]
  if records.label_names:
    columns['label'] = [', '.join(row.labels) for row in chosen]
  return columns


def _say_in_tensorboard(folder: str, sentence: str) -> None:
  """Writes the sentence as a text: TensorBoard looks for projectors only in folders that have events."""
  events = open_events(folder)
  with events.as_default(0):
    tf.summary.text('projector', sentence)
  events.close()
