"""Early stopping as the paper words it: 'Stop training when validation loss is increased in 3 consecutive epochs' (Table 9)."""

import tensorflow as tf


class EarlyStopping(tf.Module):
  """Counts consecutive rises of the validation loss; its state lives in checkpoints.

  Attributes:
    patience: stop after so many consecutive rises; 0 never stops.
  """

  def __init__(self, patience: int):
    super().__init__()
    self.patience = patience
    self._previous = tf.Variable(float('inf'), dtype=tf.float64, trainable=False, name='previous_loss')
    self._rises = tf.Variable(0, dtype=tf.int64, trainable=False, name='rises')

  def reset(self) -> None:
    """Forgets every loss seen."""
    self._previous.assign(float('inf'))
    self._rises.assign(0)

  def update(self, loss: float) -> None:
    """Takes one epoch's validation loss."""
    self._rises.assign(self._rises + 1 if loss > self._previous else 0)
    self._previous.assign(loss)

  @property
  def should_stop(self) -> bool:
    """Whether the loss has risen in `patience` consecutive epochs."""
    return 0 < self.patience <= int(self._rises)
