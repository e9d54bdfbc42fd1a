"""One of two workers: saves an encoder with BatchNorm statistics of its own, writes what it has then, and takes features."""

import functools
import json
import pathlib
import re
import signal
import sys

import numpy as np
import records_factory
import tensorflow as tf
from tiny_encoders import NormalizedAudio

from xdc_tf.models import AudioResNet18
from xdc_tf.records.inputs import AudioInput
from xdc_tf.training import distribution
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.trainer import EncoderTrainer

NUM_REPLICAS = 2


def statistics_of(replica: int, shape: tuple[int, ...]) -> np.ndarray:
  """What a worker's replica has before the replicas agree."""
  return np.random.default_rng(replica).normal(size=shape).astype(np.float32)


def main(folder: str) -> None:
  strategy = distribution.make_strategy()
  worker = distribution.worker_index(strategy)
  records = records_factory.write_records(f'{folder}/records{worker}', frames_per_span=0)
  trainer = EncoderTrainer(
    'audio', NormalizedAudio, AudioInput(), records, {'video': 3}, TrainingOptions(), strategy, seed=3
  )
  statistics = trainer.model.non_trainable_variables

  def set_own():
    replica = tf.distribute.get_replica_context().replica_id_in_sync_group
    for variable in statistics:
      own = np.stack([statistics_of(number, tuple(variable.shape)) for number in range(NUM_REPLICAS)])
      variable.assign(tf.gather(own, replica))

  strategy.run(tf.function(set_own))
  trainer.save(f'{folder}/weights')
  read = strategy.run(tf.function(lambda: [tf.identity(tf.convert_to_tensor(v)) for v in statistics]))
  np.save(f'{folder}/worker{worker}.npy', np.stack([strategy.experimental_local_results(value)[0] for value in read]))
  write_features(folder, records, strategy, worker)
  write_manners(folder, strategy, worker)


def write_manners(folder: str, strategy: tf.distribute.Strategy, worker: int) -> None:
  """What a text of its own is answered with, and whether SIGTERM would end it."""
  distribution.check_same_on_workers(strategy, 'alike')
  try:
    distribution.check_same_on_workers(strategy, f'of worker {worker}')
    answer = ''
  except ValueError as error:
    answer = str(error)
  status = pathlib.Path('/proc/self/status')  # Only Linux tells.
  caught = re.search(r'^SigCgt:\s*(\w+)', status.read_text() if status.exists() else 'SigCgt: 0', re.MULTILINE)[1]
  is_caught = bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)
  pathlib.Path(f'{folder}/manners{worker}.json').write_text(json.dumps([answer, is_caught]))


def write_features(folder: str, records, strategy: tf.distribute.Strategy, worker: int) -> None:
  """In bfloat16, which TensorFlow cannot send from worker to worker."""
  model, options = (
    functools.partial(AudioResNet18, base_width=4, blocks_per_stage=1),
    TrainingOptions(precision='bfloat16'),
  )
  trainer = EncoderTrainer('audio', model, AudioInput(), records, {'video': 3}, options, strategy, seed=3)
  np.save(
    f'{folder}/features{worker}.npy',
    np.concatenate([features for _, features in trainer.inference.embed('train', [0])]),
  )


if __name__ == '__main__':
  main(sys.argv[1])
