"""A trainer of tiny encoders with what it needs, for the tests of training."""

import numpy as np
from tiny_encoders import TinyAudio

from xdc_tf.records.inputs import AudioInput
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.schedules import Schedule
from xdc_tf.training.targets import Targets
from xdc_tf.training.trainer import EncoderTrainer

NUM_CLUSTERS = 3


def make_trainer(records, strategy, model=TinyAudio, heads=('video',), inputs=None, **options):
  return EncoderTrainer(
    'audio',
    model,
    inputs or AudioInput(),
    records,
    dict.fromkeys(heads, NUM_CLUSTERS),
    TrainingOptions(**{'precision': 'float32'} | options),
    strategy,
    seed=3,
  )


def targets(records, split, heads=('video',)):
  return Targets(split, {h: (np.arange(records.num_rows(split)) % NUM_CLUSTERS).astype(np.int32) for h in heads})


def train(trainer, folder, schedule, records, heads=('video',), seed=5):
  trainer.train(str(folder), targets(records, 'train', heads), targets(records, 'validation', heads), schedule, seed)
  return [variable.numpy() for variable in trainer.model.variables]


def schedule(**changes):
  values = {'epoch_size': 12, 'batch_size': 4, 'total_epochs': 2, 'warmup_epochs': 0, 'decay': 'cosine'}
  return Schedule(**(values | {'base_learning_rate': 0.01, 'early_stop_epochs': 0} | changes))


class Interruption(Exception):
  """Stands for a kill."""
