"""The differences between the stacks, tested on whichever stack runs."""

import importlib
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from xdc_tf import compat

START = np.array([[1.0, -2.0], [0.5, 4.0]], np.float32)
GRADIENT = np.array([[0.1, 0.2], [-0.3, 0.4]], np.float32)


def steps(strategy, name, count, loss_scaling=False, start=START, gradient=GRADIENT, rate=0.5, **options):
  """Applies `count` equal gradients, of which every replica has its share."""
  options = {'momentum': 0.9, 'nesterov': False, 'decoupled_weight_decay': 0.0} | options
  with strategy.scope():
    variable = tf.Variable(start)
    optimizer = compat.make_optimizer(name, **options)
    if loss_scaling:
      optimizer = compat.with_loss_scaling(optimizer)
    compat.build_optimizer(optimizer, [variable])

  def step():
    with tf.GradientTape() as tape:
      loss = tf.reduce_sum(variable * tf.constant(gradient)) / strategy.num_replicas_in_sync
      scaled = compat.scaled_loss(optimizer, loss)
    compat.apply_gradients(optimizer, tape.gradient(scaled, [variable]), [variable])

  @tf.function
  def distributed_step():
    compat.set_learning_rate(optimizer, tf.constant(rate))
    strategy.run(step)

  for _ in range(count):
    distributed_step()
  return variable.numpy()


@pytest.mark.stack
@pytest.mark.parametrize('loss_scaling', [False, True])
def test_sgd_with_momentum_equals_the_formula_on_one_and_two_replicas(one_replica, two_replicas, loss_scaling):
  # v <- 0.9 v - 0.5 g, w <- w + v, twice: w = w0 - 0.5 g - (0.45 + 0.5) g.
  expected = START - 1.45 * GRADIENT
  np.testing.assert_allclose(steps(one_replica, 'sgd', 2, loss_scaling), expected, rtol=1e-5)
  np.testing.assert_allclose(steps(two_replicas, 'sgd', 2, loss_scaling), expected, rtol=1e-5)


@pytest.mark.stack
def test_nesterov_equals_the_formula(one_replica):
  # v <- 0.9 v - 0.5 g, w <- w + 0.9 v - 0.5 g: one step moves by -0.95 g.
  np.testing.assert_allclose(steps(one_replica, 'sgd', 1, nesterov=True), START - 0.95 * GRADIENT, rtol=1e-5)


@pytest.mark.stack
def test_sgdw_decays_apart_from_the_gradient(one_replica):
  # The decay is scaled by the learning rate: w <- (1 - 0.5 * decay) w - 0.5 g.
  moved = steps(one_replica, 'sgdw', 1, decoupled_weight_decay=0.02)
  np.testing.assert_allclose(moved, START * 0.99 - 0.5 * GRADIENT, rtol=1e-5)


@pytest.mark.stack
@pytest.mark.parametrize(('name', 'expected'), [('sgdw', 0.999), ('lamb', 0.99)])
def test_a_decay_means_the_same_number_on_both_stacks(one_replica, two_replicas, name, expected):
  """w = 1, g = 0, rate .01, decay .1. Left alone, the libraries' SGDW give .9 and .999, their LAMB .99 and .999."""
  for strategy in (one_replica, two_replicas):
    decayed = steps(strategy, name, 1, start=[1.0], gradient=[0.0], rate=0.01, decoupled_weight_decay=0.1)
    np.testing.assert_allclose(decayed, [expected], rtol=1e-6)


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize('name', ['sgdw', 'lamb'])
def test_a_loss_scale_changes_nothing_else(one_replica, two_replicas, name):
  for strategy in (one_replica, two_replicas):
    plain, scaled = (steps(strategy, name, 3, scaling, decoupled_weight_decay=0.1) for scaling in (False, True))
    assert np.abs(plain - START).max() > 0.1
    np.testing.assert_allclose(scaled, plain, rtol=1e-5)


@pytest.mark.stack
def test_lamb_equals_algorithm_2_of_its_paper(one_replica):
  w, first, second = START.astype(np.float64), np.zeros([2, 2]), np.zeros([2, 2])
  for step in range(1, 4):
    first, second = 0.9 * first + 0.1 * GRADIENT, 0.999 * second + 0.001 * GRADIENT.astype(np.float64) ** 2
    direction = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-6) + 0.1 * w
    w = w - 0.05 * np.linalg.norm(w) / np.linalg.norm(direction) * direction
  found = steps(one_replica, 'lamb', 3, rate=0.05, decoupled_weight_decay=0.1)
  np.testing.assert_allclose(found, w, rtol=2e-4)


