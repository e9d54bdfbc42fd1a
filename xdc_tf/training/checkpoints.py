"""Weights and checkpoints on disk: restored whole or not at all."""

import os

import tensorflow as tf

from xdc_tf.training import distribution


def save_weights(model, folder: str) -> None:
  """Writes a model's weights to FOLDER/weights.*; on several workers every worker must call it, and the chief's stay."""
  own = own_folder(folder)
  tf.train.Checkpoint(model=model).write(os.path.join(own, 'weights'))
  if own != folder:
    tf.io.gfile.rmtree(own)


def load_weights(model, folder: str) -> None:
  """Reads what save_weights wrote into a built model.

  Raises:
    FileNotFoundError: when there are no weights.
    ValueError: when a weight is missing, left over or misshapen; TensorFlow's message in it names it.
  """
  prefix = os.path.join(folder, 'weights')
  if not tf.io.gfile.exists(prefix + '.index'):
    raise FileNotFoundError(
      f'{folder} holds no weights (weights.index is missing). Was the training stage interrupted? Run it again.'
    )
  try:
    tf.train.Checkpoint(model=model).read(prefix).assert_consumed()
  except (AssertionError, ValueError) as error:
    raise ValueError(f'The weights in {folder} do not fit {type(model).__name__}: {error}') from error


class TrainingCheckpoint:
  """The state of one training stage: everything that its next step depends on. Keeps the two newest checkpoints."""

  def __init__(self, folder: str, **objects):
    """Prepares checkpoints of `objects` (models, optimizers, variables) in FOLDER/checkpoints."""
    self._folder = os.path.join(folder, 'checkpoints')
    self._checkpoint = tf.train.Checkpoint(**objects)
    self._manager = tf.train.CheckpointManager(
      self._checkpoint, os.path.join(own_folder(folder), 'checkpoints'), max_to_keep=2
    )

  def restore(self) -> bool:
    """Restores the chief's newest checkpoint on every worker; returns False when there is none.

    Raises:
      AssertionError: when it does not fit the objects exactly.
    """
    newest = tf.train.latest_checkpoint(self._folder)
    if not newest:
      return False
    self._checkpoint.restore(newest).assert_consumed()
    return True

  def save(self, step: int) -> None:
    """Writes a checkpoint; an older one stays until this one is whole."""
    self._manager.save(checkpoint_number=step)


def delete_others(folder: str, prefix: str, keep: str = '') -> None:
  """Deletes the folders in FOLDER whose names start with `prefix`, but not `keep`; only the chief does."""
  if distribution.worker_index(tf.distribute.get_strategy()):
    return
  for name in tf.io.gfile.listdir(folder):
    path = os.path.join(folder, name.rstrip('/'))  # Some file systems list folders with a slash.
    if name.startswith(prefix) and path != keep:
      tf.io.gfile.rmtree(path)


def own_folder(folder: str) -> str:
  """The folder that this worker may write to: every worker has to take part in saving, but only the chief's files count."""
  index = distribution.worker_index(tf.distribute.get_strategy())
  own = folder if index == 0 else os.path.join(folder, f'.worker-{index}')
  tf.io.gfile.makedirs(own)
  return own
