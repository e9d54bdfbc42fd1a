"""xdc pretrain: deep clustering on a folder of records."""

import argparse

from xdc_tf.library import steps

SUMMARY = (
  'Pretrain encoders by deep clustering. Killed or not, the same command goes on from where the run directory is.'
)
EXAMPLE = 'xdc pretrain --records data/kinetics --run_dir runs/xdc --gin_file papers/neurips2020/table1_xdc.gin'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  parser.add_argument('--records', required=True, help='folder of records, as make_clips writes it')
  parser.add_argument('--run_dir', required=True, help='folder of this run; made if absent, resumed if present')
  add_configuration_arguments(parser)
  add_device_arguments(parser)


def add_configuration_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares --gin_file and --gin_param."""
  parser.add_argument(
    '--gin_file', action='append', default=[], help='a gin file, relative to gin/ or a path; may be repeated'
  )
  parser.add_argument(
    '--gin_param', action='append', default=[], help="a binding such as 'Schedule.total_epochs = 5'; may be repeated"
  )


def add_device_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares what chooses devices."""
  parser.add_argument(
    '--logical_cpus', type=int, default=1, help='replicas on the CPU where there is no GPU (default: 1)'
  )
  parser.add_argument(
    '--deterministic',
    action='store_true',
    help='make a resumed run equal an undisturbed one bit for bit on a CPU, and nearly on GPUs',
  )
  add_allow_changes_argument(parser)
  add_take_over_argument(parser)


def add_take_over_argument(parser: argparse.ArgumentParser) -> None:
  """Declares --take_over."""
  parser.add_argument(
    '--take_over',
    action='store_true',
    help='go on in the place of a job that has the folder and hangs; that one then stops',
  )


def add_allow_changes_argument(parser: argparse.ArgumentParser) -> None:
  """Declares --allow_changes."""
  parser.add_argument(
    '--allow_changes',
    action='store_true',
    help='go on with a run that was started with other versions, replicas or precision; changes.jsonl there says from where',
  )


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
