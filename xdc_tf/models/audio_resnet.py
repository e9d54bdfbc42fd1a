"""ResNet-18 on the audio image, one channel of 40 mel filters by 100 frames (Q x P in the paper, Section 4)."""

import functools
from collections.abc import Iterator

import keras
import tensorflow as tf

from xdc_tf.models.configurable import configurable
from xdc_tf.models.residual import (
  BATCH_NORM_EPSILON,
  ConvNorm,
  ResidualEncoder,
  dimensions,
  he_normal_fan_out,
  layer_seeds,
  make_block,
  make_stages,
)

STEMS = ('resnet', 'vmz')


class PooledStem(keras.layers.Layer):
  """The stem of He et al. 2015: 7x7 convolution with stride 2, BatchNorm, ReLU, 3x3 max pool with stride 2."""

  def __init__(self, filters: int, seeds: Iterator[int], dtype: str | None, epsilon: float = BATCH_NORM_EPSILON):
    """Makes the stem."""
    super().__init__(dtype=dtype)
    self.convolution = ConvNorm(1, filters, (7, 7), (2, 2), seeds, dtype, epsilon)
    self.trains_under_xla = False
    self.built = True

  def call(self, x, training=False):
    """Returns [B, H/4, W/4, filters]."""
    x = self.convolution(x, training=training, relu=True)
    # Zeros do for the padding of a maximum because nothing is negative after ReLU.
    x = tf.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    if training and self.trains_under_xla:
      return _maximum_of_views(x)
    return tf.nn.max_pool2d(x, 3, 2, 'VALID')


def _maximum_of_views(x: tf.Tensor) -> tf.Tensor:
  """Does what max_pool2d(x, 3, 2, 'VALID') does. XLA has no deterministic gradient of that; of this it has, and the same numbers:
  where two values are the highest, the gradient takes another way, but after ReLU those that tie are zeros."""
  height, width = ((size - 3) // 2 * 2 + 1 for size in dimensions(x)[1:3])
  views = [x[:, i : i + height : 2, j : j + width : 2] for i in range(3) for j in range(3)]
  return functools.reduce(tf.maximum, views)


class SmallKernelStem(keras.layers.Layer):
  """The stem of VMZ's audio-visual model: 3x3 convolution with bias and no norm, then three blocks (first stride 2)."""

  def __init__(self, base_width: int, seeds: Iterator[int], convolution, shortcut, dtype: str | None):
    """Makes the stem: base_width / 4 channels, then base_width / 2 (16 and 32 at 64)."""
    super().__init__(dtype=dtype)
    narrow, wide = base_width // 4, base_width // 2
    self.convolution = keras.layers.Conv2D(
      narrow,
      3,
      padding='same',
      data_format='channels_last',
      kernel_initializer=he_normal_fan_out(next(seeds)),
      dtype=dtype,
    )
    self.convolution.build((None, None, None, 1))
    self.block0 = make_block(narrow, wide, 2, convolution, shortcut, dtype)
    self.block1 = make_block(wide, wide, 1, convolution, shortcut, dtype)
    self.block2 = make_block(wide, wide, 1, convolution, shortcut, dtype)
    self.built = True

  def call(self, x, training=False):
    """Returns [B, H/2, W/2, base_width / 2]."""
    kernel, bias = self.convolution.kernel, self.convolution.bias
    x = tf.nn.conv2d(x, tf.cast(kernel, x.dtype), 1, 'SAME')
    # In float32: on CPUs the gradient of a bias in bfloat16 cannot grow beyond 256.
    x = tf.cast(tf.cast(x, tf.float32) + tf.cast(bias, tf.float32), x.dtype)
    for block in (self.block0, self.block1, self.block2):
      x = block(x, training=training)
    return x


@configurable
class AudioResNet18(ResidualEncoder):
  """Audio encoder: float [B, 40, frames, 1] -> float32 [B, 8 * base_width]; 40x100 ends as 2x4 before the average."""

  modality = 'audio'
  input_axes = ('B', 'filters', 'frames', 1)

  def __init__(
    self,
    base_width: int = 64,
    blocks_per_stage: int = 2,
    seed: int = 0,
    stem: str = 'resnet',
    dtype: str | None = None,
    name: str | None = None,
    batch_norm_epsilon: float = BATCH_NORM_EPSILON,
  ):
    """Makes the encoder with all its weights.

    Args:
      base_width: channels of the first stage.
      blocks_per_stage: 2 makes 18 layers.
      seed: the seed of the random weights: the same seed gives the same weights.
      stem: 'resnet', the plain one (the paper says just ResNet), or 'vmz', three small blocks in place of 7x7 and pool.
      dtype: name of a Keras dtype policy for every layer, e.g. 'mixed_bfloat16'.
      name: the model's name.
      batch_norm_epsilon: 1e-3 is Caffe2's and so the paper's; networks of PyTorch have 1e-5.

    Raises:
      ValueError: when there is no such stem.
    """
    if stem not in STEMS:
      raise ValueError(f'stem must be one of {STEMS}. Received: stem={stem!r}.')
    super().__init__(base_width, blocks_per_stage, dtype, name)
    self.stem_name, self.batch_norm_epsilon = stem, batch_norm_epsilon
    seeds = layer_seeds(seed)

    def convolution(in_channels, filters, stride, block_in_channels):
      return ConvNorm(in_channels, filters, (3, 3), (stride, stride), seeds, dtype, batch_norm_epsilon)

    def shortcut(in_channels, filters, stride):
      return ConvNorm(in_channels, filters, (1, 1), (stride, stride), seeds, dtype, batch_norm_epsilon)

    if stem == 'resnet':
      first, in_channels, stride = PooledStem(base_width, seeds, dtype, batch_norm_epsilon), base_width, 1
    else:
      first = SmallKernelStem(base_width, seeds, convolution, shortcut, dtype)
      in_channels, stride = base_width // 2, 2
    stages = make_stages(in_channels, base_width, blocks_per_stage, stride, convolution, shortcut, dtype)
    self.set_layers(first, stages)

  def get_config(self) -> dict:
    """Returns the arguments that make such an encoder."""
    return super().get_config() | {'stem': self.stem_name, 'batch_norm_epsilon': self.batch_norm_epsilon}
