"""xdc pretrain: deep clustering on a folder of records."""

import argparse

from xdc_tf.cli import shared_arguments
from xdc_tf.library import steps

SUMMARY = (
  'Pretrain encoders by deep clustering. Killed or not, the same command goes on from where the run directory is.'
)
EXAMPLE = 'xdc pretrain --records data/kinetics --run_dir runs/xdc --gin_file papers/neurips2020/table1_xdc.gin'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  parser.add_argument('--records', required=True, help='folder of records, as make_clips writes it')
  parser.add_argument('--run_dir', required=True, help='folder of this run; made if absent, resumed if present')
  shared_arguments.add_configuration_arguments(parser)
  shared_arguments.add_device_arguments(parser)


def run(arguments: argparse.Namespace) -> None:
  """Pretrains and prints where the results are."""
  steps.pretrain_run(
    arguments.records,
    arguments.run_dir,
    arguments.gin_file,
    arguments.gin_param,
    arguments.logical_cpus,
    arguments.deterministic,
    arguments.allow_changes,
    arguments.take_over,
  )
  print(f'Done. Next: xdc export --run_dir {arguments.run_dir} and xdc report --run_dir {arguments.run_dir}')
