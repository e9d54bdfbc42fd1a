"""Early stopping as the paper words it: 'Stop training when validation loss is increased in 3 consecutive epochs' (Table 9)."""

import math

import tensorflow as tf

from xdc_tf.training.finite import diverged


class EarlyStopping(tf.Module):
  """Counts consecutive rises of the validation loss; its state lives in checkpoints.

  Attributes:
    patience: stop after so many consecutive rises; 0 never stops.
  """

  def __init__(self, patience: int):
    super().__init__()
    self.patience = patience
    self._previous = tf.Variable(float('inf'), dtype=tf.float64, trainable=False, name='previous_loss')
    self._best = tf.Variable(float('inf'), dtype=tf.float64, trainable=False, name='best_loss')
    self._rises = tf.Variable(0, dtype=tf.int64, trainable=False, name='rises')

  def update(self, loss: float) -> None:
    """Takes one epoch's validation loss.

    Raises:
      DivergedError: when it is not finite.
    """
    if not math.isfinite(loss):
      raise diverged(f'The validation loss is {loss}: the training has diverged.')
    self._rises.assign(self._rises + 1 if loss > self._previous else 0)
    self._previous.assign(loss)
    self._best.assign(min(float(self._best.numpy()), loss))

  @property
  def should_stop(self) -> bool:
    """Whether the loss has risen in `patience` consecutive epochs."""
    return 0 < self.patience <= int(self._rises)

  @property
  def is_best(self) -> bool:
    """Whether no earlier epoch had a lower loss than the last one."""
    return bool(self._previous <= self._best)
