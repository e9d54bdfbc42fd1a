"""xdc sweep: the paper's grid of learning rates on all official splits."""

import argparse

from xdc_tf.cli import finetune

SUMMARY = (
  "Finetune at every learning rate of a grid on all official splits; report the paper's choice of a rate and one that never sees "
  'the test videos.'
)
EXAMPLE = (
  'xdc sweep --records data/hmdb51 --run_dir runs/xdc --encoder video --output_dir runs/hmdb51_fc '
  '--gin_file transfer/hmdb51.gin --gin_file transfer/fc.gin'
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  finetune.add_transfer_arguments(parser)
  parser.add_argument('--folds', help='numbers of the official splits, e.g. 1 or 1,3 (default: all)')


def run(arguments: argparse.Namespace) -> None:
  """Runs what is missing of the grid and prints the table."""
  try:
    folds = [int(number) for number in arguments.folds.split(',')] if arguments.folds else None
  except ValueError:
    raise ValueError(f'--folds: found {arguments.folds!r}; expected whole numbers such as 1,2,3.') from None
  finetune.transfer(arguments, folds, whole_grid=True)
