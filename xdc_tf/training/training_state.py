"""Where a training is: what a checkpoint holds beside the model and the optimizer."""

import tensorflow as tf

from xdc_tf.training.early_stopping import EarlyStopping
from xdc_tf.training.schedules import Schedule


class TrainingState(tf.Module):
  """The position in the data and the running sums, as variables, so that checkpoints hold them."""

  def __init__(self, early_stopping: EarlyStopping, num_heads: int):
    """Begins at the first step."""
    super().__init__()
    self.early_stopping = early_stopping
    self.step = tf.Variable(0, dtype=tf.int64, trainable=False, name='step')
    self.num_replicas = tf.Variable(0, dtype=tf.int64, trainable=False, name='num_replicas')
    self.best_epoch = tf.Variable(0, dtype=tf.int64, trainable=False, name='best_epoch')
    self.restarts = tf.Variable(0, dtype=tf.int64, trainable=False, name='restarts')
    self.totals = tf.Variable(tf.zeros([3 * num_heads], tf.float64), trainable=False, name='totals')

  def resume(self, schedule: Schedule, num_replicas: int) -> int:
    """Returns the next step, at the same clip of the data where the checkpoint is of a run with another number of replicas."""
    before = int(self.num_replicas) or num_replicas
    epoch, step = divmod(int(self.step), schedule.steps_per_epoch(before))
    self.num_replicas.assign(num_replicas)
    self.step.assign(epoch * schedule.steps_per_epoch(num_replicas) + step * before // num_replicas)
    return int(self.step)

  def finish_epoch(self, step: int) -> None:
    """Moves to the next epoch with empty sums."""
    self.step.assign(step)
    self.totals.assign(tf.zeros_like(self.totals))
