"""What the encoders' weights are called elsewhere: a table for each naming, and the walk that applies it to an encoder.

'torch': the authors' R(2+1)D (VMZ's PyTorch code and XDC's released files), torchvision's r2plus1d_18, r3d_18 and resnet18.
'caffe2': VMZ's Caffe2 models, whose `_riv` holds the running variance itself and not its inverse.

Layers are reached through the encoders' attributes: the names and the order of Keras's variables differ between Keras 2 and 3.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

# By naming, encoder and place: the names of the convolution and of its BatchNorm. `stage` and `conv` count from 1, `block` from 0
# in its stage, `component` from 0 over all blocks.
PLACES = {
  'torch': {
    'R2Plus1D18': {
      'stem spatial': ('stem.0', 'stem.1'),
      'stem temporal': ('stem.3', 'stem.4'),
      'conv spatial': ('layer{stage}.{block}.conv{conv}.0.0', 'layer{stage}.{block}.conv{conv}.0.1'),
      'conv temporal': ('layer{stage}.{block}.conv{conv}.0.3', 'layer{stage}.{block}.conv{conv}.1'),
      'shortcut': ('layer{stage}.{block}.downsample.0', 'layer{stage}.{block}.downsample.1'),
    },
    'ResNet3D18': {
      'stem': ('stem.0', 'stem.1'),
      'conv': ('layer{stage}.{block}.conv{conv}.0', 'layer{stage}.{block}.conv{conv}.1'),
      'shortcut': ('layer{stage}.{block}.downsample.0', 'layer{stage}.{block}.downsample.1'),
    },
    'AudioResNet18': {
      'stem': ('conv1', 'bn1'),
      'conv': ('layer{stage}.{block}.conv{conv}', 'layer{stage}.{block}.bn{conv}'),
      'shortcut': ('layer{stage}.{block}.downsample.0', 'layer{stage}.{block}.downsample.1'),
    },
  },
  'caffe2': {
    'R2Plus1D18': {
      'stem spatial': ('conv1_middle', 'conv1_middle_spatbn_relu'),
      'stem temporal': ('conv1', 'conv1_spatbn_relu'),
      'conv spatial': ('comp_{component}_conv_{conv}_middle', 'comp_{component}_spatbn_{conv}_middle'),
      'conv temporal': ('comp_{component}_conv_{conv}', 'comp_{component}_spatbn_{conv}'),
      'shortcut': ('shortcut_projection_{component}', 'shortcut_projection_{component}_spatbn'),
    },
    'ResNet3D18': {
      'stem': ('conv1', 'conv1_spatbn_relu'),
      'conv': ('comp_{component}_conv_{conv}', 'comp_{component}_spatbn_{conv}'),
      'shortcut': ('shortcut_projection_{component}', 'shortcut_projection_{component}_spatbn'),
    },
  },
}

# The ends of the names: the convolution's kernel, then gamma, beta, mean and variance of its BatchNorm.
ENDINGS = {
  'torch': ('.weight', '.weight', '.bias', '.running_mean', '.running_var'),
  'caffe2': ('_w', '_s', '_b', '_rm', '_riv'),
}


@dataclasses.dataclass(frozen=True)
class Weight:
  """One of an encoder's variables as it lies in a file.

  Attributes:
    variable: Keras's: a kernel [sizes ..., in, out], or a BatchNorm's [out].
    shape: in the file: [out, in, T, H, W] for video (a 2-D kernel has an axis of size 1 more), [out, in, H, W] for audio.
  """

  variable: Any
  shape: tuple[int, ...]

  def value(self) -> np.ndarray:
    """Returns the variable, float32, in the file's shape."""
    value = np.asarray(self.variable)
    axes = (value.ndim - 1, value.ndim - 2, *range(value.ndim - 2))
    return value if value.ndim == 1 else value.transpose(axes).reshape(self.shape)

  def assign(self, array: np.ndarray) -> None:
    """Sets the variable from an array of the file's shape."""
    own = tuple(self.variable.shape)
    if len(own) > 1:
      array = array.reshape(own[-1], own[-2], *own[:-2]).transpose(*range(2, len(own)), 1, 0)
    self.variable.assign(array)


def weights(encoder, naming: str) -> dict[str, Weight]:
  """Returns every weight of an encoder by its name in a file.

  Args:
    encoder: one of xdc_tf.models.
    naming: 'torch' or 'caffe2'.

  Raises:
    ValueError: when the encoder has no names there.
  """
  places = PLACES[naming].get(type(encoder).__name__)
  if places is None or hasattr(encoder.stem, 'block0'):
    raise ValueError(f"{type(encoder).__name__} (as it is, e.g. with stem='vmz') has no {naming} names.")
  named = {}
  for place, numbers, layer in _conv_norms(encoder):
    conv, norm = (name.format(**numbers) for name in places[place])
    batch_norm = layer.batch_norm
    variables = (batch_norm.gamma, batch_norm.beta, batch_norm.moving_mean, batch_norm.moving_variance)
    kernel, *endings = ENDINGS[naming]
    named[conv + kernel] = Weight(layer.convolution.kernel, _kernel_shape(layer, place, encoder.modality))
    named |= {norm + end: Weight(v, tuple(v.shape)) for end, v in zip(endings, variables, strict=True)}
  return named


def _conv_norms(encoder) -> Iterator[tuple[str, dict[str, int], Any]]:
  """Yields place, numbers and layer of every ConvNorm, in the order of the network."""

  def parts(place, layer):
    if hasattr(layer, 'spatial'):
      return [(f'{place} spatial', layer.spatial), (f'{place} temporal', layer.temporal)]
    return [(place, getattr(layer, 'projection', layer))]

  for place, layer in parts('stem', encoder.stem.convolution):
    yield place, {}, layer
  for component, block in enumerate(encoder.blocks):
    stage, number = divmod(component, encoder.blocks_per_stage)
    numbers = {'stage': stage + 1, 'block': number, 'component': component}
    for conv, outer in enumerate((block.conv1, block.conv2), 1):
      for place, layer in parts('conv', outer):
        yield place, numbers | {'conv': conv}, layer
    if block.shortcut is not None:
      for place, layer in parts('shortcut', block.shortcut):
        yield place, numbers, layer


def _kernel_shape(layer, place: str, modality: str) -> tuple[int, ...]:
  *sizes, in_channels, filters = layer.convolution.kernel.shape
  if modality == 'video' and len(sizes) == 2:
    # A kernel in time is [kt, 1] here (see residual.py), one in space [kh, kw].
    sizes = [*sizes, 1] if place.endswith('temporal') else [1, *sizes]
  return (filters, in_channels, *sizes)
