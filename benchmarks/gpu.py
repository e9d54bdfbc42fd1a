"""Clips a second of training, feature extraction, k-means and the reader on whatever GPUs TensorFlow sees (or CPUs, if none).

  python -m benchmarks.gpu --output results.json

Training and extraction run in every precision, with and without XLA, under the strategy that `xdc pretrain` takes, at the paper's
sizes: clips of 8x224x224, batches of 32 a GPU. --small makes everything small, to see that it works.
"""

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from benchmarks import machine
from benchmarks.miniature.results import markdown
from benchmarks.speed import clustering_cases
from xdc_tf import files
from xdc_tf.clustering.lloyd_pass import LloydPass
from xdc_tf.data.inputs import AudioInput, VideoInput
from xdc_tf.models import AudioResNet18, R2Plus1D18
from xdc_tf.training import distribution
from xdc_tf.training.options import POLICIES, TrainingOptions
from xdc_tf.training.trainer import EncoderTrainer

NUM_CLASSES = 256


@dataclasses.dataclass(frozen=True)
class Sizes:
  """How much is computed.

  Attributes:
    crop_size: of video.
    batch_size: clips of one GPU in a step.
    steps: timed steps, after three that are not.
    clustered: clips that k-means passes over.
  """

  crop_size: int = 224
  batch_size: int = 32
  steps: int = 20
  clustered: int = 1_000_000


SMALL = Sizes(crop_size=32, batch_size=2, steps=1, clustered=2000)


def encoder_rows(sizes: Sizes, strategy: tf.distribute.Strategy) -> list[dict]:
  """Measures training and extraction of both encoders; a row that fails says why."""
  rows = []
  for model, inputs in ((R2Plus1D18, VideoInput(crop_size=sizes.crop_size)), (AudioResNet18, AudioInput())):
    for precision in POLICIES:
      for jit in (False, True):
        about = {'encoder': model.__name__, 'precision': precision, 'xla': jit}
        try:
          rates = _rates(model, inputs, precision, jit, sizes, strategy)
        except (tf.errors.OpError, ValueError) as error:  # Out of memory, or what the device does not have.
          rates = {'error': str(error).splitlines()[0][:200]}
        rows.append(about | rates)
        print(rows[-1], flush=True)
  return rows


def _rates(model, inputs, precision: str, jit: bool, sizes: Sizes, strategy) -> dict[str, float]:
  """Clips a second of a training step and of the features of a batch, over all replicas."""
  options = TrainingOptions(precision=precision, jit_compile=jit)
  trainer = EncoderTrainer('encoder', model, inputs, None, {'head': NUM_CLASSES}, options, strategy, seed=0, splits=())
  clips = tf.random.stateless_normal([sizes.batch_size, *inputs.shape], (0, 0))
  x = tf.cast(tf.clip_by_value(128 + 40 * clips, 0, 255), tf.uint8) if isinstance(inputs, VideoInput) else clips
  batch = strategy.experimental_distribute_values_from_function(lambda _: x)
  labels = strategy.experimental_distribute_values_from_function(lambda _: tf.zeros([sizes.batch_size], tf.int32))
  features = tf.function(
    lambda x: strategy.run(lambda y: tf.reduce_sum(trainer.encoder(inputs.normalize(y), training=False)), args=(x,)),
    jit_compile=jit,
  )
  rate, decay = tf.constant(0.001), tf.constant(1e-4)
  per_step = sizes.batch_size * strategy.num_replicas_in_sync
  training = _seconds(lambda: trainer.train_step((batch, {'head': labels}), rate, decay), sizes.steps)
  extraction = _seconds(lambda: strategy.experimental_local_results(features(batch))[0], sizes.steps)
  return {'training': per_step / training, 'extraction': per_step / extraction}


def _seconds(step: Callable, steps: int) -> float:
  """Seconds of one step; the last result is fetched, since devices run behind."""
  for _ in range(3):
    result = step()
  result.numpy()
  started = time.perf_counter()
  for _ in range(steps):
    result = step()
  result.numpy()
  return (time.perf_counter() - started) / steps


def kmeans_row(sizes: Sizes, strategy: tf.distribute.Strategy) -> dict:
  """Measures a pass of k-means that reads its features, and one over features that are kept."""
  with tempfile.TemporaryDirectory() as folder:
    source = clustering_cases.write_store(folder, clustering_cases.encoder_like(sizes.clustered, 0))
    centroids = np.abs(np.random.default_rng(0).standard_normal((NUM_CLASSES, source.dimension))).astype(np.float32)
    row = {}
    for name, memory in (('read', 0), ('kept', 4 * sizes.clustered * source.dimension)):
      a_pass = LloydPass(source, NUM_CLASSES, 8192, memory, strategy)
      a_pass(centroids)
      started = time.perf_counter()
      a_pass(centroids)
      row[name] = sizes.clustered / (time.perf_counter() - started)
  return row


def main() -> None:
  """Measures, writes, prints."""
  parser = argparse.ArgumentParser(
    prog='python -m benchmarks.gpu', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
  )
  parser.add_argument('--output', required=True, help='results as JSON')
  parser.add_argument('--small', action='store_true', help='everything small, to see that it works')
  arguments = parser.parse_args()
  sizes = SMALL if arguments.small else Sizes()
  strategy = distribution.make_strategy()
  devices = [tf.config.experimental.get_device_details(gpu).get('device_name', 'GPU') for gpu in _gpus()] or ['CPU']
  rows = encoder_rows(sizes, strategy)
  clustering = kmeans_row(sizes, strategy)
  contents = {'devices': devices, 'sizes': dataclasses.asdict(sizes), 'encoders': rows, 'k-means': clustering}
  files.write_json(arguments.output, contents | machine.describe())
  print(f'\n{", ".join(devices)}: clips a second\n\n{table(rows)}\n')
  print(f'k-means, k = {NUM_CLASSES}: {clustering["read"]:,.0f} read, {clustering["kept"]:,.0f} kept in memory')


def _gpus() -> list:
  return tf.config.list_physical_devices('GPU')


def table(rows: list[dict]) -> str:
  """Formats a Markdown table of the encoders' rows."""
  lines = [['encoder', 'precision', 'XLA', 'training', 'extraction']]
  for row in rows:
    rates = [f'{row[kind]:,.0f}' if kind in row else row['error'][:40] for kind in ('training', 'extraction')]
    lines.append([row['encoder'], row['precision'], 'yes' if row['xla'] else 'no', *rates])
  return markdown(lines)


if __name__ == '__main__':
  main()
