"""The gradient of a convolution of single places with strides, beside sums by NumPy."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from xdc_tf.models.residual import ConvNorm


@pytest.mark.stack
@pytest.mark.parametrize('in_channels', [8, 12, 16])
@pytest.mark.parametrize('size', [(56, 56), (41, 100)])
def test_a_shortcut_of_few_channels_learns(in_channels, size):
  """Left to oneDNN, fewer than 16 channels ended the process in float32, which a processor without bfloat16 trains in."""
  layer = ConvNorm(in_channels, 2 * in_channels, (1, 1), (2, 2), itertools.count(), 'float32')
  generator = np.random.default_rng(0)
  x = generator.standard_normal((2, *size, in_channels)).astype(np.float32)
  kernel = generator.standard_normal((1, 1, in_channels, 2 * in_channels)).astype(np.float32)
  picked = x[:, ::2, ::2]
  upstream = generator.standard_normal((*picked.shape[:-1], 2 * in_channels)).astype(np.float32)

  @tf.function
  def gradients(x, kernel):
    with tf.GradientTape() as tape:
      tape.watch([x, kernel])
      y = layer._convolve(x, kernel)
      loss = tf.reduce_sum(y * upstream)
    return y, *tape.gradient(loss, [x, kernel])

  y, of_x, of_kernel = gradients(tf.constant(x), tf.constant(kernel))
  np.testing.assert_allclose(y, np.einsum('bhwi,io->bhwo', picked, kernel[0, 0]), rtol=1e-4, atol=1e-4)
  np.testing.assert_allclose(of_kernel[0, 0], np.einsum('bhwi,bhwo->io', picked, upstream), rtol=1e-3, atol=1e-2)
  expected = np.zeros_like(x)
  expected[:, ::2, ::2] = np.einsum('bhwo,io->bhwi', upstream, kernel[0, 0])
  np.testing.assert_allclose(of_x, expected, rtol=1e-4, atol=1e-4)
