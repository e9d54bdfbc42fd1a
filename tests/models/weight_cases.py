"""Released weights in small, and how to write and compare them, for the tests of weight files."""

import itertools

import numpy as np

from xdc_tf.cli import main

RANDOM = np.random.default_rng(0)
NORM = {'torch': ('weight', 'bias', 'running_mean', 'running_var'), 'caffe2': ('s', 'b', 'rm', 'riv')}


def norm_names(name: str, naming: str) -> list[str]:
  return [name + {'torch': '.', 'caffe2': '_'}[naming] + end for end in NORM[naming]]


def released_r2plus1d(width=64, middle='conv') -> dict[str, tuple]:
  """Names and shapes of the authors' `.pth` files, or of torchvision's r2plus1d_18."""

  def planes(inputs, outputs):
    return (inputs * outputs * 27) // (inputs * 9 + 3 * outputs)

  stem = 45 * width // 64
  shapes = {'stem.0.weight': (stem, 3, 1, 7, 7), 'stem.3.weight': (width, stem, 3, 1, 1)}
  norms = {'stem.1': stem, 'stem.4': width}
  for layer, block, conv in itertools.product((1, 2, 3, 4), (0, 1), (1, 2)):
    outputs = width * 2 ** (layer - 1)
    block_inputs = outputs // 2 if layer > 1 and block == 0 else outputs
    inputs = block_inputs if conv == 1 else outputs
    inner = planes(inputs if middle == 'conv' else block_inputs, outputs)
    name = f'layer{layer}.{block}.conv{conv}'
    shapes |= {f'{name}.0.0.weight': (inner, inputs, 1, 3, 3), f'{name}.0.3.weight': (outputs, inner, 3, 1, 1)}
    norms |= {f'{name}.0.1': inner, f'{name}.1': outputs}
  for layer in (2, 3, 4):
    outputs = width * 2 ** (layer - 1)
    shapes[f'layer{layer}.0.downsample.0.weight'] = (outputs, outputs // 2, 1, 1, 1)
    norms[f'layer{layer}.0.downsample.1'] = outputs
  return shapes | {entry: (size,) for name, size in norms.items() for entry in norm_names(name, 'torch')}


def caffe2_name(name: str) -> str:
  """The Caffe2 name of a weight of the released R(2+1)D-18, by hand."""
  part, _, end = name.rpartition('.')
  is_norm = part in ('stem.1', 'stem.4') or part.endswith(('.0.1', 'downsample.1', 'conv1.1', 'conv2.1'))
  end = dict(zip(NORM['torch'], NORM['caffe2'], strict=True))[end] if is_norm else 'w'
  if part.startswith('stem'):
    first = 'conv1_middle' if part in ('stem.0', 'stem.1') else 'conv1'
    return f'{first}_spatbn_relu_{end}' if is_norm else f'{first}_w'
  layer, block, conv = part.split('.')[:3]
  component = 2 * (int(layer[-1]) - 1) + int(block)
  if conv == 'downsample':
    return f'shortcut_projection_{component}' + (f'_spatbn_{end}' if is_norm else '_w')
  middle = '_middle' if part.endswith(('.0.0', '.0.1')) else ''
  return f'comp_{component}_{"spatbn" if is_norm else "conv"}_{conv[-1]}{middle}_{end}'


def random_arrays(shapes: dict[str, tuple]) -> dict[str, np.ndarray]:
  return {name: RANDOM.uniform(0.5, 1.5, shape).astype(np.float32) for name, shape in shapes.items()}


def write(path, data: bytes):
  path.write_bytes(data)
  return str(path)


def xdc(*words) -> None:
  parsed = main.build_parser().parse_args([str(word) for word in words])
  parsed.run(parsed)


def assert_same_weights(found, expected) -> None:
  assert [v.shape for v in found.variables] == [v.shape for v in expected.variables]
  for a, b in zip(found.variables, expected.variables, strict=True):
    np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def randomise(encoder):
  for variable in encoder.variables:
    variable.assign(RANDOM.uniform(0.5, 1.5, variable.shape))
  return encoder
