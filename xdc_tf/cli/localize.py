"""xdc localize: actions in time, by G-TAD on frozen snippet features, the paper's protocol for THUMOS14 (Section 7)."""

import argparse
import os
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from xdc_tf import __version__, files, lease
from xdc_tf.cli import configuration, shared_arguments
from xdc_tf.localization import corpus, localize, video_classes
from xdc_tf.localization.options import Localization
from xdc_tf.paper import paper_tables
from xdc_tf.records import folds
from xdc_tf.records.schema import open_records
from xdc_tf.runs.run_directory import RunDirectory
from xdc_tf.training import distribution

SUMMARY = (
  'Localise actions in time by G-TAD on frozen snippet features, and measure it (THUMOS14, Table 8). Killed or not, the same '
  'command goes on from what is there.'
)
EXAMPLE = (
  'xdc localize --features features/thumos14 --records data/thumos14 --annotations ~/thumos14/annotation '
  '--output_dir runs/thumos14 --gin_file transfer/thumos14.gin'
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  parser.add_argument(
    '--features', required=True, help='folder of `xdc extract-features --snippet_frames 16`, of all records'
  )
  parser.add_argument('--records', required=True, help='folder of the records that the features are of')
  parser.add_argument(
    '--annotations', required=True, help='folder of CLASS_val.txt and CLASS_test.txt, at any depth, as for xdc manifest'
  )
  parser.add_argument('--output_dir', required=True, help='folder of the results; made if absent, resumed if present')
  parser.add_argument(
    '--video_scores',
    help='file of the class scores of the test videos: .json, {video: {class: score}}, or .csv, video,class,score (default: '
    'a linear classifier trained on the mean features of the training videos; the paper has scores of UntrimmedNet)',
  )
  parser.add_argument('--table_row', help="name of a row of the paper for `xdc tables`, e.g. 'table8/xdc_ig_random'")
  parser.add_argument('--deterministic', action='store_true', help='make a resumed run equal an undisturbed one')
  shared_arguments.add_allow_changes_argument(parser)
  shared_arguments.add_take_over_argument(parser)
  shared_arguments.add_configuration_arguments(parser)


def run(arguments: argparse.Namespace) -> None:
  """Trains and measures what has not been done yet, and prints the mean average precision at every tIoU."""
  for path in (arguments.features, arguments.records, arguments.annotations, arguments.output_dir):
    files.use_file_system(path)
  strategy = distribution.make_strategy(deterministic=arguments.deterministic, alone=True)
  text = configuration.load(arguments.gin_file, arguments.gin_param, Localization)
  config = configuration.localization()
  features = corpus.open_corpus(arguments.features, open_records(arguments.records))
  annotations = {part: corpus.read_annotations(arguments.annotations, part) for part in ('val', 'test')}
  if not annotations['test'].actions:
    raise ValueError(f'{arguments.annotations} has no action among its test annotations; expected some to measure on.')
  scores = _read_scores(arguments.video_scores, annotations['val'].actions, features)
  about = _about(arguments, features, annotations['test'])
  paper_tables.check_row(about, [1])
  directory = RunDirectory(arguments.output_dir, strategy)
  with lease.held(directory.path, arguments.take_over):
    directory.check_configuration(
      f'# xdc-tf {__version__}, TensorFlow {tf.__version__}\n# features: {features.digest}\n'
      f'# annotations: {annotations["val"].digest}\n{text}',
      arguments.allow_changes,
    )
    weights = localize.train(directory, config, features, annotations['val'])
    proposals = localize.propose(directory, config, features, weights)
    if scores is None:
      scores = localize.own_class_scores(config, features, annotations['val'])
    detections = localize.detect(proposals, scores, config.detection.num_classes)
    numbers = localize.measure(detections, annotations['test'])
    localize.write_detections(os.path.join(directory.path, 'detections.json'), detections, list(proposals))
    path = os.path.join(directory.path, 'results.json')
    files.write_json(path, about | numbers)
    print(_table(numbers, about['missing_videos']))
    print(f'Classes of the videos: {about["video_scores"]}.\n{path} holds the numbers.')


def _read_scores(path: str | None, classes, features) -> Mapping[str, Mapping[str, float]] | None:
  if path is None:
    return None
  files.use_file_system(path)
  return video_classes.read_scores(path, list(classes), features.videos(folds.TEST))


def _about(arguments: argparse.Namespace, features, annotations) -> dict[str, Any]:
  """What results.json says beside the numbers. Videos without features count: nothing is found in them."""
  videos = features.videos(folds.TEST)
  return {
    'data_set': features.records.name,
    'start': arguments.features,
    'table_row': arguments.table_row,
    'protocol': 'localization',
    'num_frames': features.snippets.frames,
    'video_scores': arguments.video_scores or video_classes.OWN_CLASSIFIER,
    'num_train': len(features.videos(folds.TRAIN)),
    'num_test': len(videos),
    'missing_videos': sorted(set(annotations.of_any_class()) - set(videos)),
  }


def _table(numbers: dict, missing: list[str]) -> str:
  names = (('map', 'mAP'), ('map_ambiguous_ignored', 'mAP, ambiguous parts ignored'))
  lines = [f'{"tIoU":<30}' + ''.join(f'{threshold:>8}' for threshold in numbers['map'])]
  lines += [f'{title:<30}' + ''.join(f'{100 * value:8.1f}' for value in numbers[key].values()) for key, title in names]
  if missing:
    lines.append(
      f'{len(missing)} annotated test videos have no features, so nothing is found in them; the first is {missing[0]}.'
    )
  return '\n'.join(lines)
