"""The encoders against a slow network in numpy float64, and against the numbers of the paper's public code."""

import itertools

import gin
import keras
import numpy as np
import pytest
import tensorflow as tf

from xdc_tf.localization import network
from xdc_tf.models import AudioResNet18, R2Plus1D18, ResNet3D18
from xdc_tf.models.folding import FoldedWeights
from xdc_tf.models.r2plus1d import middle_planes
from xdc_tf.models.residual import ConvNorm

RANDOM = np.random.default_rng(0)


def num_parameters(model) -> int:
  return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


def conv_norms(model) -> list[ConvNorm]:
  return [layer for layer in model._flatten_layers(include_self=False) if isinstance(layer, ConvNorm)]


def randomise_batch_norms(model) -> None:
  for layer in conv_norms(model):
    norm, size = layer.batch_norm, layer.batch_norm.gamma.shape
    norm.gamma.assign(RANDOM.uniform(0.5, 1.5, size))
    norm.beta.assign(RANDOM.normal(0, 0.3, size))
    norm.moving_mean.assign(RANDOM.normal(0, 0.3, size))
    norm.moving_variance.assign(RANDOM.uniform(0.5, 2, size))


def slow_conv_norm(x, layer, volume, stride):
  """Convolution in 3-D as PyTorch has it: pad half the kernel, then one matrix product for each place in the kernel."""
  kernel = np.asarray(layer.convolution.kernel, np.float64).reshape(*volume, x.shape[-1], -1)
  x = np.pad(x, [(0, 0), *((size // 2, size // 2) for size in volume), (0, 0)])
  sizes = [(length - size) // step + 1 for length, size, step in zip(x.shape[1:4], volume, stride, strict=True)]
  y = np.zeros([x.shape[0], *sizes, kernel.shape[-1]])
  for t, h, w in itertools.product(*(range(size) for size in volume)):
    last = [start + step * (size - 1) + 1 for start, step, size in zip((t, h, w), stride, sizes, strict=True)]
    y += x[:, t : last[0] : stride[0], h : last[1] : stride[1], w : last[2] : stride[2]] @ kernel[t, h, w]
  norm = layer.batch_norm
  gamma, beta, mean, variance = (
    np.asarray(value, np.float64) for value in (norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance)
  )
  return (y - mean) / np.sqrt(variance + 1e-3) * gamma + beta


def relu(x):
  return np.maximum(x, 0)


def slow_convolution(x, layer, stride):
  """One convolution of a basic block, of whichever encoder the layer comes from; audio is video of one frame."""
  if hasattr(layer, 'spatial'):
    x = relu(slow_conv_norm(x, layer.spatial, (1, 3, 3), (1, stride, stride)))
    return slow_conv_norm(x, layer.temporal, (3, 1, 1), (stride, 1, 1))
  in_three = len(layer.convolution.kernel.shape) == 5
  volume, steps = ((3, 3, 3), (stride,) * 3) if in_three else ((1, 3, 3), (1, stride, stride))
  return slow_conv_norm(x, layer, volume, steps)


def slow_blocks(x, blocks, strides):
  for block, stride in zip(blocks, strides, strict=True):
    y = slow_convolution(relu(slow_convolution(x, block.conv1, stride)), block.conv2, 1)
    if block.shortcut is not None:
      projection = getattr(block.shortcut, 'projection', block.shortcut)
      time_stride = stride if hasattr(block.shortcut, 'projection') else 1
      x = slow_conv_norm(x, projection, (1, 1, 1), (time_stride, stride, stride))
    x = relu(x + y)
  return x


def slow_max_pool(x):
  """3x3, stride 2, padded with minus infinity on both sides."""
  x = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1), (0, 0)], constant_values=-np.inf)
  height, width = (x.shape[2] - 3) // 2 + 1, (x.shape[3] - 3) // 2 + 1
  rows = [
    np.stack([x[:, :, 2 * h : 2 * h + 3, 2 * w : 2 * w + 3].max(axis=(2, 3)) for w in range(width)], axis=2)
    for h in range(height)
  ]
  return np.stack(rows, axis=2)


STRIDES = (1, 1, 2, 1, 2, 1, 2, 1)


def slow_r2plus1d(model, x):
  pair = model.stem.convolution
  x = relu(slow_conv_norm(x, pair.spatial, (1, 7, 7), (1, 2, 2)))
  return slow_blocks(relu(slow_conv_norm(x, pair.temporal, (3, 1, 1), (1, 1, 1))), model.blocks, STRIDES)


def slow_resnet3d(model, x):
  return slow_blocks(relu(slow_conv_norm(x, model.stem.convolution, (3, 7, 7), (1, 2, 2))), model.blocks, STRIDES)


def slow_audio_resnet(model, x):
  x = relu(slow_conv_norm(x[:, None], model.stem.convolution, (1, 7, 7), (1, 2, 2)))
  return slow_blocks(slow_max_pool(x), model.blocks, STRIDES[:: 2 // model.blocks_per_stage])


def slow_audio_vmz(model, x):
  kernel, x = np.asarray(model.stem.convolution.kernel, np.float64), np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
  height, width = x.shape[1] - 2, x.shape[2] - 2
  x = sum(x[:, h : h + height, w : w + width] @ kernel[h, w] for h in range(3) for w in range(3))
  x = x + np.asarray(model.stem.convolution.bias, np.float64)
  x = slow_blocks(x[:, None], [model.stem.block0, model.stem.block1, model.stem.block2], (2, 1, 1))
  return slow_blocks(x, model.blocks, (2, 1, 2, 1, 2, 1, 2, 1))


VIDEO, AUDIO = (2, 5, 19, 22, 3), (2, 40, 100, 1)


@pytest.mark.stack
@pytest.mark.parametrize(
  ('make', 'slow', 'shape'),
  [
    (lambda: R2Plus1D18(base_width=5), slow_r2plus1d, VIDEO),
    (lambda: ResNet3D18(base_width=5), slow_resnet3d, VIDEO),
    (lambda: AudioResNet18(base_width=5), slow_audio_resnet, AUDIO),
    (lambda: AudioResNet18(base_width=8, stem='vmz'), slow_audio_vmz, AUDIO),
    (lambda: AudioResNet18(base_width=8, blocks_per_stage=1), slow_audio_resnet, AUDIO),
  ],
  ids=['r2plus1d', 'resnet3d', 'audio', 'audio_vmz', 'audio_10_layers'],
)
def test_equals_the_slow_network(make, slow, shape):
  model = make()
  randomise_batch_norms(model)
  if slow is slow_audio_vmz:
    model.stem.convolution.bias.assign(RANDOM.normal(size=model.stem.convolution.bias.shape))
  x = RANDOM.normal(size=shape).astype(np.float32)
  expected = slow(model, x.astype(np.float64)).mean(axis=(1, 2, 3))
  embedding = np.asarray(model(x))
  assert embedding.dtype == np.float32
  assert embedding.shape == (2, model.feature_dimension)
  assert np.linalg.norm(expected) > 0.1
  assert np.linalg.norm(embedding - expected) / np.linalg.norm(expected) < 1e-5
  np.testing.assert_allclose(embedding, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).mean())


@pytest.mark.slow
@pytest.mark.parametrize(
  ('make', 'parameters', 'with_400_classes', 'convolutions'),
  [
    # 31,505,325 would be torchvision's R(2+1)D-18, which computes the middle planes once a block.
    (R2Plus1D18, 33_165_639, 33_370_839, 37),
    (ResNet3D18, 33_166_272, 33_371_472, 20),
    (AudioResNet18, 11_170_240, 11_375_440, 20),
    (lambda: AudioResNet18(stem='vmz'), 11_202_528, 11_407_728, 27),
  ],
  ids=['r2plus1d', 'resnet3d', 'audio', 'audio_vmz'],
)
def test_parameter_counts(make, parameters, with_400_classes, convolutions):
  model = make()
  assert num_parameters(model) == parameters
  assert num_parameters(model) + model.feature_dimension * 400 + 400 == with_400_classes
  assert model.feature_dimension == 512
  assert len(conv_norms(model)) == convolutions


@pytest.mark.parametrize('make', [R2Plus1D18, ResNet3D18, AudioResNet18])
def test_one_block_a_stage_leaves_the_second_blocks_out(make):
  one, two = make(base_width=8, blocks_per_stage=1), make(base_width=8)
  second = [getattr(two, f'stage{stage}_block1') for stage in range(1, 5)]
  missing = sum(int(np.prod(v.shape)) for block in second for v in block.trainable_variables)
  assert num_parameters(one) == num_parameters(two) - missing
  assert len(one.blocks) == 4
  shape = AUDIO if make is AudioResNet18 else (2, 8, 16, 16, 3)
  x = RANDOM.normal(size=shape).astype(np.float32)
  assert [y.shape for y in one.stage_outputs(x)] == [y.shape for y in two.stage_outputs(x)]
  with pytest.raises(ValueError, match='blocks_per_stage must be at least 1. Received: blocks_per_stage=0'):
    make(base_width=8, blocks_per_stage=0)


def test_middle_planes_of_each_convolution():
  assert middle_planes(64, 64) == 144
  assert [middle_planes(64, 128), middle_planes(128, 128)] == [230, 288]
  assert [middle_planes(128, 256), middle_planes(256, 256)] == [460, 576]
  assert [middle_planes(256, 512), middle_planes(512, 512)] == [921, 1152]


@pytest.mark.parametrize('make', [R2Plus1D18, ResNet3D18])
def test_video_stage_shapes(make):
  outputs = make(base_width=8).stage_outputs(np.zeros([1, 8, 32, 48, 3], np.float32))
  assert [tuple(x.shape) for x in outputs] == [
    (1, 8, 16, 24, 8),
    (1, 8, 16, 24, 8),
    (1, 4, 8, 12, 16),
    (1, 2, 4, 6, 32),
    (1, 1, 2, 3, 64),
  ]


@pytest.mark.parametrize(('stem', 'first'), [('resnet', (1, 10, 25, 8)), ('vmz', (1, 20, 50, 4))])
def test_audio_stage_shapes(stem, first):
  outputs = AudioResNet18(base_width=8, stem=stem).stage_outputs(np.zeros([1, 40, 100, 1], np.float32))
  assert [tuple(x.shape) for x in outputs] == [first, (1, 10, 25, 8), (1, 5, 13, 16), (1, 3, 7, 32), (1, 2, 4, 64)]


@pytest.mark.slow
def test_sizes_may_be_unknown_in_a_graph():
  model = R2Plus1D18(base_width=4)
  traced = tf.function(model, input_signature=[tf.TensorSpec([None, None, None, None, 3])])
  for shape in [(2, 8, 16, 16, 3), (1, 1, 20, 12, 3), (3, 5, 8, 9, 3)]:
    x = RANDOM.normal(size=shape).astype(np.float32)
    np.testing.assert_allclose(traced(x), model(x), rtol=1e-5, atol=1e-6)


def test_seeds_decide_the_weights():
  first, same, other = (R2Plus1D18(base_width=4, seed=seed) for seed in (1, 1, 2))
  for a, b in zip(first.variables, same.variables, strict=True):
    np.testing.assert_array_equal(a, b)
  kernel = 'stage1_block0', 'stage1_block1'
  a, b = (np.asarray(getattr(first, name).conv1.spatial.convolution.kernel) for name in kernel)
  assert a.shape == b.shape
  assert np.abs(a - b).max() > 0.1  # two layers of one shape
  assert np.abs(a - np.asarray(other.stage1_block0.conv1.spatial.convolution.kernel)).max() > 0.1


def test_initialisation_is_he_normal_by_fan_out_and_not_truncated():
  kernel = np.asarray(ResNet3D18(base_width=16).stage4_block1.conv2.convolution.kernel)
  assert kernel.shape == (3, 3, 3, 128, 128)
  deviation = np.sqrt(2 / (27 * 128))
  assert abs(kernel.std() / deviation - 1) < 0.01
  assert np.abs(kernel).max() / deviation > 4  # a truncated normal ends at 2


@pytest.mark.stack
def test_batch_norm_constants_and_statistics():
  model = AudioResNet18(base_width=4)
  norms = [layer.batch_norm for layer in conv_norms(model)]
  assert len(norms) == 20
  assert {(norm.epsilon, norm.momentum) for norm in norms} == {(1e-3, 0.9)}
  x = RANDOM.normal(size=(4, 40, 100, 1)).astype(np.float32)
  before = np.asarray(model(x))
  convolved = np.asarray(model.stem.convolution.convolution(tf.pad(x, ((0, 0), (3, 3), (3, 3), (0, 0)))))
  model(x, training=True)
  # Caffe2's momentum is the share of the old value.
  np.testing.assert_allclose(
    model.stem.convolution.batch_norm.moving_mean, 0.1 * convolved.mean(axis=(0, 1, 2)), rtol=1e-3, atol=1e-6
  )
  # On both stacks with Bessel's correction, as in Caffe2 and PyTorch.
  variance = convolved.var(axis=(0, 1, 2), ddof=1, dtype=np.float64)
  np.testing.assert_allclose(model.stem.convolution.batch_norm.moving_variance, 0.9 + 0.1 * variance, rtol=1e-5)
  assert np.abs(np.asarray(model(x)) - before).max() > 1e-3


@pytest.mark.stack
@pytest.mark.parametrize(('model_class', 'shape'), [(AudioResNet18, (2, 40, 60, 1)), (R2Plus1D18, (2, 4, 24, 24, 3))])
def test_a_frozen_encoder_stays_as_it_is(model_class, shape):
  """As Keras's own BatchNormalization: frozen, it normalises by its moving statistics, and they stay."""
  model = model_class(base_width=4, blocks_per_stage=1)
  x = RANDOM.normal(size=shape).astype(np.float32)
  expected = np.asarray(model(x))
  variables = list(model.variables)  # Frozen, they come in another order.
  before = [variable.numpy() for variable in variables]
  model.trainable = False
  np.testing.assert_array_equal(np.asarray(model(x, training=True)), expected)
  for variable, value in zip(variables, before, strict=True):
    np.testing.assert_array_equal(variable.numpy(), value)
  model.trainable = True
  assert np.abs(np.asarray(model(x, training=True)) - expected).max() > 1e-3


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize(
  ('model_class', 'shape', 'choices'),
  [
    (AudioResNet18, (2, 40, 60, 1), {'stem': 'vmz'}),
    (R2Plus1D18, (2, 4, 24, 24, 3), {'middle': 'block', 'batch_norm_epsilon': 1e-5}),
    (ResNet3D18, (2, 4, 24, 24, 3), {'dtype': 'mixed_bfloat16'}),
  ],
)
def test_a_keras_file_holds_the_whole_encoder(tmp_path, model_class, shape, choices):
  encoder = model_class(base_width=4, blocks_per_stage=1, seed=3, **choices)
  randomise_batch_norms(encoder)
  model = keras.Sequential([encoder, keras.layers.Dense(2)])
  x = RANDOM.normal(size=shape).astype(np.float32)
  expected = np.asarray(model(x))
  model.save(tmp_path / 'model.keras')
  again = keras.models.load_model(tmp_path / 'model.keras')
  np.testing.assert_array_equal(np.asarray(again(x)), expected)
  assert again.layers[0].get_config() == encoder.get_config()
  assert choices.items() <= encoder.get_config().items()


@pytest.mark.stack
@pytest.mark.parametrize(
  ('model', 'shape'),
  [
    (R2Plus1D18(base_width=4), (2, 5, 19, 22, 3)),
    (ResNet3D18(base_width=4), (2, 5, 19, 22, 3)),
    (AudioResNet18(base_width=4), (2, 40, 50, 1)),
    (AudioResNet18(base_width=4, stem='vmz'), (2, 40, 50, 1)),
  ],
)
def test_folded_weights_give_the_same_features_and_stay_as_they_were(model, shape):
  randomise_batch_norms(model)
  x = RANDOM.normal(size=shape).astype(np.float32)
  expected, names = np.asarray(model(x)), [variable.shape for variable in model.variables]
  weights = FoldedWeights(model)
  weights.update()
  with weights.used():
    np.testing.assert_allclose(model(x), expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
    assert [variable.shape for variable in model.variables] == names
    randomise_batch_norms(model)
    np.testing.assert_allclose(model(x), expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
  changed = np.asarray(model(x))
  assert np.abs(changed - expected).max() > 1e-3
  weights.update()
  with weights.used():
    np.testing.assert_allclose(model(x), changed, rtol=1e-5, atol=1e-5 * np.abs(changed).max())


@pytest.mark.stack
@pytest.mark.parametrize('policy', ['mixed_bfloat16', 'mixed_float16'])
def test_mixed_precision_keeps_float32_weights_and_outputs(policy):
  x = RANDOM.normal(size=(2, 4, 16, 16, 3)).astype(np.float32)
  exact, mixed = R2Plus1D18(base_width=4, seed=5)(x), R2Plus1D18(base_width=4, seed=5, dtype=policy)
  assert {tf.as_dtype(variable.dtype) for variable in mixed.variables} == {tf.float32}
  assert mixed.stage_outputs(x)[2].dtype == tf.as_dtype(policy.removeprefix('mixed_'))
  assert mixed(x).dtype == tf.float32
  assert np.linalg.norm(mixed(x) - exact) / np.linalg.norm(exact) < 0.03


def test_every_weight_gets_a_gradient():
  for model, shape in ((R2Plus1D18(base_width=4), (2, 4, 16, 16, 3)), (AudioResNet18(base_width=4), (2, 40, 100, 1))):
    with tf.GradientTape() as tape:
      loss = tf.reduce_sum(tf.square(model(RANDOM.normal(size=shape).astype(np.float32), training=True)))
    gradients = tape.gradient(loss, model.trainable_variables)
    assert all(gradient is not None for gradient in gradients)


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize('make', [R2Plus1D18, ResNet3D18, AudioResNet18, lambda **k: AudioResNet18(stem='vmz', **k)])
def test_a_checkpoint_holds_every_variable(make, tmp_path):
  saved, restored = make(base_width=4, seed=1), make(base_width=4, seed=2)
  randomise_batch_norms(saved)
  path = tf.train.Checkpoint(model=saved).write(str(tmp_path / 'checkpoint'))
  tf.train.Checkpoint(model=restored).read(path).assert_consumed()
  for a, b in zip(saved.variables, restored.variables, strict=True):
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
  ('make', 'shape', 'message'),
  [
    (R2Plus1D18, (8, 16, 16, 3), r'takes video \[B, T, H, W, 3\].*shape=\(8, 16, 16, 3\)'),
    (R2Plus1D18, (1, 8, 16, 16, 1), r'3 channel\(s\) on the last axis.*shape=\(1, 8, 16, 16, 1\)'),
    (ResNet3D18, (1, 8, 16, 16, 4), r'3 channel\(s\) on the last axis'),
    (AudioResNet18, (2, 40, 100), r'takes audio \[B, filters, frames, 1\].*shape=\(2, 40, 100\)'),
  ],
)
def test_wrong_shapes_are_named(make, shape, message):
  with pytest.raises(ValueError, match=f'(?s){message}'):
    make(base_width=4)(np.zeros(shape, np.float32))


def test_bad_arguments_are_named():
  with pytest.raises(ValueError, match='at least 4 channels. Received: base_width=2'):
    R2Plus1D18(base_width=2)
  with pytest.raises(ValueError, match=r"one of \('resnet', 'vmz'\). Received: stem='vgg'"):
    AudioResNet18(stem='vgg')


def test_gin_configures_the_encoders():
  with gin.unlock_config():
    gin.parse_config("R2Plus1D18.base_width = 6\nAudioResNet18.base_width = 8\nAudioResNet18.stem = 'vmz'")
  try:
    assert R2Plus1D18().feature_dimension == 48
    assert tuple(AudioResNet18().stem.convolution.kernel.shape) == (3, 3, 1, 2)
  finally:
    gin.clear_config()


@pytest.mark.stack
def test_in_bfloat16_the_bias_of_the_small_stem_has_the_gradient_of_float32():
  """TensorFlow's own gradient of a bias keeps its sum in bfloat16 on CPUs, where it stops at 256: here 128 was .5."""
  stem = AudioResNet18(base_width=16, blocks_per_stage=1, stem='vmz', dtype='mixed_bfloat16').stem
  for block in ('block0', 'block1', 'block2'):
    setattr(stem, block, lambda x, training: x)
  with tf.GradientTape() as tape:
    total = tf.reduce_sum(tf.cast(stem(tf.cast(tf.ones([32, 40, 100, 1]), tf.bfloat16)), tf.float32)) / 1000
  np.testing.assert_allclose(tape.gradient(total, stem.convolution.bias), [128.0] * 4, rtol=0.01)


@pytest.mark.stack
@pytest.mark.parametrize('stem', ['resnet', 'vmz'])
def test_channels_come_last_whatever_keras_json_says(stem):
  """With channels first in ~/.keras/keras.json no encoder could be made."""
  x = RANDOM.normal(size=(1, 40, 20, 1)).astype(np.float32)
  before, outputs = keras.backend.image_data_format(), []
  try:
    for image_data_format in ('channels_last', 'channels_first'):
      keras.backend.set_image_data_format(image_data_format)
      outputs.append(np.asarray(AudioResNet18(base_width=16, blocks_per_stage=1, stem=stem)(x)))
      assert R2Plus1D18(4, 1)(np.zeros([1, 2, 16, 16, 3], np.float32)).shape == (1, 32)
      assert network.convolution(3, 5, 3, seed=0)(np.zeros([1, 4, 4, 3], np.float32)).shape == (1, 4, 4, 5)
  finally:
    keras.backend.set_image_data_format(before)
  np.testing.assert_array_equal(*outputs)
