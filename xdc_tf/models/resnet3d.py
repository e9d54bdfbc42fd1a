"""ResNet3D-18: the skeleton of R(2+1)D-18 with whole 3x3x3 convolutions (R3D of Tran et al. 2018)."""

from xdc_tf.models.configurable import configurable
from xdc_tf.models.residual import ConvNorm, ResidualEncoder, Stem, VideoShortcut, layer_seeds, make_stages


@configurable
class ResNet3D18(ResidualEncoder):
  """Video encoder: float [B, T, H, W, 3] -> float32 [B, 8 * base_width]; frames 8 -> 8 -> 4 -> 2 -> 1, no pooling."""

  modality = 'video'
  input_axes = ('B', 'T', 'H', 'W', 3)

  def __init__(self, base_width: int = 64, seed: int = 0, dtype: str | None = None, name: str | None = None):
    """Makes the encoder with all its weights.

    Args:
      base_width: channels of the first stage.
      seed: of the random weights: the same seed gives the same weights.
      dtype: name of a Keras dtype policy for every layer, e.g. 'mixed_bfloat16'.
      name: the model's name.
    """
    super().__init__(base_width, dtype, name)
    seeds = layer_seeds(seed)
    stem = Stem(ConvNorm(3, base_width, (3, 7, 7), (1, 2, 2), seeds, dtype), dtype)

    def convolution(in_channels, filters, stride):
      return ConvNorm(in_channels, filters, (3, 3, 3), (stride, stride, stride), seeds, dtype)

    def shortcut(in_channels, filters, stride):
      return VideoShortcut(in_channels, filters, stride, seeds, dtype)

    self.set_layers(stem, make_stages(base_width, base_width, 1, convolution, shortcut, dtype))
