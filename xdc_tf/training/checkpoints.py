"""Weights and checkpoints on disk: restored whole or not at all."""

import collections
import contextlib
import hashlib
import math
import os
import re
import time
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from absl import logging

from xdc_tf import files, messages

_VALUE = '/.ATTRIBUTES/VARIABLE_VALUE'


class _DamagedError(ValueError):
  """Files cannot be read as what they are."""


def save_weights(model, folder: str, worker: int = 0) -> None:
  """Writes a model's weights to FOLDER/weights.*; every worker must call it with its number, and the chief's (0) stay."""
  files.check_guards()
  own = own_folder(folder, worker)
  tf.train.Checkpoint(model=model).write(os.path.join(own, 'weights'))
  if own != folder:
    tf.io.gfile.rmtree(own)


def load_weights(model, folder: str) -> None:
  """Reads what save_weights wrote into a built model, on whichever of the two software stacks it was written.

  Raises:
    FileNotFoundError: when there are no weights.
    ValueError: when a weight is missing, left over or misshapen; the message names the first ones.
  """
  prefix = os.path.join(folder, 'weights')
  if not tf.io.gfile.exists(prefix + '.index'):
    raise FileNotFoundError(f'{folder} holds no weights (weights.index is missing). {_cure(folder)}')
  files.check_folder_of_weights(folder)
  with _damage_named(prefix, _cure(folder)):
    reader = tf.train.load_checkpoint(prefix)
  shapes = {key: tuple(shape) for key, shape in reader.get_variable_to_shape_map().items() if key.endswith(_VALUE)}
  keys = _by_place({_name(key.removeprefix('model/').removesuffix(_VALUE)): key for key in shapes})
  variables = _named_variables(model)
  complaints = [f'{name} is not in the file' for name in sorted(variables.keys() - keys.keys())]
  complaints += [f'{name} is left over' for name in sorted(keys.keys() - variables.keys())]
  complaints += [
    f'{name} has the shape {list(shapes[keys[name]])} in the file and {list(variable.shape)} in the model'
    for name, variable in variables.items()
    if name in keys and shapes[keys[name]] != tuple(variable.shape)
  ]
  if complaints:
    listed = '; '.join(complaints[:3]) + (f'; and {len(complaints) - 3} more' if len(complaints) > 3 else '')
    raise ValueError(f'The weights in {folder} do not fit {type(model).__name__}: {listed}.')
  with _damage_named(prefix, _cure(folder)):
    values = {
      name: reader.get_tensor(keys[name]) for name in variables
    }  # Before the first is assigned: all or nothing.
  for name, variable in variables.items():
    variable.assign(values[name])


def _cure(folder: str) -> str:
  return files.cure(os.path.join(folder, 'weights'))


def check_tracked(model) -> None:
  """Raises ValueError when checkpoints would not hold all weights of a built model: they would be random ones again."""
  reached = {id(_value(variable)) for variable in _named_variables(model).values()}
  hidden = [v for v in model.variables if tf.as_dtype(v.dtype).is_floating and id(_value(v)) not in reached]
  if hidden:
    first = getattr(hidden[0], 'path', hidden[0].name)
    raise ValueError(
      f'{len(hidden)} weights of the model, the first is {first}, would be lost: Keras 3 hides layers in lists and dictionaries '
      'from TensorFlow. Make each layer an attribute of its own, as setattr(self, f"layer_{i}", layer) does, or put them into a '
      'keras.Sequential.'
    )


def _value(variable):
  """The variable of TensorFlow that a variable of Keras 3 is made of."""
  return variable.value if isinstance(getattr(variable, 'value', None), tf.Variable) else variable


def digest(folder: str) -> str:
  """Returns the start of a SHA-256 over the files that save_weights wrote, hexadecimal: a name does not say which they are."""
  digest_of_files = hashlib.sha256()
  for name in sorted(tf.io.gfile.listdir(folder)):
    if name.startswith('weights.'):
      with tf.io.gfile.GFile(os.path.join(folder, name), 'rb') as file:
        while part := file.read(1 << 24):
          digest_of_files.update(part)
  return digest_of_files.hexdigest()[:16]


