"""The arguments that several verbs declare alike."""

import argparse


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


def add_coverage_argument(parser: argparse.ArgumentParser) -> None:
  """Declares --allow_missing_classes."""
  parser.add_argument(
    '--allow_missing_classes',
    action='store_true',
    help='measure although a class of the data set has no clip, since its videos failed; the results say which',
  )
