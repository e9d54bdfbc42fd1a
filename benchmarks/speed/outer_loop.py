"""What the outer loop itself costs: the time of one iteration outside forward, backward and the reader.

The second iteration of XDC on AV digits (synthetic, gin/miniature/), so that what happens once (building, tracing) is over. Inside
is the time in the compiled steps of training, feature extraction and validation, and waiting for the reader's batches; k-means,
metrics, checkpoints and everything else is outside.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from unittest import mock

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
    whole, inside, by_stage = _time_iteration(records, os.path.join(folder, 'run'), arguments)
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


def _time_iteration(records_folder: str, run_dir: str, arguments) -> tuple[float, float, dict[str, float]]:
  """Runs XDC for two iterations, the encoders one after the other, and times the stages of the second.

  Returns:
    seconds of the whole iteration, seconds of it that are inside, and the seconds of its stages by name.
  """
  import tensorflow as tf

  from xdc_tf.cli import configuration
  from xdc_tf.deep_clustering.outer_loop import make_trainers, pretrain
  from xdc_tf.records.schema import open_records
  from xdc_tf.runs.run_directory import RunDirectory
  from xdc_tf.training import distribution

  class TimedRunDirectory(RunDirectory):
    """Times the stages of the measured iteration."""

    by_stage: dict[str, float] = {}
    started = ended = inside = 0.0

    def once(self, name: str, function, *parameters, **keywords) -> str:
      if not name.startswith(MEASURED):
        return super().once(name, function, *parameters, **keywords)
      before = time.perf_counter()
      TimedRunDirectory.started = self.started or before
      with _seconds_inside() as inside:
        folder = super().once(name, function, *parameters, **keywords)
      TimedRunDirectory.ended = time.perf_counter()
      self.by_stage[name.removeprefix(f'{MEASURED}/')] = self.ended - before
      if '/clusters/' not in name:
        TimedRunDirectory.inside += sum(inside)
      return folder

  # As benchmarks.miniature.cell does, and for its reason.
  tf.config.threading.set_intra_op_parallelism_threads(1)
  tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
  params = ['Pretraining.num_iterations = 2', 'Pretraining.concurrent_encoders = False']
  configuration.load([GIN_FILE], params)
  config, records = configuration.pretraining(), open_records(records_folder)
  strategy = distribution.make_strategy()
  run = TimedRunDirectory(run_dir, strategy)
  pretrain(config, make_trainers(config, records, strategy), run, records, strategy)
  return run.ended - run.started, run.inside, run.by_stage


@contextlib.contextmanager
def _seconds_inside() -> Iterator[list[float]]:
  """Yields a list that gets the seconds of every call of a tf.function and of every wait for a batch of tf.data.

  By clocks around the two: a profiler makes Python slower, and what is outside is Python.
  """
  import tensorflow as tf

  seconds: list[float] = []
  iterator = type(iter(tf.data.Dataset.range(1)))
  function = type(tf.function(lambda: None))

  running: list[Callable] = []

  def timed(call):
    def run(*args, **kwargs):
      if running:  # Below another call, whose time holds this one's.
        return call(*args, **kwargs)
      running.append(call)
      before = time.perf_counter()
      try:
        return call(*args, **kwargs)
      finally:
        seconds.append(time.perf_counter() - before)
        running.clear()

    return run

  with (
    mock.patch.object(function, '__call__', timed(function.__call__)),
    mock.patch.object(iterator, '__next__', timed(iterator.__next__)),
  ):
    yield seconds


if __name__ == '__main__':
  main()
