"""xdc check: whether what lies in a folder is whole."""

import argparse

from xdc_tf import files
from xdc_tf.doctor import integrity
from xdc_tf.records.reader import num_cpus

SUMMARY = (
  'Read records, features, a run or an export to the end, compare checksums and counts, and name what is damaged.'
)
EXAMPLE = 'xdc check data/clips runs/xdc'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  parser.add_argument('folders', nargs='+', metavar='FOLDER', help='of records, of a run, of features, of an export')


def run(arguments: argparse.Namespace) -> None:
  """Prints a table and every damage.

  Raises:
    ValueError: when something is damaged.
  """
  checks = []
  for folder in arguments.folders:
    files.use_file_system(folder)
    checks += integrity.checks(folder)
  findings = integrity.run(checks, num_cpus())
  damaged = [finding.kind for finding in findings]
  print(f'{"what":<12} {"checked":>8} {"damaged":>8}')
  for kind in dict.fromkeys(check.kind for check in checks):
    print(f'{kind:<12} {sum(check.kind == kind for check in checks):>8} {damaged.count(kind):>8}')
  for finding in findings:
    print(f'{finding.path} {finding.problem}')
  if findings:
    raise ValueError(f'{len(findings)} of {len(checks)} are damaged; they are named above.')
