"""Our training step, fed one batch by the strategy's iterator as in training, and features of a batch that stays on the device."""

import dataclasses

import tensorflow as tf

from xdc_tf.models import AudioResNet18, R2Plus1D18
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.trainer import EncoderTrainer

NUM_CLASSES = 256
LEARNING_RATE, WEIGHT_DECAY = 0.001, 1e-4


@dataclasses.dataclass(frozen=True)
class Sizes:
  """How much is computed.

  Attributes:
    crop_size: the crop size of video.
    batch_size: clips of one GPU in a step.
    steps: timed steps.
    clustered: clips that k-means passes over.
    stored_clips: how many clips the records hold that the reader reads.
  """

  crop_size: int = 224
  batch_size: int = 32
  steps: int = 20
  clustered: int = 1_000_000
  stored_clips: int = 256

  def inputs(self, modality: str) -> VideoInput | AudioInput:
    """What an encoder is fed."""
    return VideoInput(crop_size=self.crop_size) if modality == 'video' else AudioInput()


SMALL = Sizes(crop_size=32, batch_size=2, steps=2, clustered=2000, stored_clips=64)
MODELS = {'video': R2Plus1D18, 'audio': AudioResNet18}


class Ours:
  """EncoderTrainer under the strategy that `xdc pretrain` takes."""

  def __init__(self, modality: str, sizes: Sizes, strategy: tf.distribute.Strategy, records=None, **options):
    """Makes the trainer; `options` are those of TrainingOptions, the defaults where there are none."""
    self.inputs, self._strategy = sizes.inputs(modality), strategy
    self.options = TrainingOptions(**options).resolved()
    splits = ('train',) if records else ()
    heads = {'head': NUM_CLASSES}
    self.trainer = EncoderTrainer(
      modality, MODELS[modality], self.inputs, records, heads, self.options, strategy, seed=0, splits=splits
    )
    self.clips_a_call = sizes.batch_size * strategy.num_replicas_in_sync * self.options.steps_per_call
    clips = tf.random.stateless_normal([sizes.batch_size, *self.inputs.shape], (0, 0))
    if modality == 'video':
      clips = tf.cast(tf.clip_by_value(128 + 40 * clips, 0, 255), tf.uint8)
    batch = tf.data.Dataset.from_tensors((clips, {'head': tf.zeros([sizes.batch_size], tf.int32)})).cache().repeat()
    self._data = iter(strategy.distribute_datasets_from_function(lambda _: batch))
    self._rates = tf.fill([self.options.steps_per_call], LEARNING_RATE)
    views = clips[:, tf.newaxis]
    self._views = strategy.experimental_distribute_values_from_function(lambda _: {'input': views})

  def train(self) -> tf.Tensor:
    """Takes `options.steps_per_call` steps, as xdc pretrain does."""
    return self.trainer.training_step.several(self._data, self._rates, tf.constant(WEIGHT_DECAY))

  def embed(self) -> tf.Tensor:
    """Returns the features of a batch of each replica, as the feature stage makes them."""
    return self._strategy.experimental_local_results(self.trainer.inference.embed_batch(self._views))[-1]
