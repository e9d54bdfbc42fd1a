"""xdc doctor: whether this machine can do what the project does, and what to do where it cannot."""

import argparse
import sys
import textwrap

from xdc_tf.doctor import machine_checks, machine_facts

SUMMARY = 'Check this machine: versions, GPUs, codecs, memory, disk. Says what to do; uses no network, changes nothing.'
EXAMPLE = 'xdc doctor'
_WIDTH = 110


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Takes none."""


def run(arguments: argparse.Namespace) -> None:
  """Prints a line for everything that was looked at; exits with 1 when something would stop `make demo`."""
  findings = machine_checks.check(machine_facts.gather())
  for finding in findings:
    print(_lines(finding))
  levels = [finding.level for finding in findings]
  counts = f'problems: {levels.count(machine_checks.PROBLEM)}, warnings: {levels.count(machine_checks.WARNING)}'
  if machine_checks.PROBLEM in levels:
    print(f'\n{counts}; `make demo` would not come to its end.')
    sys.exit(1)
  print(f'\n{counts}; `make demo` can run.')


def _lines(finding: machine_checks.Finding) -> str:
  """One finding as text: level, name and what was found, then what to do."""
  first, indent = f'{finding.level:<8} {finding.name:<11} ', ' ' * 21
  text = textwrap.fill(finding.text, _WIDTH, initial_indent=first, subsequent_indent=indent)
  if finding.cure:
    text += '\n' + textwrap.fill(f'-> {finding.cure}', _WIDTH, initial_indent=indent, subsequent_indent=indent + '   ')
  return text
