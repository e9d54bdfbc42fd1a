"""xdc make-avdigits: renders the synthetic corpus AV digits."""

import argparse
import os

from xdc_tf.avdigits import corpus

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
    '--level', choices=('easy', 'hard'), default='hard', help='easy halves all nuisances (default: hard)'
  )
  parser.add_argument('--train', type=int, default=3000, help='number of clips to train on (default: 3000)')
  parser.add_argument('--test', type=int, default=1000, help='number of clips to test on (default: 1000)')
  parser.add_argument('--seed', type=int, default=0, help='of all that is drawn by chance (default: 0)')
  parser.add_argument(
    '--num_workers', type=int, default=os.cpu_count() or 1, help='processes that render (default: one a core)'
  )


def run(arguments: argparse.Namespace) -> None:
  """Renders the corpus and prints what it made."""
  print(
    corpus.make(
      arguments.output_dir, arguments.level, arguments.train, arguments.test, arguments.seed, arguments.num_workers
    )
  )
