"""Heads: shapes, initial weights, and what a checkpoint holds."""

import numpy as np
import pytest
import tensorflow as tf

from xdc_tf.models import AudioResNet18, HeadedEncoder

IMAGES = np.random.default_rng(0).normal(size=(3, 40, 100, 1)).astype(np.float32)


def test_logits_are_a_linear_function_of_the_embedding():
  encoder = AudioResNet18(base_width=8)
  model = HeadedEncoder(encoder, {'video': 50, 'audio': 30}, seed=3)
  logits, embedding = model(IMAGES), np.asarray(encoder(IMAGES))
  assert {name: (x.shape, x.dtype) for name, x in logits.items()} == {
    'audio': ((3, 30), tf.float32),
    'video': ((3, 50), tf.float32),
  }
  for name, value in logits.items():
    head = getattr(model, f'head_{name}')
    np.testing.assert_array_equal(head.bias, np.zeros(head.bias.shape))
    assert 0.008 < np.asarray(head.kernel).std() < 0.012
    np.testing.assert_allclose(value, embedding @ np.asarray(head.kernel), rtol=1e-4, atol=1e-5)


def test_weights_do_not_depend_on_the_order_of_the_heads():
  encoder = AudioResNet18(base_width=4)
  a = HeadedEncoder(encoder, {'x': 5, 'y': 5}, seed=3)
  b = HeadedEncoder(encoder, {'y': 5, 'x': 5}, seed=3)
  np.testing.assert_array_equal(a.head_x.kernel, b.head_x.kernel)
  np.testing.assert_array_equal(a.head_y.kernel, b.head_y.kernel)
  assert np.abs(np.asarray(a.head_x.kernel) - np.asarray(a.head_y.kernel)).max() > 1e-3


def test_mixed_precision_ends_in_float32():
  model = HeadedEncoder(AudioResNet18(base_width=4, dtype='mixed_bfloat16'), {'x': 5})
  assert model(IMAGES)['x'].dtype == tf.float32


@pytest.mark.stack
def test_a_checkpoint_holds_heads_and_encoder(tmp_path):
  def make(seed):
    return HeadedEncoder(AudioResNet18(base_width=4, seed=seed), {'audio': 5, 'video/a': 7}, seed=seed)

  saved, restored = make(1), make(2)
  path = tf.train.Checkpoint(model=saved).write(str(tmp_path / 'checkpoint'))
  tf.train.Checkpoint(model=restored).read(path).assert_consumed()
  # 60 variables of the encoder's trainable ones (20 convolutions), 40 statistics, 4 of the heads.
  assert len(restored.variables) == 60 + 40 + 4
  for a, b in zip(saved.variables, restored.variables, strict=True):
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize('heads', [{}, {'x': 0}])
def test_no_classes_is_an_error(heads):
  with pytest.raises(ValueError, match='at least one head with at least one class'):
    HeadedEncoder(AudioResNet18(base_width=4), heads)


def test_the_deviation_of_the_weights_can_be_chosen_and_stays():
  model = HeadedEncoder(AudioResNet18(base_width=16), {'x': 50}, standard_deviation=0.1)
  for seed in (0, 1):
    assert 0.09 < np.asarray(model.head_x.kernel).std() < 0.11
    model.reset_heads(seed)
