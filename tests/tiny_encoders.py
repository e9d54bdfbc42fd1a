"""Encoders of one layer, for tests that are about training and not about networks."""

import keras
import tensorflow as tf

from xdc_tf.models.residual import ConvNorm

FEATURE_DIMENSION = 8


class OneLayer(keras.Model):
  """One dense layer: without BatchNorm, two replicas must do exactly what one does on the joint batch."""

  feature_dimension = FEATURE_DIMENSION

  def __init__(self, seed=0, dtype=None):
    super().__init__(dtype=dtype)
    self.flatten = keras.layers.Flatten()
    self.dense = keras.layers.Dense(FEATURE_DIMENSION, kernel_initializer=keras.initializers.GlorotUniform(seed=seed))

  def call(self, x, training=False):
    return self.dense(self.flatten(x))


class TinyVideo(OneLayer):
  modality = 'video'


class AnyLengthVideo(TinyVideo):
  """Takes clips of any length, as the real video encoders do."""

  def call(self, x, training=False):
    return super().call(tf.reduce_mean(x, axis=1), training)


class TinyAudio(OneLayer):
  modality = 'audio'


class NormalizedAudio(TinyAudio):
  """Has BatchNorm, whose statistics every replica gathers for itself."""

  def __init__(self, seed=0, dtype=None):
    super().__init__(seed, dtype)
    self.norm = keras.layers.BatchNormalization()

  def call(self, x, training=False):
    return self.norm(super().call(x), training=training)


def folded_weights(encoder) -> list[tf.Tensor]:
  """The kernels and biases of an encoder with its BatchNorm folded in, as exported models have them."""
  return [value for layer in encoder._flatten_layers() if isinstance(layer, ConvNorm) for value in layer.fold()]
