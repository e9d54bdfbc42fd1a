"""Table 1 in miniature: every method of the paper on one corpus with one budget, on two CPU cores.

  xdc make-avdigits --output_dir table1_run/corpus --level hard
  python -m benchmarks.table1_miniature --corpus table1_run/corpus --seeds 0,1,2 --output table1_run/results.json

The corpus is any folder of videos with a list: path, label, split (train or test). It goes the whole road: the Beam job makes
records, the outer loop pretrains with the gin files of gin/miniature/; the test clips are for measuring only. Killed or not, the
same command goes on; what was measured is not measured again.
"""

import argparse
import concurrent.futures
import itertools
import json
import os
import subprocess
import sys
from typing import Any

from benchmarks.miniature import corpus, results
from benchmarks.miniature.methods import METHODS
from xdc_tf import files

LOG_LINES = 25


def parser() -> argparse.ArgumentParser:
  """Returns the parser of the command line."""
  result = argparse.ArgumentParser(
    prog='python -m benchmarks.table1_miniature',
    description=__doc__,
    formatter_class=argparse.RawDescriptionHelpFormatter,
    allow_abbrev=False,
  )
  add = result.add_argument
  add('--corpus', required=True, help='folder of videos with a list')
  add('--list', help='the list (default: list.csv in the folder, or the only .csv, .tsv or .txt there)')
  add('--output', required=True, help='results as JSON; the table (.md) and the plot (.svg) go beside it')
  add('--work_dir', help='records and runs (default: the name of --output without .json)')
  add('--records_dir', help='manifest and records (default: the working folder)')
  add('--probes_only', action='store_true', help='finetune nothing but what is supervised')
  table1 = ','.join(name for name, method in METHODS.items() if method.in_table)
  add('--methods', default=table1, help=f'some of {",".join(METHODS)}; default: those of Table 1')
  add('--seeds', default='0', help='default: %(default)s')
  add(
    '--few_labels', type=int, default=10, help='labelled clips of each class where labels are few; default %(default)s'
  )
  add('--jobs', type=int, default=1, help='cells at a time; each keeps about two cores busy; default %(default)s')
  add('--num_clusters', type=int, help='k of every clustering (default: twice the number of classes)')
  add(
    '--gin_param',
    action='append',
    default=[],
    help='a binding for all methods alike, e.g. Pretraining.num_iterations=3',
  )
  return result


def main() -> None:
  """Runs what is missing, then prints the table."""
  arguments = parser().parse_args()
  try:
    failed = compare(arguments)
  except (ValueError, OSError, RuntimeError) as error:
    sys.exit(f'table1_miniature: {error}')
  sys.exit(f'table1_miniature: {failed} cells failed; their logs are named above.' if failed else 0)


def compare(arguments: argparse.Namespace) -> int:
  """Makes the records, runs every cell and writes the results; returns the number of cells that failed."""
  methods, seeds = _chosen(arguments)
  work_dir = arguments.work_dir or os.path.splitext(arguments.output)[0]
  list_path = arguments.list or corpus.find_list(arguments.corpus)
  short_side = _crop_size(arguments.gin_param)
  records = corpus.make_records(arguments.corpus, list_path, short_side, arguments.records_dir or work_dir)
  settings = _settings(arguments, records)
  for method, seed in itertools.product(methods, seeds):
    _keep_settings(os.path.join(work_dir, results.cell_name(method, seed)), settings)
  with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
    running = [pool.submit(_run_cell, m, seed, records, work_dir, settings) for seed in seeds for m in methods]
    failed = 0
    for cell in concurrent.futures.as_completed(running):
      failed += not cell.result()
      cells = results.read_cells(work_dir, methods, seeds)
      results.write(arguments.output, results.collect(arguments.corpus, records, settings, cells))
  contents = files.read_json(arguments.output)
  print('\n' + (results.probes if arguments.probes_only else results.table)(contents))
  print(f'\n{arguments.output} holds all numbers; the table and the plot lie beside it.')
  return failed


def _chosen(arguments: argparse.Namespace) -> tuple[list[str], list[int]]:
  methods = [name.strip() for name in arguments.methods.split(',') if name.strip()]
  unknown = [name for name in methods if name not in METHODS]
  if unknown or not methods:
    raise ValueError(f'--methods: found {arguments.methods!r}; expected some of {",".join(METHODS)}.')
  try:
    seeds = [int(seed) for seed in arguments.seeds.split(',')]
  except ValueError:
    raise ValueError(f'--seeds: found {arguments.seeds!r}; expected whole numbers such as 0,1,2.') from None
  return methods, seeds


def _crop_size(gin_params: list[str]) -> int:
  """The frames are stored as small as the encoders see them."""
  from xdc_tf.cli import configuration

  configuration.load([METHODS['xdc'].gin_file], gin_params)
  return configuration.pretraining().video_input.crop_size


def _settings(arguments: argparse.Namespace, records: str) -> dict[str, Any]:
  """What decides the numbers of all cells, beside the records."""
  from xdc_tf.records.schema import open_records

  num_clusters = arguments.num_clusters or 2 * len(open_records(records).label_names)
  return {
    'gin_params': [*arguments.gin_param, f'num_clusters = {num_clusters}'],
    'few_labels': arguments.few_labels,
    'num_clusters': num_clusters,
    'probes_only': arguments.probes_only,
  }


def _keep_settings(folder: str, settings: dict[str, Any]) -> None:
  """Writes down what a cell is measured with.

  Raises:
    ValueError: when it was, or was to be, measured with other settings.
  """
  path = os.path.join(folder, 'settings.json')
  if os.path.exists(path):
    before = files.read_json(path)
    other = {name: before.get(name) for name in settings if before.get(name) != settings[name]}
    if other:
      raise ValueError(
        f'{folder} was measured with {other}; asked for now: { {name: settings[name] for name in other} }. Give another --output '
        'or --work_dir.'
      )
  elif os.path.exists(os.path.join(folder, 'result.json')):
    print(f'{folder} does not say with what settings it was measured; it is taken as it is.', flush=True)
  else:
    os.makedirs(folder, exist_ok=True)
    files.write_json(path, settings)


def _run_cell(method: str, seed: int, records: str, work_dir: str, settings: dict[str, Any]) -> bool:
  """Runs a cell in a process of its own, so that its memory is its own; returns whether it has a result."""
  folder = os.path.join(work_dir, results.cell_name(method, seed))
  name = f'{method}, seed {seed}'
  if os.path.exists(os.path.join(folder, 'result.json')):
    print(f'{name}: measured before', flush=True)
    return True
  command = [sys.executable, '-m', 'benchmarks.miniature.cell', '--method', method, '--seed', str(seed)]
  command += ['--records', records, '--folder', folder, '--few_labels', str(settings['few_labels'])]
  command += ['--probes_only'] if settings['probes_only'] else []
  for binding in settings['gin_params']:
    command += ['--gin_param', binding]
  log = os.path.join(folder, 'log.txt')
  with open(log, 'w') as file:
    done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False).returncode == 0
  if not done:
    with open(log, errors='replace') as file:
      tail = ''.join(file.readlines()[-LOG_LINES:])
    print(f'{name}: failed, see {log}, which ends with\n{tail}', flush=True)
    return False
  result = files.read_json(os.path.join(folder, 'result.json'))
  probes = json.dumps({modality: round(found['probe'], 3) for modality, found in result['encoders'].items()})
  print(f'{name}: linear probe {probes}, {result["seconds"]:.0f} s', flush=True)
  return True


if __name__ == '__main__':
  main()