@contextlib.contextmanager
def _damage_named(prefix: str, advice: str, also: tuple[type[Exception], ...] = ()) -> Iterator[None]:
  """Names the files where TensorFlow says no more than what it found in them; `also` are further errors that mean damage."""
  try:
    yield
  except (tf.errors.OpError, IndexError, UnicodeDecodeError, *also) as error:
    raise _DamagedError(f'{prefix}.* is damaged ({messages.of_error(error)}). {advice}') from error


def _named_variables(model) -> dict[str, tf.Variable]:
  """Returns a model's variables by their shortest paths, such as 'stage1_block0/conv1/convolution/kernel'."""
  view, variables, seen, waiting = tf.train.TrackableView(model), {}, set(), collections.deque([('', model)])
  while waiting:
    path, item = waiting.popleft()
    for name, child in view.children(item).items():
      if id(child) in seen:
        continue
      seen.add(id(child))
      child_path = f'{path}/{name}' if path else name
      if hasattr(child, 'assign') and hasattr(child, 'shape'):
        variables[_name(child_path)] = child
      else:
        waiting.append((child_path, child))
  return _by_place(variables)


def _by_place(named: dict[str, Any]) -> dict[str, Any]:
  """Names the layers of a keras.Sequential by their place among those with weights, which both stacks name in other ways."""
  pattern = r'(?:_functional/_operations/|layer_with_weights-)(\d+)/'
  first = {name: re.search(pattern, name) for name in named}
  numbers: dict[str, set[int]] = {}
  for name, found in first.items():
    if found:
      numbers.setdefault(name[: found.start()], set()).add(int(found[1]))
  if not numbers:
    return named
  renamed = {}
  for name, value in named.items():
    if found := first[name]:
      before = name[: found.start()]
      name = f'{before}layer-{sorted(numbers[before]).index(int(found[1]))}/{name[found.end() :]}'
    renamed[name] = value
  return _by_place(renamed)  # One within another.


def _name(path: str) -> str:
  """The name of a variable on both stacks: Keras 2.15 tracks a layer's kernel as 'kernel', Keras 3 as '_kernel'."""
  folder, _, last = path.rpartition('/')
  return f'{folder}/{last.removeprefix("_")}'.removeprefix('/')


