"""That XDC learns: the whole road on a few hundred clips of AV digits (synthetic), beside the control with shuffled labels."""

import os
import subprocess
import sys

import pytest

from benchmarks.miniature import corpus
from xdc_tf import files

# Everything that differs from gin/miniature/: what a sixth of the clips and a minute need.
BUDGET = {
  'num_clusters': 10,
  'Pretraining.num_iterations': 5,
  'Schedule.epoch_size': 500,
  'Schedule.batch_size': 16,
  'Schedule.total_epochs': 6,
}


def start_pretraining(method, records, run_dir):
  """Starts the command that a user would type; two of them share the cores with one thread an operation each."""
  command = [sys.executable, '-m', 'xdc_tf.cli.main', 'pretrain', '--records', records, '--run_dir', str(run_dir)]
  command += ['--gin_file', f'miniature/table1_{method}.gin']
  for binding in BUDGET.items():
    command += ['--gin_param', '{} = {}'.format(*binding)]
  environment = os.environ | {'TF_NUM_INTRAOP_THREADS': '1'}
  with open(f'{run_dir}.log', 'w') as log:
    return subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)


def nmi_with_digits(run_dir, iteration):
  path = os.path.join(run_dir, f'iteration-{iteration:02d}', 'metrics', 'metrics.json')
  return {name: found['nmi_with_labels'] for name, found in files.read_json(path)['clusterings'].items()}


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
  """Returns the run directories of XDC and of the control."""
  folder = tmp_path_factory.mktemp('learning')
  command = [sys.executable, '-m', 'xdc_tf.cli.main', 'make-avdigits', '--output_dir', str(folder / 'corpus')]
  subprocess.run([*command, '--level', 'easy', '--train', '500', '--test', '10'], check=True)
  records = corpus.make_records(str(folder / 'corpus'), str(folder / 'corpus' / 'list.csv'), 40, str(folder))
  methods = ('xdc', 'shuffled_xdc')
  processes = {method: start_pretraining(method, records, folder / method) for method in methods}
  for method, process in processes.items():
    assert process.wait() == 0, (folder / f'{method}.log').read_text()[-2000:]
  return {method: str(folder / method) for method in methods}


def assert_has_learned(run_dir):
  last = BUDGET['Pretraining.num_iterations']
  assert nmi_with_digits(run_dir, last)['video'] > 0.3
  assert nmi_with_digits(run_dir, last)['audio'] > nmi_with_digits(run_dir, 0)['audio'] + 0.05


def test_xdc_learns_digits_from_the_other_modality_alone(runs):
  assert nmi_with_digits(runs['xdc'], 0)['video'] < 0.15
  assert_has_learned(runs['xdc'])


def test_it_does_not_when_the_labels_belong_to_other_clips(runs):
  assert nmi_with_digits(runs['shuffled_xdc'], BUDGET['Pretraining.num_iterations'])['video'] < 0.15
  with pytest.raises(AssertionError):
    assert_has_learned(runs['shuffled_xdc'])


def test_the_difference_is_made_by_the_labels_alone(runs):
  # The same weights, the same features and the same clusters to begin with.
  first = {method: nmi_with_digits(run_dir, 0) for method, run_dir in runs.items()}
  assert first['xdc'] == first['shuffled_xdc']
