"""One of two workers: gives itself BatchNorm statistics of its own, saves the encoder, and writes what it has then."""

import sys

import numpy as np
import records_factory
import tensorflow as tf
from tiny_encoders import NormalizedAudio

from xdc_tf.data.reader import AudioInput
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


if __name__ == '__main__':
  main(sys.argv[1])
