"""R(2+1)D-18 as XDC uses it: every 3x3x3 convolution is a 1x3x3 one, BatchNorm and ReLU, then a 3x1x1 one.

Not torchvision's variant: the planes in the middle are computed for each convolution, not once a block (33,165,639
trainable parameters without a classifier; torchvision's has 31,505,325 with its 400-way one). `middle='block'` is theirs.
"""

from collections.abc import Iterator

import keras

from xdc_tf.models.configurable import configurable
from xdc_tf.models.residual import BATCH_NORM_EPSILON, ConvNorm, VideoEncoder, over_frames, over_time

# VMZ's stem has 45 planes in the middle where the first stage has 64 channels; narrower encoders keep the ratio.
STEM_MIDDLE_PLANES = 45
STEM_WIDTH = 64
MIDDLES = ('conv', 'block')


def middle_planes(in_channels: int, filters: int) -> int:
  """Returns how many planes give the pair as many parameters as a 3x3x3 convolution (Tran et al. 2018, Section 3.5)."""
  return (in_channels * filters * 27) // (in_channels * 9 + 3 * filters)


class Conv2Plus1D(keras.layers.Layer):
  """Convolution in space, BatchNorm, ReLU, convolution in time, BatchNorm, on video [B, T, H, W, C]; ends as ConvNorm."""

  def __init__(
    self,
    in_channels: int,
    middle: int,
    filters: int,
    seeds: Iterator[int],
    dtype: str | None,
    spatial_kernel: int = 3,
    spatial_stride: int = 1,
    temporal_stride: int = 1,
    epsilon: float = BATCH_NORM_EPSILON,
  ):
    """Makes the pair; `middle` is the number of planes between the two."""
    super().__init__(dtype=dtype)
    kernel, stride = (spatial_kernel, spatial_kernel), (spatial_stride, spatial_stride)
    self.spatial = ConvNorm(in_channels, middle, kernel, stride, seeds, dtype, epsilon, in_lanes=True)
    self.temporal = ConvNorm(middle, filters, (3, 1), (temporal_stride, 1), seeds, dtype, epsilon)
    self.built = True

  def call(self, x, training=False, relu=False, residual=None):
    """Returns [B, T', H', W', filters]; `relu` and `residual` are ConvNorm's."""
    x = over_frames(self.spatial, x, training, relu=True)
    return over_time(self.temporal, x, training, relu=relu, residual=residual)


@configurable
class R2Plus1D18(VideoEncoder):
  """Video encoder: float [B, T, H, W, 3] -> float32 [B, 8 * base_width]; frames 8 -> 8 -> 4 -> 2 -> 1."""

  def __init__(
    self,
    base_width: int = 64,
    blocks_per_stage: int = 2,
    seed: int = 0,
    dtype: str | None = None,
    name: str | None = None,
    batch_norm_epsilon: float = BATCH_NORM_EPSILON,
    middle: str = 'conv',
  ):
    """Makes the encoder with all its weights.

    Args:
      base_width: channels of the first stage.
      blocks_per_stage: 2 makes 18 layers.
      seed: the seed of the random weights: the same seed gives the same weights.
      dtype: name of a Keras dtype policy for every layer, e.g. 'mixed_bfloat16'.
      name: the model's name.
      batch_norm_epsilon: 1e-3 is Caffe2's and so the paper's; torchvision's weights were trained with 1e-5.
      middle: 'conv' computes the planes in the middle for each convolution (VMZ, the paper), 'block' once a block, by the
        block's own channels (torchvision).

    Raises:
      ValueError: when there is no such `middle`.
    """
    if middle not in MIDDLES:
      raise ValueError(f'middle must be one of {MIDDLES}. Received: middle={middle!r}.')
    self.middle = middle  # Before the constructor, which calls make_convolution.
    super().__init__(base_width, blocks_per_stage, seed, dtype, name, batch_norm_epsilon)

  def get_config(self) -> dict:
    """Returns the arguments that make such an encoder."""
    return super().get_config() | {'middle': self.middle}

  def make_stem_convolution(self, filters, seeds, dtype):
    """Returns a 1x7x7 convolution and a 3x1x1 one."""
    middle = STEM_MIDDLE_PLANES * filters // STEM_WIDTH
    epsilon = self.batch_norm_epsilon
    return Conv2Plus1D(3, middle, filters, seeds, dtype, spatial_kernel=7, spatial_stride=2, epsilon=epsilon)

  def make_convolution(self, in_channels, filters, stride, seeds, dtype, block_in_channels):
    """Returns a 1x3x3 convolution and a 3x1x1 one."""
    middle = middle_planes(in_channels if self.middle == 'conv' else block_in_channels, filters)
    epsilon = self.batch_norm_epsilon
    return Conv2Plus1D(
      in_channels, middle, filters, seeds, dtype, spatial_stride=stride, temporal_stride=stride, epsilon=epsilon
    )
