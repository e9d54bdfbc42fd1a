"""The run directory is the interface: a folder a stage, DONE written last. Resuming is running the same command again."""

import datetime
import difflib
import json
import os
import re
from collections.abc import Callable

import tensorflow as tf
from absl import logging

from xdc_tf import files
from xdc_tf.runs import layout
from xdc_tf.runs.layout import Iteration
from xdc_tf.training import distribution

_COMPUTES_WITH = ('# xdc-tf ', '# precision: ')
# Of the line that says what a finetuning starts from, all but the digest of the weights.
_SOURCE = re.compile(r'^(# start: ).*(?=, weights [0-9a-f]+$)', re.MULTILINE)


class RunDirectory:
  """The folders of one run; one worker (the chief) writes what is not written by the stages themselves."""

  def __init__(self, path: str, strategy: tf.distribute.Strategy):
    """Uses, or makes, the folder `path`.

    Raises:
      ValueError: for a path that TensorFlow's checkpoints would take for a pattern.
    """
    files.check_folder_of_weights(path)
    self.path = files.absolute_path(path)
    self._strategy = strategy
    self.is_chief = distribution.worker_index(strategy) == 0

  def check_configuration(self, text: str, allow_changes: bool = False) -> None:
    """Saves the configuration of a new run; refuses to go on with an old one under another configuration.

    Args:
      text: everything that decides the results of this run, in a stable order. Lines that begin with '# xdc-tf ' or '# precision: '
        say what it computes with (versions, replicas): that decides its last bits.
      allow_changes: go on when it computes with something else now, and note that in changes.jsonl.

    Raises:
      ValueError: when the run directory was started with another text; the message holds the difference and says what to do. Or
        when the folder holds something else.
    """
    path = os.path.join(self.path, layout.CONFIG_FILE)
    begun = tf.io.gfile.exists(path)
    if self.is_chief and not begun:
      if tf.io.gfile.exists(os.path.join(self.path, layout.OPERATIVE_CONFIG_FILE)):
        raise ValueError(
          f'{self.path} has lost its config.gin, by which it would go on; what is finished there is whole. Copy that file again, '
          'or begin in a new folder.'
        )
      # The first features may have been made elsewhere (beam_pipelines.extract_features).
      files.check_new(self.path, 'no run (it has no config.gin)', but=(Iteration('', 0).path,))
    if self.is_chief:
      files.remove_leftovers(self.path)  # The other workers write into stages, and only later.
    if self.is_chief and not begun:
      with files.atomic_write(path, 'w') as file:
        file.write(text)
    distribution.barrier(self._strategy)  # So that every worker compares, and none goes on alone.
    if not tf.io.gfile.exists(path):
      raise ValueError(
        f'The first worker has begun the run in {self.path}, and this worker does not see it. The folder must lie on a file system '
        'that all hosts share.'
      )
    with tf.io.gfile.GFile(path, 'r') as file:
      before = file.read()
    # The same weights, whatever the folder of their run is called by now.
    if _SOURCE.sub(r'\1', before) == _SOURCE.sub(r'\1', text):
      return
    self._check_change(before, text, allow_changes)
    distribution.barrier(self._strategy)
    if self.is_chief:
      self._note_change(before, text)
      with files.atomic_write(path, 'w') as file:
        file.write(text)
    distribution.barrier(self._strategy)

  def _check_change(self, before: str, text: str, allow_changes: bool) -> None:
    lines = difflib.unified_diff(
      before.splitlines(), text.splitlines(), 'this run so far', 'now asked for', lineterm='', n=0
    )
    difference = '\n'.join(lines)
    (old, old_rest), (new, new_rest) = (_computes_with(_SOURCE.sub(r'\1', each)) for each in (before, text))
    if old_rest != new_rest:
      raise ValueError(
        f'{self.path} was started with another configuration:\n{difference}\nStart in a new folder, or go back to the old values.'
      )
    if _is_lower_stack(old) != _is_lower_stack(new):
      raise ValueError(
        f'{self.path} was started on the other software stack:\n{difference}\nKeras 2 and Keras 3 keep an interrupted training in '
        'different order, so it cannot go on there. Go on with the Python that it was started with, or start in a new folder. '
        'What is finished can be used on both: xdc export, report and finetune read its weights.'
      )
    if not allow_changes:
      raise ValueError(
        f'{self.path} was started with other versions, another number of replicas or another precision:\n{difference}\nWith '
        '--allow_changes it goes on, and changes.jsonl there says from where. The results are as good, but no longer bit for bit '
        'those of an undisturbed run.'
      )

  def _note_change(self, before: str, text: str) -> None:
    """Adds a line to changes.jsonl: when, from what to what, and which stages were done before."""
    path, earlier = os.path.join(self.path, 'changes.jsonl'), ''
    if tf.io.gfile.exists(path):
      with tf.io.gfile.GFile(path, 'r') as file:
        earlier = file.read()
    done = [
      name for depth in ('*', '*/*', '*/*/*') for name in tf.io.gfile.glob(os.path.join(self.path, depth, 'DONE'))
    ]
    change = {
      'time': datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='seconds'),
      'from': _computes_with(before)[0],
      'to': _computes_with(text)[0],
      'stages_done': sorted(os.path.relpath(os.path.dirname(name), self.path) for name in done),
    }
    logging.warning('%s goes on with %s, after %s.', self.path, change['to'], change['from'])
    with files.atomic_write(path, 'w') as file:
      file.write(earlier + json.dumps(change) + '\n')

  def stage(self, name: str) -> str:
    """The folder of a stage, e.g. 'iteration-02/train/video'."""
    return os.path.join(self.path, name)

  def is_done(self, name: str) -> bool:
    """Whether a stage is complete."""
    return tf.io.gfile.exists(os.path.join(self.stage(name), 'DONE'))

  def wait_for_all(self) -> None:
    """Waits until every worker has come here."""
    distribution.barrier(self._strategy)

  def once(self, name: str, function: Callable, *arguments, **keywords) -> str:
    """Runs function(folder, *arguments, **keywords) unless the stage is complete, and marks it complete last.

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
    function(folder, *arguments, **keywords)
    distribution.barrier(self._strategy)  # No worker may find DONE while another still writes.
    if self.is_chief:
      files.remove_leftovers(folder)
      files.write_mark(os.path.join(folder, 'DONE'))
    distribution.barrier(self._strategy)
    return folder


def _computes_with(text: str) -> tuple[list[str], list[str]]:
  """Splits a configuration into the lines that say what it computes with and all others."""
  lines = text.splitlines()
  return (
    [line.removeprefix('# ') for line in lines if line.startswith(_COMPUTES_WITH)],
    [line for line in lines if not line.startswith(_COMPUTES_WITH)],
  )


def _is_lower_stack(computes_with: list[str]) -> bool:
  """Whether a configuration was written with Keras 2, which ends with TensorFlow 2.15."""
  version = re.search(r'TensorFlow (\d+)\.(\d+)', '\n'.join(computes_with))
  return version is not None and tuple(map(int, version.groups())) < (2, 16)
