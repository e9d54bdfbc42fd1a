"""Every transfer protocol of the paper on the synthetic corpus, after benchmarks.table1_miniature.

  python -m benchmarks.transfer_miniature --table1 table1_run/results --output table1_run/transfer.json

It runs `xdc sweep` (full finetuning and fc-only), `xdc svm` and `xdc retrieval` on the encoders of a seed, as a user would, and
reads the results as `xdc tables` does. Killed or not, the same command goes on.
"""

import argparse
import os
import subprocess
import sys

from benchmarks import command_line, machine
from benchmarks.miniature.methods import METHODS
from benchmarks.miniature.results import cell_name, markdown
from xdc_tf import files
from xdc_tf.paper import paper_tables

# A protocol is a verb, its arguments, and where it writes its results.
PROTOCOLS = {
  'full': ('sweep', ['--gin_file', 'miniature/transfer_full.gin'], '--output_dir'),
  'fc': ('sweep', ['--gin_file', 'miniature/transfer_fc.gin'], '--output_dir'),
  'svm': ('svm', ['--num_clips', '3'], '--output'),
  'retrieval': ('retrieval', ['--num_clips', '3'], '--output'),
}
HEADER = ('encoder', 'full', 'full, held-out', 'fc', 'fc, held-out', 'SVM', 'retrieval, R@1')


def parser() -> argparse.ArgumentParser:
  """Returns the parser of the command line."""
  result = command_line.parser('benchmarks.transfer_miniature', __doc__)
  result.add_argument('--table1', required=True, help='the working folder of benchmarks.table1_miniature')
  result.add_argument(
    '--methods', default='random,xdc', help='scratch: what all labels were taught; default: %(default)s'
  )
  result.add_argument(
    '--records', help='of the labelled clips; default: those of Table 1, that the encoders were trained on'
  )
  result.add_argument('--seed', type=int, default=0, help='of the cells; default %(default)s')
  result.add_argument('--output', required=True, help='results as JSON; the table (.md) goes beside it')
  return result


def main() -> None:
  """Runs what is missing, then prints the table."""
  arguments = parser().parse_args()
  work_dir, _ = os.path.splitext(arguments.output)
  rows = []
  for method in arguments.methods.split(','):
    run_dir = os.path.join(arguments.table1, cell_name(method, arguments.seed), 'run')
    for modality, encoder in METHODS[method].evaluated.items():
      of_protocol, start = {}, start_words(method, run_dir, encoder)
      for protocol in PROTOCOLS:
        folder = os.path.join(work_dir, method, modality, protocol)
        of_protocol[protocol] = _run(
          protocol, arguments.records or os.path.join(arguments.table1, 'records'), start, folder
        )
      rows.append({'method': method, 'modality': modality, 'protocols': of_protocol})
      files.write_json(arguments.output, {'seed': arguments.seed, 'rows': rows, **machine.describe()})
  with files.atomic_write(work_dir + '.md', 'w') as file:
    file.write(table(rows) + '\n')
  print('\n' + table(rows))


def start_words(method: str, run_dir: str, encoder: str) -> list[str]:
  """Returns the words that name an encoder: one of a run, or the one that all labels were taught."""
  if METHODS[method].supervised:
    return ['--weights', os.path.join(run_dir, 'finetuning', f'{encoder}-all')]
  return ['--run_dir', run_dir, '--encoder', encoder]


def _run(protocol: str, records: str, start: list[str], folder: str) -> dict[str, float | None]:
  """Runs a verb; returns its mean accuracies with both choices of a rate."""
  verb, options, output = PROTOCOLS[protocol]
  path = os.path.join(folder, paper_tables.FILE_NAME)
  command = [sys.executable, '-m', 'xdc_tf.cli.main', verb, '--records', records, *start, *options]
  command += [output, folder if output == '--output_dir' else path]
  if subprocess.run(command, check=False).returncode:
    sys.exit(f'transfer_miniature: this command failed: {" ".join(command)}')
  (result,) = paper_tables.read_results(path)
  mean = result.mean
  return {'test_best': mean.test_best, 'held_out': mean.held_out}


def table(rows: list[dict]) -> str:
  """Formats a Markdown table of per cent."""
  lines = [list(HEADER)]
  for row in rows:
    method = METHODS[row['method']]
    cells = [f'{"supervised" if method.supervised else method.title}, {row["modality"]}']
    for protocol in PROTOCOLS:
      ways = ('test_best', 'held_out') if protocol in ('full', 'fc') else ('test_best',)
      cells += [f'{100 * row["protocols"][protocol][way]:.1f}' for way in ways]
    lines.append(cells)
  return markdown(lines)


if __name__ == '__main__':
  main()
