"""xdc make-avdigits: renders the synthetic corpus AV digits."""

import argparse
import os

from xdc_tf.avdigits import corpus
from xdc_tf.avdigits.curation import Curation

SUMMARY = (
  'Render AV digits, a synthetic corpus: a handwritten digit moves while a voice says its name. Needs xdc-tf[avdigits].'
)
EXAMPLE = 'xdc make-avdigits --output_dir data/avdigits --level hard --train 3000 --test 1000 --seed 0'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the arguments."""
  parser.add_argument(
    '--output_dir', required=True, help='folder of the corpus; the same command goes on where it ended'
  )
  parser.add_argument(
    '--level',
    choices=('easy', 'hard', 'hardest'),
    default='hard',
    help='of the nuisances; easy halves those of hard (default: hard)',
  )
  parser.add_argument('--train', type=int, default=3000, help='number of clips to train on (default: 3000)')
  parser.add_argument('--test', type=int, default=1000, help='number of clips to test on (default: 1000)')
  parser.add_argument('--seed', type=int, default=0, help='of all that is drawn by chance (default: 0)')
  parser.add_argument(
    '--num_classes', type=int, default=10, help='10: a digit each; 20, 30, 40 or 50: pairs of digits (default: 10)'
  )
  parser.add_argument(
    '--mismatched_sound',
    type=float,
    default=0.0,
    help='share of the training clips that say another digit, up to .6 (default: 0)',
  )
  parser.add_argument(
    '--long_tail',
    type=float,
    default=1.0,
    help='times as many training clips of zero as of nine, up to 100 (default: 1)',
  )
  parser.add_argument(
    '--shared_background',
    action='store_true',
    help='the colours of the background in training clips belong to the voice',
  )
  parser.add_argument(
    '--num_workers', type=int, default=os.cpu_count() or 1, help='processes that render (default: one a core)'
  )


def run(arguments: argparse.Namespace) -> None:
  """Renders the corpus and prints what it made."""
  curation = Curation(arguments.mismatched_sound, arguments.long_tail, arguments.shared_background)
  counts = (arguments.train, arguments.test)
  made = corpus.make(
    arguments.output_dir,
    arguments.level,
    *counts,
    arguments.seed,
    arguments.num_workers,
    curation,
    arguments.num_classes,
  )
  print(made)