@pytest.mark.stack
def test_replicas_agree_that_a_gradient_overflowed(two_replicas):
  """The second replica's gradient is infinite: no weight may move, and the loss scale is halved, on both."""
  with two_replicas.scope():
    variable = tf.Variable(START)
    optimizer = compat.with_loss_scaling(compat.make_optimizer('sgd', 0.9, False, 0.0))
    variables = compat.build_optimizer(optimizer, [variable])

  def step():
    is_second = tf.distribute.get_replica_context().replica_id_in_sync_group == 1
    compat.apply_gradients(optimizer, [tf.where(is_second, np.inf, GRADIENT)], [variable])

  compat.set_learning_rate(optimizer, tf.constant(0.5))
  two_replicas.run(tf.function(step))
  for copy in two_replicas.experimental_local_results(variable):
    np.testing.assert_array_equal(copy.numpy(), START)
  scales = [v for v in variables if v.shape.rank == 0 and float(v.numpy()) > 2.0**13]
  assert [float(v.numpy()) for v in scales] == [2.0**14]


@pytest.mark.stack
def test_lamb_moves_by_the_learning_rate_times_the_weights_norm(one_replica):
  # The first step of Adam is the gradient's sign, which LAMB scales to the norm of the weights.
  moved = steps(one_replica, 'lamb', 1) - START
  np.testing.assert_allclose(moved, -0.5 * np.linalg.norm(START) * np.sign(GRADIENT) / 2, rtol=1e-3)


@pytest.mark.stack
@pytest.mark.parametrize('name', compat.OPTIMIZERS)
def test_the_loss_scale_is_among_the_optimizers_variables(one_replica, name):
  # The trainer puts all of them back between two stages; a scale left over would differ after a resume.
  with one_replica.scope():
    optimizer = compat.with_loss_scaling(compat.make_optimizer(name, 0.9, True, 0.0))
    variables = compat.build_optimizer(optimizer, [tf.Variable(START)])
  assert 2.0**15 in [float(variable.numpy()) for variable in variables if not variable.shape.rank]


def test_unknown_optimizers_are_errors():
  with pytest.raises(ValueError, match="Received: 'adamw'"):
    compat.make_optimizer('adamw', 0.9, True, 0.0)


@pytest.mark.stack
def test_spec_augment_masks_or_says_where_it_can_be_had():
  if not compat.LOWER_STACK:
    with pytest.raises(RuntimeError, match='Python 3.10 or 3.11'):
      compat.spec_augment(tf.ones([100, 40]), 10, 8)
    return
  masked = compat.spec_augment(tf.ones([100, 40]), 10, 8).numpy()
  assert masked.shape == (100, 40)
  masked_frames = (masked == 0).all(axis=1).sum()
  masked_filters = (masked == 0).all(axis=0).sum()
  assert masked_frames <= 10 and masked_filters <= 8
  np.testing.assert_array_equal(masked.sum(), (100 - masked_frames) * (40 - masked_filters))


def test_remote_file_systems():
  for path in ('/data/clips', 'gs://bucket/clips', 'file:///data'):
    compat.use_remote_file_systems(path)
  if not compat.LOWER_STACK:
    with pytest.raises(RuntimeError, match='copy the data'):
      compat.use_remote_file_systems('s3://bucket/clips')


@pytest.mark.slow
@pytest.mark.stack
def test_another_backend_of_keras_on_the_machine_changes_nothing():
  program = 'import xdc_tf.compat, keras; print(keras.backend.backend())'
  environment = os.environ | {'KERAS_BACKEND': 'numpy', 'TF_CPP_MIN_LOG_LEVEL': '3'}
  done = subprocess.run([sys.executable, '-c', program], env=environment, capture_output=True, text=True)
  assert done.stdout == 'tensorflow\n', done.stderr[-1000:]


def test_keras_with_another_backend_is_refused(monkeypatch):
  monkeypatch.setattr(keras.backend, 'backend', lambda: 'jax')
  with pytest.raises(ImportError, match="Keras was imported with the backend 'jax'; xdc-tf needs tensorflow"):
    importlib.reload(compat)
