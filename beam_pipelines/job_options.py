"""The options of a Beam job: its own, strictly parsed, and all of Beam's."""

import argparse
import difflib
from collections.abc import Iterable, Sequence
from typing import NoReturn

from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from beam_pipelines.clip_shard import ClipJobError
from xdc_tf import messages


class _JobParser(argparse.ArgumentParser):
  """Raises where argparse would end the process, which may be a notebook's."""

  def error(self, message: str) -> NoReturn:
    raise ClipJobError(f'{message}. See --help.')


def job_parser(name: str, description: str) -> argparse.ArgumentParser:
  """Returns a parser for a job's own options, with what all jobs have; use `parse_known_args`, all others are Beam's.

  Args:
    name: the name of the module in beam_pipelines.
    description: for --help.
  """
  result = _JobParser(
    prog=f'python -m beam_pipelines.{name}',
    description=description,
    formatter_class=argparse.RawDescriptionHelpFormatter,
    allow_abbrev=False,
    epilog="All other options are Beam's: https://beam.apache.org/documentation/runners/capability-matrix/",
  )
  result.add_argument(
    '--take_over',
    action='store_true',
    help='go on in the place of a job that has the folder and hangs; its workers, if any are left, are for you to end',
  )
  return result


def beam_options(argv: Sequence[str], own_names: Iterable[str] = ()) -> PipelineOptions:
  """Parses Beam's options, and chooses the runner.

  Args:
    argv: the options that the job's own parser does not know.
    own_names: the names of those that it knows, to guess what a misspelt one should have been.

  Raises:
    ClipJobError: for an option that neither the job nor Beam knows, and for a word that belongs to none (Beam would only warn).
  """
  options = PipelineOptions(list(argv))
  parsers: list[argparse.ArgumentParser] = []
  try:
    known = options.get_all_options(add_extra_args_fn=parsers.append)
  except SystemExit as error:
    raise ClipJobError('An option of Beam has a value that it cannot have: what is wrong stands above.') from error
  unknown = sorted(set(options.get_all_options(retain_unknown_options=True)) - set(known))
  if unknown:
    names = [*known, *own_names]
    guesses = {name: difflib.get_close_matches(name, names, n=1) for name in unknown}
    listed = ', '.join(
      f'--{name}' + (f' (did you mean --{near[0]}?)' if near else '') for name, near in guesses.items()
    )
    raise ClipJobError(f'Unknown options: {listed}. See --help.')
  strays = parsers[0].parse_known_args(list(argv))[1]
  if strays:
    raise ClipJobError(f'{" ".join(strays)!r} belongs to no option. Expected --NAME VALUE or --NAME=VALUE. See --help.')
  standard = options.view_as(StandardOptions)
  # Beam's DirectRunner first tries its Prism runner, a Go program that it downloads. FnApiRunner is the Python runner that
  # it would fall back to; it knows the same --direct_... options and never touches the network.
  if standard.runner in (None, 'DirectRunner'):
    standard.runner = 'FnApiRunner'
  return options


def as_typed(parser: argparse.ArgumentParser, argv: Sequence[str], text: str) -> str:
  """Returns a message with the options of a job as they are typed (see messages.as_typed)."""
  try:
    return messages.as_typed(text, vars(parser.parse_known_args(argv)[0]))
  except ClipJobError:  # It is what the message says.
    return text
