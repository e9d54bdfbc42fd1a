"""A convolution with its BatchNorm, the layer that all encoders are made of: against formulas and in low precision."""

import numpy as np
import pytest
import tensorflow as tf

from xdc_tf.models.residual import ConvNorm, whole_lanes

RANDOM = np.random.default_rng(0)


@pytest.mark.stack
@pytest.mark.parametrize(('shape', 'filters'), [((3, 9, 10, 4), 5), ((2, 3, 5, 6, 4), 5)])
def test_training_normalises_as_the_formula_says_and_so_do_its_gradients(shape, filters):
  kernel = (3,) * (len(shape) - 2)
  layer = ConvNorm(4, filters, kernel, (2,) * len(kernel), iter([3]), None)
  layer.batch_norm.gamma.assign(RANDOM.uniform(0.5, 1.5, filters))
  layer.batch_norm.beta.assign(RANDOM.normal(size=filters))
  x = tf.constant(RANDOM.normal(size=shape), tf.float32)

  def formula():
    padded = tf.pad(x, ((0, 0), *(((1, 1),) * len(kernel)), (0, 0)))
    convolve = {4: tf.nn.conv2d, 5: tf.nn.conv3d}[len(shape)]
    y = convolve(padded, tf.convert_to_tensor(layer.convolution.kernel), (1, *layer.strides, 1), 'VALID')
    mean, variance = tf.nn.moments(y, list(range(len(shape) - 1)))
    norm = layer.batch_norm
    return tf.nn.batch_normalization(
      y, mean, variance, tf.convert_to_tensor(norm.beta), tf.convert_to_tensor(norm.gamma), 1e-3
    )

  residual = tf.constant(RANDOM.normal(size=formula().shape), tf.float32)
  with tf.GradientTape(persistent=True) as tape:
    tape.watch(x)
    found = layer(x, training=True, relu=True, residual=residual)
    expected = tf.nn.relu(formula() + residual)
    losses = tf.reduce_sum(found**2), tf.reduce_sum(expected**2)
  np.testing.assert_allclose(found, expected, atol=1e-5)
  watched = [x, *layer.trainable_variables]
  for a, b in zip(*(tape.gradient(loss, watched) for loss in losses), strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)


@pytest.mark.stack
@pytest.mark.parametrize(('kernel', 'frames'), [((3, 3), ()), ((3, 3, 3), (2,)), ((3, 3, 3), (4,))])
def test_kernel_gradients_in_bfloat16_are_those_in_float32(kernel, frames):
  x = RANDOM.normal(size=(1, *frames, 14, 14, 32)).astype(np.float32)
  weights = RANDOM.normal(size=(1, *frames, 14, 14, 32)).astype(np.float32)
  gradients = []
  for policy in ('float32', 'mixed_bfloat16'):
    layer = ConvNorm(32, 32, kernel, (1,) * len(kernel), iter([3]), policy)
    with tf.GradientTape() as tape:
      loss = tf.reduce_sum(weights * tf.cast(layer(x, training=True), tf.float32))
    gradients.append(np.asarray(tape.gradient(loss, layer.trainable_variables)[0]))
  assert np.linalg.norm(gradients[1] - gradients[0]) < 0.03 * np.linalg.norm(gradients[0])


@pytest.mark.stack
@pytest.mark.parametrize('stride', [1, 2])
def test_a_column_in_float16_is_that_in_float32(stride):
  """TensorFlow 2.21 gave memory that was there before, for half of such shapes on CPUs."""
  x = RANDOM.normal(size=(2, 8, 1, 57)).astype(np.float16)
  half, exact = (ConvNorm(57, 32, (3, 1), (stride, 1), iter([3]), policy) for policy in ('mixed_float16', 'float32'))
  expected = np.asarray(exact(x.astype(np.float32)))
  found = np.asarray(half(tf.constant(x)), np.float32)
  assert found.shape == (2, 8 // stride, 1, 32)
  np.testing.assert_allclose(found, expected, atol=0.01 * np.abs(expected).max())


@pytest.mark.stack
@pytest.mark.parametrize('training', [False, True])
def test_surplus_channels_are_zero_and_change_nothing(training):
  plain, wide = (ConvNorm(4, 45, (3, 3), (1, 1), iter([3]), None, in_lanes=lanes) for lanes in (False, True))
  after = [ConvNorm(45, 6, (3, 3), (1, 1), iter([4]), None) for _ in range(2)]
  x = RANDOM.normal(size=(3, 9, 10, 4)).astype(np.float32)
  middles = [layer(x, training=training, relu=True) for layer in (plain, wide)]
  assert [middle.shape[-1] for middle in middles] == [45, 48]
  np.testing.assert_allclose(middles[1], np.pad(middles[0], [(0, 0)] * 3 + [(0, 3)]), atol=1e-6)
  found, expected = (layer(middle, training=training) for layer, middle in zip(after, middles, strict=True))
  np.testing.assert_allclose(found, expected, atol=1e-5)
  for a, b in zip(plain.variables + after[0].variables, wide.variables + after[1].variables, strict=True):
    assert a.shape == b.shape
    np.testing.assert_allclose(a, b, atol=1e-6)


def test_lanes_are_filled_where_that_costs_little():
  assert [whole_lanes(n) for n in (45, 64, 144, 230, 460, 921, 9, 33)] == [48, 64, 144, 240, 464, 928, 9, 33]
