"""What the outer loop itself costs: the time of one iteration outside forward, backward and the reader.

The second iteration of XDC on AV digits (synthetic, gin/miniature/), so that what happens once (building, tracing) is over. Inside
is the time in the compiled steps of training, feature extraction and validation, and waiting for the reader's batches; k-means,
metrics, checkpoints and everything else is outside.
"""

import cProfile
import os
import pstats
import subprocess
import sys
import tempfile
import time

from benchmarks.miniature import corpus
from benchmarks.speed import comparison

GIN_FILE = 'miniature/table1_xdc.gin'
MEASURED = 'iteration-01'
LIMIT = 0.08


def main() -> None:
  """Makes the corpus, runs two iterations and prints the share."""
  parser = comparison.parser('outer_loop', __doc__)
  parser.add_argument('--clips', type=int, default=2000, help='training clips; default %(default)s')
  arguments = parser.parse_args()
  with tempfile.TemporaryDirectory() as folder:
    records = _make_records(folder, arguments.clips)
    whole, inside, by_stage = _profile_iteration(records, os.path.join(folder, 'run'), arguments)
  print(', '.join(f'{name}: {seconds:.2f} s' for name, seconds in by_stage.items()))
  share = (whole - inside) / whole
  row = {
    'what': f'outer loop: outside forward, backward and decoding, one iteration of AV digits, {arguments.clips} clips',
    'peer': 'the whole iteration',
    'ours_seconds': whole - inside,
    'peer_seconds': whole,
    'ratio': share,
    'lowest': share,
    'highest': share,
    'limit': LIMIT,
    'repeats': 1,
  }
  comparison.report([row], arguments.output, arguments.threads)


def _make_records(folder: str, num_clips: int) -> str:
  command = [sys.executable, '-m', 'xdc_tf.cli.main', 'make-avdigits', '--output_dir', os.path.join(folder, 'corpus')]
  subprocess.run([*command, '--level', 'hard', '--train', str(num_clips), '--test', '10'], check=True)
  return corpus.make_records(os.path.join(folder, 'corpus'), os.path.join(folder, 'corpus', 'list.csv'), 40, folder)


def _profile_iteration(records_folder: str, run_dir: str, arguments) -> tuple[float, float, dict[str, float]]:
  """Runs XDC for two iterations, the encoders one after the other, and profiles the stages of the second.

  Returns:
    seconds of the whole iteration, seconds of it that are inside, and the seconds of its stages by name.
  """
  import tensorflow as tf

  from xdc_tf.cli import configuration
  from xdc_tf.data.schema import open_records
  from xdc_tf.deep_clustering.outer_loop import make_trainers, pretrain
  from xdc_tf.deep_clustering.run_directory import RunDirectory
  from xdc_tf.training import distribution

  class ProfiledRunDirectory(RunDirectory):
    """Profiles the stages of the measured iteration."""

    by_stage, started, inside = {}, None, 0.0

    def once(self, name: str, function, *parameters) -> str:
      if not name.startswith(MEASURED):
        return super().once(name, function, *parameters)
      ProfiledRunDirectory.started = self.started or time.perf_counter()
      before, profile = time.perf_counter(), cProfile.Profile()
      folder = profile.runcall(super().once, name, function, *parameters)
      self.by_stage[name.removeprefix(f'{MEASURED}/')] = time.perf_counter() - before
      if '/clusters/' not in name:
        ProfiledRunDirectory.inside += _seconds_inside(profile)
      ProfiledRunDirectory.ended = time.perf_counter()
      return folder

  # As benchmarks.miniature.cell does, and for its reason.
  tf.config.threading.set_intra_op_parallelism_threads(1)
  tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
  params = ['Pretraining.num_iterations = 2', 'Pretraining.concurrent_encoders = False']
  configuration.load([GIN_FILE], params)
  config, records = configuration.pretraining(), open_records(records_folder)
  strategy = distribution.make_strategy()
  run = ProfiledRunDirectory(run_dir, strategy)
  pretrain(config, make_trainers(config, records, strategy), run, records, strategy)
  return run.ended - run.started, run.inside, run.by_stage


def _seconds_inside(profile: cProfile.Profile) -> float:
  """The time in tf.function calls and in the iterators of tf.data, everything below them included."""
  calls = pstats.Stats(profile).stats
  inside = 0.0
  for (path, _, name), (_, _, _, cumulative, callers) in calls.items():
    is_step = path.endswith('polymorphic_function.py') and name == '__call__'
    is_reader = path.endswith('iterator_ops.py') and name == '__next__'
    if is_step or is_reader:
      nested = sum(found[3] for (p, _, n), found in callers.items() if p == path and n == name)
      inside += cumulative - nested
  return inside


if __name__ == '__main__':
  main()
