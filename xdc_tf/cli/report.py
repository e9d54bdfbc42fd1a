"""xdc report: the clusters of a finished run as a folder of HTML pages."""

import argparse
import contextlib
import os

import tensorflow as tf

from xdc_tf import files, lease
from xdc_tf.cli import configuration, pretrain
from xdc_tf.report import cluster_report, report_input

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
  pretrain.add_take_over_argument(parser)
  parser.add_argument('--credit', default='', help='who made the videos, and their licence; stands on every page')


def run(arguments: argparse.Namespace) -> None:
  """Writes the pages and prints what was made."""
  if arguments.clips_per_cluster < 1:
    raise ValueError(f'--clips_per_cluster must be at least 1. Received: {arguments.clips_per_cluster}.')
  with contextlib.suppress(RuntimeError):  # In a process that has computed before, it is too late.
    tf.config.set_visible_devices([], 'GPU')  # A report needs none, and a training beside it needs them whole.
  output = arguments.output or os.path.join(arguments.run_dir, 'report')
  report_run(arguments.run_dir, output, arguments.credit, None, arguments.clips_per_cluster, arguments.take_over)


def report_run(
  run_dir: str,
  folder: str,
  credit: str,
  iterations: list[dict] | None,
  clips_per_cluster: int = 10,
  take_over: bool = False,
) -> None:
  """Writes the report of a run's last clusterings, and prints what was made.

  Args:
    run_dir: of a finished run.
    folder: of the pages.
    credit: who made the videos.
    iterations: numbers of each iteration, for the curves; None takes those of the clusterings.
    clips_per_cluster: the nearest clips that are shown.
    take_over: the folder, from a job that has it.
  """
  files.use_file_system(folder)
  run = configuration.open_run(run_dir)
  with lease.held(folder, take_over):
    counts = cluster_report.build_report(folder, report_input.from_run(run, credit, iterations), clips_per_cluster)
  print(
    f'{os.path.join(folder, "index.html")}: thumbnails of {counts.made} clips made, of {counts.before} found from before'
    + (f', of {counts.empty} impossible (their tiles say why)' if counts.empty else '')
  )
