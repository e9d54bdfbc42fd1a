"""XDC on a few hundred clips of AV digits (synthetic), a minute on two cores: for the tests that it learns."""

import os
import subprocess
import sys

from benchmarks.miniature import corpus
from xdc_tf import files

# Everything that differs from gin/miniature/: what a sixth of the clips and a minute need.
BUDGET = {
  'num_clusters': 10,
  'Pretraining.num_iterations': 4,
  'Schedule.epoch_size': 500,
  'Schedule.batch_size': 16,
  'Schedule.total_epochs': 6,
}


def make_records(folder):
  """Renders a small corpus and makes its records; returns their folder."""
  command = [sys.executable, '-m', 'xdc_tf.cli.main', 'make-avdigits', '--output_dir', str(folder / 'corpus')]
  subprocess.run([*command, '--level', 'easy', '--train', '500', '--test', '10'], check=True)
  return corpus.make_records(str(folder / 'corpus'), str(folder / 'corpus' / 'list.csv'), 40, str(folder))


def start_pretraining(method, records, run_dir, options=()):
  """Starts the command that a user would type; two of them share the cores with one thread an operation each."""
  command = [sys.executable, '-m', 'xdc_tf.cli.main', 'pretrain', '--records', records, '--run_dir', str(run_dir)]
  command += ['--gin_file', f'miniature/table1_{method}.gin']
  for binding in (BUDGET | dict(options)).items():
    command += ['--gin_param', '{} = {}'.format(*binding)]
  environment = os.environ | {'TF_NUM_INTRAOP_THREADS': '1'}
  with open(f'{run_dir}.log', 'w') as log:
    return subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)


def nmi_with_digits(run_dir, iteration):
  path = os.path.join(run_dir, f'iteration-{iteration:02d}', 'metrics', 'metrics.json')
  return {name: found['nmi_with_labels'] for name, found in files.read_json(path)['clusterings'].items()}


def assert_has_learned(run_dir):
  last = BUDGET['Pretraining.num_iterations']
  assert nmi_with_digits(run_dir, last)['video'] > 0.3
  assert nmi_with_digits(run_dir, last)['audio'] > nmi_with_digits(run_dir, 0)['audio'] + 0.05
