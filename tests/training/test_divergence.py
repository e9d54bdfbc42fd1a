"""A loss that is not finite ends a training at once, or sends it back with a lower rate."""

import numpy as np
import pytest
import tensorflow as tf
from trainer_cases import make_trainer, schedule, train

from xdc_tf.training.finite import DivergedError
from xdc_tf.training.metrics_log import read_metrics


class Poisoned:
  """A trainer's steps, of which one gives a loss that is not finite, as a rate that is too high does."""

  def __init__(self, trainer, at):
    self.at, self.rates, self._several = at, [], trainer.training_step.several
    trainer.training_step.several = self

  def __call__(self, data, rates, weight_decay):
    self.rates.append(float(rates[0]))
    totals = self._several(data, rates, weight_decay)
    return totals * np.nan if len(self.rates) == self.at else totals


@pytest.mark.slow
@pytest.mark.stack
def test_a_training_that_diverges_stops_at_once_with_its_step_and_rate(records, one_replica, tmp_path):
  """Not at the end of the epoch, which is 31,250 steps long at the paper's sizes."""
  trainer = make_trainer(records, one_replica, checkpoint_steps=10)
  poisoned = Poisoned(trainer, at=23)
  plan = schedule(epoch_size=400, total_epochs=1, base_learning_rate=0.02, decay='step', step_epochs=99)
  with pytest.raises(DivergedError, match='not a finite number at step 30, at a learning rate of 0.02') as raised:
    train(trainer, tmp_path, plan, records)
  assert 'restarts_when_diverged = 2' in str(raised.value)
  assert len(poisoned.rates) == 30  # At the next checkpoint, which is not written.
  assert tf.train.latest_checkpoint(str(tmp_path / 'checkpoints')).endswith('ckpt-20')


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize(('at', 'back_at'), [(3, 0), (23, 10)])
def test_a_training_that_diverges_goes_back_and_on_with_a_lower_rate(records, one_replica, tmp_path, at, back_at):
  options = {'checkpoint_steps': 10, 'restarts_when_diverged': 1}
  plan = schedule(epoch_size=160, total_epochs=1, base_learning_rate=0.02, decay='step', step_epochs=99)
  trainer = make_trainer(records, one_replica, **options)
  poisoned = Poisoned(trainer, at)
  final = train(trainer, tmp_path, plan, records)
  stopped = -(-at // 10) * 10
  assert poisoned.rates == pytest.approx([0.02] * stopped + [0.01] * (40 - back_at))
  assert all(np.isfinite(value).all() for value in final)
  assert [row['learning_rate'] for row in read_metrics(str(tmp_path / 'metrics.csv'))] == ['0.01']


@pytest.mark.slow
def test_it_goes_back_only_so_often_and_remembers_it(records, one_replica, tmp_path):
  options = {'checkpoint_steps': 2, 'restarts_when_diverged': 2}
  plan = schedule(epoch_size=48, total_epochs=1, base_learning_rate=0.02, decay='step', step_epochs=99)
  for _ in range(2):  # The second time as the command that is given again.
    trainer = make_trainer(records, one_replica, **options)
    poisoned = Poisoned(trainer, at=0)
    poisoned._several = lambda *arguments: tf.fill([3], tf.constant(np.nan, tf.float64))
    with pytest.raises(DivergedError):
      train(trainer, tmp_path, plan, records)
  assert poisoned.rates == pytest.approx([0.005] * 2)


@pytest.mark.slow
def test_with_more_replicas_than_before_it_goes_back_to_the_older_checkpoint(
  records, one_replica, two_replicas, tmp_path
):
  """Steps of two replicas are half as many, so that the older checkpoint has the higher number of steps."""
  options = {'checkpoint_steps': 2, 'restarts_when_diverged': 1}
  plan = schedule(epoch_size=80, total_epochs=1, base_learning_rate=0.01, decay='step', step_epochs=99)
  interrupted = make_trainer(records, one_replica, **options)
  several = interrupted.training_step.several
  calls = iter([several] * 11)  # Then StopIteration: the checkpoint of step 10 is the newest.
  interrupted.training_step.several = lambda *arguments: next(calls)(*arguments)
  with pytest.raises(StopIteration):
    train(interrupted, tmp_path, plan, records)
  trainer = make_trainer(records, two_replicas, **options)
  poisoned = Poisoned(
    trainer, at=3
  )  # From step 5, which is 10 of one replica: after step 6, whose checkpoint is the newest then.
  train(trainer, tmp_path, plan, records)
  assert poisoned.rates == pytest.approx([0.02] * 3 + [0.01] * 5)
