"""R(2+1)D-18 as XDC uses it: every 3x3x3 convolution is a 1x3x3 one, BatchNorm and ReLU, then a 3x1x1 one.

Not torchvision's variant: the planes in the middle are computed for each convolution, not once a block (33,165,639
trainable parameters without a classifier; torchvision's has 31,505,325).
"""

from collections.abc import Iterator

import keras
import tensorflow as tf

from xdc_tf.models.configurable import configurable
from xdc_tf.models.residual import ConvNorm, VideoEncoder, over_frames, over_time

# VMZ's stem has 45 planes in the middle where the first stage has 64 channels; narrower encoders keep the ratio.
STEM_MIDDLE_PLANES = 45
STEM_WIDTH = 64


def middle_planes(in_channels: int, filters: int) -> int:
  """Returns how many planes give the pair as many parameters as a 3x3x3 convolution (Tran et al. 2018, Section 3.5)."""
  return (in_channels * filters * 27) // (in_channels * 9 + 3 * filters)


class Conv2Plus1D(keras.layers.Layer):
  """Convolution in space, BatchNorm, ReLU, convolution in time, BatchNorm, on video [B, T, H, W, C]."""

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
  ):
    """Makes the pair; `middle` is the number of planes between the two."""
    super().__init__(dtype=dtype)
    kernel, stride = (spatial_kernel, spatial_kernel), (spatial_stride, spatial_stride)
    self.spatial = ConvNorm(in_channels, middle, kernel, stride, seeds, dtype)
    self.temporal = ConvNorm(middle, filters, (3, 1), (temporal_stride, 1), seeds, dtype)
    self.built = True

  def call(self, x, training=False):
    """Returns [B, T', H', W', filters]; no activation."""
    x = tf.nn.relu(over_frames(self.spatial, x, training))
    return over_time(self.temporal, x, training)


@configurable
class R2Plus1D18(VideoEncoder):
  """Video encoder: float [B, T, H, W, 3] -> float32 [B, 8 * base_width]; frames 8 -> 8 -> 4 -> 2 -> 1."""

  def make_stem_convolution(self, filters, seeds, dtype):
    """Returns a 1x7x7 convolution and a 3x1x1 one."""
    middle = STEM_MIDDLE_PLANES * filters // STEM_WIDTH
    return Conv2Plus1D(3, middle, filters, seeds, dtype, spatial_kernel=7, spatial_stride=2)

  def make_convolution(self, in_channels, filters, stride, seeds, dtype):
    """Returns a 1x3x3 convolution and a 3x1x1 one."""
    middle = middle_planes(in_channels, filters)
    return Conv2Plus1D(in_channels, middle, filters, seeds, dtype, spatial_stride=stride, temporal_stride=stride)
