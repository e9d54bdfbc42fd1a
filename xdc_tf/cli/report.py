"""xdc report: the clusters of a finished run as a folder of HTML pages."""

import argparse
import contextlib
import os

import tensorflow as tf

from xdc_tf.cli import shared_arguments
from xdc_tf.library import steps

SUMMARY = 'Write the cluster report of a run: a folder of pages with moving thumbnails and sound, to open in a browser.'
EXAMPLE = 'xdc report --run_dir runs/xdc'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  parser.add_argument('--run_dir', required=True, help='folder of a finished run')
  parser.add_argument(
    '--output', help='folder of the pages (default: RUN_DIR/report); thumbnails in it are not made again'
  )
  parser.add_argument(
    '--clips_per_cluster', type=int, default=10, help='nearest clips to show of each cluster (default: 10)'
  )
  shared_arguments.add_take_over_argument(parser)
  parser.add_argument('--credit', default='', help='who made the videos, and their licence; stands on every page')


def run(arguments: argparse.Namespace) -> None:
  """Writes the pages and prints what was made."""
  if arguments.clips_per_cluster < 1:
    raise ValueError(f'--clips_per_cluster must be at least 1. Received: {arguments.clips_per_cluster}.')
  with contextlib.suppress(RuntimeError):  # In a process that has computed before, it is too late.
    tf.config.set_visible_devices([], 'GPU')  # A report needs none, and a training beside it needs them whole.
  output = arguments.output or os.path.join(arguments.run_dir, 'report')
  steps.report_run(arguments.run_dir, output, arguments.credit, None, arguments.clips_per_cluster, arguments.take_over)
