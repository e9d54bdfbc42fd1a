"""xdc tables: what was measured, beside the paper's numbers."""

import argparse

from xdc_tf import files
from xdc_tf.paper import paper_tables

SUMMARY = "Print the results found below a folder beside the numbers of the paper's tables, as Markdown."
EXAMPLE = 'xdc tables --runs runs'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  parser.add_argument('--runs', required=True, help='folder; every results.json anywhere below it is read')


def run(arguments: argparse.Namespace) -> None:
  """Prints the tables, and then what could not be used."""
  files.use_file_system(arguments.runs)
  results, problems = paper_tables.find_results(arguments.runs)
  print(paper_tables.markdown(results))
  print(f'{len(results)} results found in {arguments.runs}, {len(problems)} skipped.')
  for problem in problems:
    print(f'skipped: {problem}')