class TrainingCheckpoint:
  """The state of one training stage: everything that its next step depends on. Keeps the two newest checkpoints."""

  def __init__(self, folder: str, worker: int = 0, **objects):
    """Prepares checkpoints of `objects` (models, optimizers, variables) in FOLDER/checkpoints, as the worker of this number."""
    self._folder = os.path.join(folder, 'checkpoints')
    self._again = f'Delete {self._folder} to do the training again; what was finished before stays.'
    self._checkpoint = tf.train.Checkpoint(**objects)
    self._own_folder = os.path.join(own_folder(folder, worker), 'checkpoints')
    self._is_chief = worker == 0
    self._mend_list()
    self._manager = self._make_manager(keep=2)

  def _make_manager(self, keep: int) -> tf.train.CheckpointManager:
    with _damage_named(os.path.join(self._folder, 'checkpoint'), self._again, also=(ValueError,)):
      return tf.train.CheckpointManager(self._checkpoint, self._own_folder, max_to_keep=keep)

  def restore(self) -> bool:
    """Restores the chief's newest checkpoint that is whole on every worker; returns False when there is none at all.

    Raises:
      ValueError: when it does not fit the objects exactly, or all are damaged.
    """
    paths = self._paths()
    if not paths:
      return False
    newest, damage = paths[-1], None
    for path in reversed(paths):
      try:
        self._restore(path)
      except _DamagedError as error:
        damage = damage or error
      else:
        if damage:
          logging.warning(
            '%s is damaged. The training goes on from %s, an older checkpoint, which is whole.', newest, path
          )
        return True
    raise damage or ValueError(f'{self._folder} holds no checkpoint. {self._again}')

  def _mend_list(self) -> None:
    """Writes the chief's list of checkpoints again where it is lost or damaged, or the clock was put back since it was begun.

    Without it none would be found, and none deleted later; those that are older than the list TensorFlow drops from it.
    """
    paths, state = self._found() if self._is_chief else [], self._state()
    if not paths:
      return
    if state and state.last_preserved_timestamp < min(time.time(), *state.all_model_checkpoint_timestamps, math.inf):
      return
    if not state:
      logging.warning('%s/checkpoint is missing or damaged; %s is taken for the newest one.', self._folder, paths[-1])
    files.check_guards()
    times = [time.time()] * len(paths)  # The manager deletes what is newer than what it was told to preserve.
    tf.compat.v1.train.update_checkpoint_state(
      self._folder,
      paths[-1],
      all_model_checkpoint_paths=paths,
      all_model_checkpoint_timestamps=times,
      last_preserved_timestamp=0.0,
    )

  def _paths(self) -> list[str]:
    """The chief's checkpoints, the newest last; a worker may be here before the chief has mended the list."""
    return self._listed() or self._found()

  def _listed(self) -> list[str]:
    state = self._state()
    return list(state.all_model_checkpoint_paths) if state else []

  def _state(self) -> Any:
    """TensorFlow's list of checkpoints; None where there is none that can be read."""
    try:
      return tf.train.get_checkpoint_state(self._folder)
    except (ValueError, tf.errors.OpError):
      return None

  def _found(self) -> list[str]:
    names = [match[0] for name in files.list_folder(self._folder) if (match := re.match(r'ckpt-\d+(?=\.index$)', name))]
    return [os.path.join(self._folder, name) for name in sorted(names, key=lambda name: int(name.rpartition('-')[2]))]

  def restore_earlier(self) -> None:
    """Restores the chief's oldest checkpoint that is kept, on every worker."""
    self._restore(self._paths()[0])  # Oldest first, whatever their steps.

  def _restore(self, path: str) -> None:
    try:
      with _damage_named(path, self._again):
        tf.train.load_checkpoint(path)  # Says of a damaged file what it is; `restore` goes on with half of it.
        self._checkpoint.restore(path).assert_consumed()
    except _DamagedError:
      raise
    except (AssertionError, ValueError) as error:
      raise ValueError(
        f'{path} is not a checkpoint of this training as this release of xdc-tf has it. {self._again} TensorFlow says: '
        f'{str(error)[:300]}'
      ) from error

  def save(self, step: int) -> None:
    """Writes a checkpoint, named by its step; an older one stays until this one is whole."""
    files.check_guards()
    self._manager.save(checkpoint_number=self._number(step))

  def save_alone(self, step: int) -> None:
    """Does what `save` does, then deletes all others: nothing goes on from them."""
    files.check_guards()
    self._mend_list()
    self._make_manager(keep=1).save(checkpoint_number=self._number(step))
    self._manager = self._make_manager(keep=2)

  def _number(self, step: int) -> int:
    """The step, or more: going back and more replicas lower the step, and a file that is there must not be written over."""
    newest = self._manager.latest_checkpoint
    return max(step, int(newest.rpartition('-')[2]) + 1) if newest else step


def delete_folders(folder: str, prefix: str, keep: str = '') -> None:
  """Deletes the folders in FOLDER whose names start with `prefix`, but not `keep`."""
  for name in tf.io.gfile.listdir(folder):
    path = os.path.join(folder, name.rstrip('/'))  # Some file systems list folders with a slash.
    if name.startswith(prefix) and path != keep:
      files.delete(path)


def own_folder(folder: str, worker: int) -> str:
  """The folder that a worker may write to: every worker has to take part in saving, but only the files of the chief (0) count."""
  own = folder if worker == 0 else os.path.join(folder, f'.worker-{worker}')
  tf.io.gfile.makedirs(own)
  return own
