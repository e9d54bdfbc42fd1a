"""ResNet3D-18: the skeleton of R(2+1)D-18 with whole 3x3x3 convolutions (R3D of Tran et al. 2018)."""

from xdc_tf.models.configurable import configurable
from xdc_tf.models.residual import ConvNorm, VideoEncoder


@configurable
class ResNet3D18(VideoEncoder):
  """Video encoder: float [B, T, H, W, 3] -> float32 [B, 8 * base_width]; frames 8 -> 8 -> 4 -> 2 -> 1, no pooling."""

  def make_stem_convolution(self, filters, seeds, dtype):
    """Returns a 3x7x7 convolution with stride 1 in time."""
    return ConvNorm(3, filters, (3, 7, 7), (1, 2, 2), seeds, dtype, self.batch_norm_epsilon)

  def make_convolution(self, in_channels, filters, stride, seeds, dtype, block_in_channels):
    """Returns a 3x3x3 convolution."""
    strides = (stride, stride, stride)
    return ConvNorm(in_channels, filters, (3, 3, 3), strides, seeds, dtype, self.batch_norm_epsilon)
