"""Trains on two logical GPUs of one card, which NCCL refuses to join: the reduction is named."""

import sys

import numpy as np
import tensorflow as tf
from tiny_encoders import NormalizedAudio

from xdc_tf.records import schema
from xdc_tf.records.inputs import AudioInput
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.schedules import Schedule
from xdc_tf.training.targets import Targets
from xdc_tf.training.trainer import EncoderTrainer


def main(records_folder: str, output: str) -> None:
  gpu = tf.config.list_physical_devices('GPU')[0]
  tf.config.set_logical_device_configuration(gpu, [tf.config.LogicalDeviceConfiguration(memory_limit=4000)] * 2)
  strategy = tf.distribute.MirroredStrategy(['GPU:0', 'GPU:1'], tf.distribute.HierarchicalCopyAllReduce())
  options = TrainingOptions(precision='float32', jit_compile=True, steps_per_call=2)
  records = schema.open_records(records_folder)
  trainer = EncoderTrainer('audio', NormalizedAudio, AudioInput(), records, {'label': 3}, options, strategy, seed=3)
  schedule = Schedule(
    epoch_size=16, batch_size=2, total_epochs=1, warmup_epochs=0, base_learning_rate=5e-4, early_stop_epochs=0
  )
  labels = {'label': np.arange(12, dtype=np.int32) % 3}
  trainer.train(f'{output}.run', Targets('train', labels), None, schedule, 5)

  def read():
    return [tf.identity(tf.convert_to_tensor(variable)) for variable in trainer.model.variables]

  for value in strategy.run(tf.function(read)):
    first, second = strategy.experimental_local_results(value)
    np.testing.assert_array_equal(first.numpy(), second.numpy())
  np.savez(output, *[variable.numpy() for variable in trainer.model.variables])


if __name__ == '__main__':
  main(*sys.argv[1:])
