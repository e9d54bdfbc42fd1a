"""Two replicas train what one does, and agree on the statistics of BatchNorm."""

import os

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny_encoders import NormalizedAudio
from trainer_cases import Interruption, make_trainer, schedule, targets, train

from xdc_tf.models.audio_resnet import AudioResNet18
from xdc_tf.training.metrics_log import read_metrics


@pytest.mark.stack
def test_two_replicas_do_what_one_does_on_the_joint_batch(records, one_replica, two_replicas, tmp_path):
  one = train(make_trainer(records, one_replica), tmp_path / 'one', schedule(base_learning_rate=0.02), records)
  # The rate is multiplied by the number of replicas, and a batch of 4 is two batches of 2.
  two = train(make_trainer(records, two_replicas), tmp_path / 'two', schedule(batch_size=2), records)
  for a, b in zip(one, two, strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
  rows = [read_metrics(str(tmp_path / name / 'metrics.csv')) for name in ('one', 'two')]
  assert float(rows[0][1]['validation_loss']) == pytest.approx(float(rows[1][1]['validation_loss']), rel=1e-4)


@pytest.mark.stack
def test_replicas_agree_on_the_mean_of_their_batchnorm_statistics(records, two_replicas, tmp_path):
  """As after training on other data each; whoever reads a replica, a checkpoint or saved weights finds the mean."""
  trainer = make_trainer(records, two_replicas, model=NormalizedAudio, checkpoint_steps=1)
  statistics = trainer.model.non_trainable_variables
  rng = np.random.default_rng(0)
  values = [rng.normal(size=[2, *variable.shape]).astype(np.float32) for variable in statistics]

  def set_own():
    replica = tf.distribute.get_replica_context().replica_id_in_sync_group
    for variable, value in zip(statistics, values, strict=True):
      variable.assign(tf.gather(value, replica))

  def copies(variable):
    read = two_replicas.run(tf.function(lambda: tf.identity(tf.convert_to_tensor(variable))))
    return [copy.numpy() for copy in two_replicas.experimental_local_results(read)]

  two_replicas.run(tf.function(set_own))
  assert len(statistics) >= 2 and np.abs(np.subtract(*copies(statistics[0]))).max() > 0.1
  trainer.save(str(tmp_path))
  loaded = make_trainer(records, two_replicas, model=NormalizedAudio)
  loaded.load(str(tmp_path))
  for variable, restored, value in zip(statistics, loaded.model.non_trainable_variables, values, strict=True):
    for copy in (*copies(variable), *copies(restored)):
      np.testing.assert_allclose(copy, value.mean(axis=0), atol=1e-6)


@pytest.mark.slow
@pytest.mark.stack
def test_a_training_without_validation_ends_with_one_network(records, two_replicas, tmp_path):
  trainer = make_trainer(records, two_replicas, model=NormalizedAudio)
  trainer.train(str(tmp_path), targets(records, 'train'), None, schedule(batch_size=2), 5)
  for variable in trainer.model.non_trainable_variables:
    read = two_replicas.run(tf.function(lambda v=variable: tf.identity(tf.convert_to_tensor(v))))
    first, second = (copy.numpy() for copy in two_replicas.experimental_local_results(read))
    np.testing.assert_array_equal(first, second)


@pytest.mark.slow
@pytest.mark.parametrize('steps_done,expected', [(3, 6), (4, 8), (5, 10)])
def test_another_number_of_replicas_goes_on_at_the_same_clip(records, two_replicas, tmp_path, steps_done, expected):
  """Two replicas take 3 steps of 2 x 2 clips an epoch of 12, one takes 6 of 2."""
  trainer = make_trainer(records, two_replicas, checkpoint_steps=1)
  plan = schedule(batch_size=2)
  calls = []

  def killed(*arguments):
    calls.append(None)
    if len(calls) > steps_done:
      raise Interruption
    return step(*arguments)

  step, trainer.training_step.several = trainer.training_step.several, killed
  with pytest.raises(Interruption):
    train(trainer, tmp_path, plan, records)
  one = make_trainer(records, tf.distribute.MirroredStrategy(['CPU:0']), checkpoint_steps=1)
  calls, step = [], one.training_step.several
  steps_done, one.training_step.several = 10**6, killed
  train(one, tmp_path, plan, records)
  assert len(calls) == 12 - expected
  assert [row['epoch'] for row in read_metrics(str(tmp_path / 'metrics.csv'))] == ['0', '1']


@pytest.mark.slow
@pytest.mark.stack
def test_a_resnet_trains_on_two_replicas_and_its_features_have_the_records_order(records, two_replicas, tmp_path):
  narrow = lambda seed, dtype: AudioResNet18(base_width=4, seed=seed, dtype=dtype)  # noqa: E731
  trainer = make_trainer(records, two_replicas, model=narrow, evaluation_batch_size=3)
  train(trainer, tmp_path, schedule(total_epochs=1, batch_size=2), records)
  assert os.path.exists(tmp_path / 'weights.index')
  batches = list(trainer.inference.embed('train', [0, 2]))
  index = np.concatenate([i for i, _ in batches])
  np.testing.assert_array_equal(index, [0, 1, 2, 3, 8, 9, 10, 11])
  # A batch never runs over two shards, or a resume would change it.
  assert [len(i) for i, _ in batches] == [3, 1, 3, 1]
  assert np.concatenate([f for _, f in batches]).shape == (8, 32)


class WithDropout(NormalizedAudio):
  """On Keras 3 the state of dropout's random numbers, a whole number, is among the variables that are not trained."""

  def __init__(self, seed=0, dtype=None):
    super().__init__(seed, dtype)
    self.dropout = keras.layers.Dropout(0.3, seed=seed)

  def call(self, x, training=False):
    return self.dropout(super().call(x, training), training=training)


@pytest.mark.slow
@pytest.mark.stack
def test_an_encoder_with_dropout_trains_on_two_replicas(records, two_replicas, tmp_path):
  trainer = make_trainer(records, two_replicas, model=WithDropout)
  assert all(np.isfinite(value).all() for value in train(trainer, tmp_path, schedule(total_epochs=1), records))
  loaded = make_trainer(records, two_replicas, model=WithDropout)
  loaded.load(str(tmp_path))
