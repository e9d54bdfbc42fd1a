"""The run directory is the interface: a folder a stage, DONE written last. Resuming is running the same command again."""

import difflib
import os
from collections.abc import Callable

import tensorflow as tf
from absl import logging

from xdc_tf import files
from xdc_tf.training import distribution


class RunDirectory:
  """The folders of one run; one worker (the chief) writes what is not written by the stages themselves."""

  def __init__(self, path: str, strategy: tf.distribute.Strategy):
    """Uses, or makes, the folder `path`.

    Raises:
      ValueError: for a path that TensorFlow's checkpoints would take for a pattern.
    """
    if set(path) & set('[]*?'):
      raise ValueError(
        f'{path}: TensorFlow cannot find checkpoints in folders with [, ], * or ? in their names. Choose another.'
      )
    self.path = files.absolute_path(path)
    self._strategy = strategy
    self.is_chief = distribution.worker_index(strategy) == 0

  def check_configuration(self, text: str) -> None:
    """Saves the configuration of a new run; refuses to go on with an old one under another configuration.

    Args:
      text: everything that decides the results of this run, in a stable order.

    Raises:
      ValueError: when the run directory was started with another text; the message holds the difference.
    """
    path = os.path.join(self.path, 'config.gin')
    if self.is_chief and not tf.io.gfile.exists(path):
      with files.atomic_write(path, 'w') as file:
        file.write(text)
    distribution.barrier(self._strategy)  # So that every worker compares, and none goes on alone.
    with tf.io.gfile.GFile(path, 'r') as file:
      before = file.read()
    if before != text:
      lines = difflib.unified_diff(
        before.splitlines(), text.splitlines(), 'this run so far', 'now asked for', lineterm='', n=0
      )
      raise ValueError(
        f'{self.path} was started with another configuration:\n'
        + '\n'.join(lines)
        + '\nStart in a new folder, or go back to the old values.'
      )

  def stage(self, name: str) -> str:
    """The folder of a stage, e.g. 'iteration-02/train/video'."""
    return os.path.join(self.path, name)

  def is_done(self, name: str) -> bool:
    """Whether a stage is complete."""
    return tf.io.gfile.exists(os.path.join(self.stage(name), 'DONE'))

  def once(self, name: str, function: Callable, *arguments) -> str:
    """Runs function(folder, *arguments) unless the stage is complete, and marks it complete last.

    A stage that was interrupted finds in its folder what it left there. Another program may fill the folder and write DONE.

    Returns:
      The stage's folder.
    """
    folder = self.stage(name)
    if self.is_done(name):
      logging.info('%s: done before, not done again.', name)
      return folder
    logging.info('%s', name)
    tf.io.gfile.makedirs(folder)
    function(folder, *arguments)
    distribution.barrier(self._strategy)  # No worker may find DONE while another still writes.
    if self.is_chief:
      with files.atomic_write(os.path.join(folder, 'DONE')):
        pass
    distribution.barrier(self._strategy)
    return folder
