"""Files that are either whole or absent: everything is written beside its place and renamed into it last."""

import contextlib
import difflib
import io
import json
import math
import os
import pathlib
import re
import tokenize
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

import numpy as np
import tensorflow as tf

# What NumPy raises at files that are not what it wrote.
DAMAGED_ARRAY = (ValueError, EOFError, SyntaxError, KeyError, tokenize.TokenError, zipfile.BadZipFile)
# Where there is no file. To ask beforehand would be one more request a shard on a remote file system.
_MISSING = (tf.errors.NotFoundError, FileNotFoundError)
# What atomic_write writes to; a file of a user may well be called film.tmp.mp4.
_TEMPORARY = re.compile(r'\.tmp\.[0-9a-f]{32}$')
_LOGS = ('.log', '.out', '.err', '.txt')
# Each is called before anything gets its name, and raises an error where this process may not write any more (lease.py).
guards: list[Callable[[], None]] = []


def check_guards() -> None:
  """Raises an error where this process may not write any more."""
  for guard in guards:
    guard()


@contextlib.contextmanager
def atomic_path(path: str) -> Iterator[str]:
  """Yields the name of a temporary file, for the block to write, that becomes `path` when the block ends without an error.

  Folders are made. Works on every file system tf.io.gfile knows. After an error or a kill, `path` is what it was before.
  """
  path = os.fspath(path)
  is_s3 = path.startswith('s3://')
  if not is_s3:  # It has no folders, and to make that of a file directly in a bucket is an error.
    tf.io.gfile.makedirs(os.path.dirname(path) or '.')
  # Two workers may make the same file, in containers even with the same process number: the last one wins, with the same bytes.
  temporary = f'{path}.tmp.{uuid.uuid4().hex}'
  try:
    if is_s3:
      write_empty(temporary)  # Who writes nothing makes no object.
    yield temporary
    replace(temporary, path)
  except BaseException:
    if tf.io.gfile.exists(temporary):
      tf.io.gfile.remove(temporary)
    raise


@contextlib.contextmanager
def atomic_write(path: str, mode: str = 'wb') -> Iterator[IO]:
  """Opens a temporary file that becomes `path` when the block ends without an error; see `atomic_path`."""
  with atomic_path(path) as temporary, tf.io.gfile.GFile(temporary, mode) as file:
    file.write(b'' if 'b' in mode else '')  # GFile makes its file at the first write, which may not come.
    yield file


def check_output(path: str) -> None:
  """Refuses, before work is done for it, a name that no file can be written under.

  Raises:
    ValueError: when there is a folder of this name.
    NotADirectoryError: when what it would lie in is no folder.
    PermissionError: when the folder that it would lie in cannot be written to.
  """
  use_file_system(path)
  if tf.io.gfile.isdir(path):
    raise ValueError(f'{path} is a folder; expected the name of a file to write.')
  check_writable(path, os.path.dirname(path))


def check_writable(path: str, folder: str, advice: str = 'Give another name.') -> None:
  """Refuses a path whose folder is not writable, or what that would lie in; object stores say so themselves.

  Args:
    path: what is to be written.
    folder: where it will lie, or itself; what is missing of it will be made.
    advice: the end of the message.

  Raises:
    NotADirectoryError: when there is a file in the place of a folder.
    PermissionError: when nothing can be made there.
  """
  if '://' in path:
    return
  whole = pathlib.Path(os.path.abspath(folder))
  nearest = str(next((some for some in (whole, *whole.parents) if os.path.exists(some)), whole))
  if os.path.isfile(nearest):
    raise NotADirectoryError(f'{path} cannot be written: {nearest} is no folder. {advice}')
  if not os.access(nearest, os.W_OK | os.X_OK):
    raise PermissionError(f'{path} cannot be written: {nearest} does not let you. {advice}')


def write_empty(path: str) -> None:
  """Makes an empty file; GFile makes its file at the first write only."""
  with tf.io.gfile.GFile(path, 'wb') as file:
    file.write(b'')


def write_mark(path: str) -> None:
  """Writes a mark such as DONE, whose presence says that all beside it is whole. It is not empty: some stores handle that badly."""
  with atomic_write(path, 'w') as file:
    file.write('done\n')


def replace(source: str, path: str) -> None:
  """Renames a file, over what `path` was.

  On s3:// tensorflow-io's rename also moves every object whose name only begins with the source's, and refuses empty files.
  """
  check_guards()
  if not path.startswith('s3://'):
    tf.io.gfile.rename(source, path, overwrite=True)
    return
  if tf.io.gfile.stat(source).length:
    tf.io.gfile.copy(source, path, overwrite=True)
  else:
    write_empty(path)
  tf.io.gfile.remove(source)


def delete(path: str) -> None:
  """Deletes a file, or a folder with all in it, if it is there; raises an error where this process may not write any more."""
  check_guards()
  if tf.io.gfile.isdir(path):
    tf.io.gfile.rmtree(path)
  elif tf.io.gfile.exists(path):
    tf.io.gfile.remove(path)


def list_folder(path: str) -> list[str]:
  """Returns the names in a folder, without slashes at their ends; none where there is no folder: s3:// has no empty ones."""
  if not tf.io.gfile.exists(path):
    return []
  return [name.rstrip('/') for name in tf.io.gfile.listdir(path)]


def walk(folder: str) -> Iterator[tuple[str, list[str]]]:
  """Yields (folder, names of its files), sorted, of a folder and all below; each once, however many links lead to it.

  Raises:
    OSError: for a folder that may not be read: whoever counts what is there must not count less.
  """
  if '://' in folder:
    for place, _, names in tf.io.gfile.walk(folder):
      yield place, sorted(names)
    return
  seen = {os.path.realpath(folder)}

  def refuse(error: OSError) -> None:
    raise error

  for place, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
    yield place, sorted(names)
    new = {os.path.realpath(os.path.join(place, name)): name for name in sorted(folders, reverse=True)}
    folders[:] = sorted(name for path, name in new.items() if path not in seen)
    seen.update(new)


def remove_leftovers(path: str) -> None:
  """Removes the temporary files of killed processes from a folder that nobody else writes to now.

  Raises an error where this process may not write any more: what lies there is then another one's, which is at work.
  """
  check_guards()
  for name in list_folder(path):
    if _TEMPORARY.search(name):
      tf.io.gfile.remove(os.path.join(path, name))


def check_new(folder: str, what: str, but: tuple[str, ...] = ()) -> None:
  """Refuses a folder that holds something else already: its files would lie among ours, and be taken for them.

  Hidden files, logs, leases and what a killed process left do not count.

  Args:
    folder: that is to be begun.
    what: what it would be if it had been begun before, such as 'no run'.
    but: names that may be there before.

  Raises:
    ValueError: when it holds something; the message names some of it.
  """
  others = [
    name
    for name in sorted(list_folder(folder))
    if not (
      name.startswith(('.', 'lease.json', 'lost+found'))
      or name.endswith(_LOGS)
      or _TEMPORARY.search(name)
      or name in but
    )
  ]
  if others:
    listed = ', '.join(others[:3]) + (', ...' if len(others) > 3 else '')
    raise ValueError(f'{folder} is not empty and {what}; it holds {listed}. Give a new folder, or an empty one.')


def use_file_system(path: str) -> None:
  """Makes tf.io.gfile know the file system of a path; every process calls it before it reads or writes there.

  Raises:
    RuntimeError: when this software stack does not have it; the message says what to do.
  """
  if '://' in path:
    from xdc_tf import compat  # Imports Keras, which local files do not need.

    compat.use_remote_file_systems(path)


def absolute_path(path: str) -> str:
  """Returns a local path in absolute form, a remote one as it is: what is written down is read from other folders."""
  return path if '://' in path else os.path.abspath(path)


def check_folder_of_weights(path: str) -> None:
  """Raises ValueError for a path that TensorFlow takes for a pattern: it writes weights there, and cannot find them again."""
  if set(absolute_path(path)) & set('[]*?\\'):
    raise ValueError(
      f'{absolute_path(path)}: TensorFlow cannot find checkpoints in folders with [, ], *, ? or \\ in their names. Choose another.'
    )


def write_array(path: str, array: np.ndarray) -> None:
  """Writes an array as a .npy file without pickles, atomically."""
  with atomic_write(path) as file:
    np.save(file, array, allow_pickle=False)


def read_array(path: str, memory_map: bool = False) -> np.ndarray:
  """Reads a .npy file.

  Args:
    path: the path of the file.
    memory_map: leave the array on disk until it is used; a remote file is read whole all the same.

  Raises:
    FileNotFoundError: when there is no such file.
    ValueError: when the file is damaged.
  """
  try:
    if memory_map and '://' not in path:
      return np.load(path, mmap_mode='r', allow_pickle=False)
    with tf.io.gfile.GFile(path, 'rb') as file:
      return np.load(io.BytesIO(file.read()), allow_pickle=False)
  except _MISSING as error:
    raise FileNotFoundError(f'{path} does not exist. {cure(path)}') from error
  except DAMAGED_ARRAY as error:
    raise ValueError(f'{path} is not a whole .npy file ({error}). {cure(path)}') from error


def read_arrays(path: str) -> dict[str, np.ndarray]:
  """Reads the arrays of a .npz file, without pickles.

  Raises:
    FileNotFoundError: when there is no such file.
    ValueError: when the file is damaged.
  """
  try:
    with tf.io.gfile.GFile(path, 'rb') as file:
      contents = io.BytesIO(file.read())
    return dict(np.load(contents, allow_pickle=False))
  except _MISSING as error:
    raise FileNotFoundError(f'{path} does not exist. {cure(path)}') from error
  except (*DAMAGED_ARRAY, TypeError) as error:  # TypeError: one array, not several.
    raise ValueError(f'{path} is not a whole .npz file ({error}). {cure(path)}') from error


def cure(path: str) -> str:
  """What to do about a file that is gone or damaged: a stage that is marked as done makes nothing again."""
  done = os.path.join(os.path.dirname(path), 'DONE')
  if tf.io.gfile.exists(done):
    return f'Restore it, or delete {done} and give the command that made it again.'
  return 'Restore it, or delete what is left of it and make it again.'


def read_text(path: str) -> str:
  """Reads a file of text.

  Raises:
    ValueError: when it is not UTF-8.
  """
  with tf.io.gfile.GFile(path, 'rb') as file:
    contents = file.read()
  try:
    return contents.decode()
  except UnicodeDecodeError as error:
    raise ValueError(f'{path} is not text in UTF-8 ({error}): restore it, or make it again.') from error


def write_json(path: str, value: Any) -> None:
  """Writes `value` as indented JSON, atomically, with a stable key order; what is not finite, which JSON has not, as null."""
  with atomic_write(path, 'w') as file:
    file.write(json.dumps(_finite(value), indent=2, sort_keys=True, allow_nan=False) + '\n')


def _finite(value: Any) -> Any:
  if isinstance(value, float) and not math.isfinite(value):
    return None
  if isinstance(value, Mapping):
    return {key: _finite(item) for key, item in value.items()}
  return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def read_json(path: str) -> Any:
  """Reads one JSON file.

  Raises:
    FileNotFoundError: when there is no such file.
    ValueError: when the file is not JSON; the message names the file.
  """
  if not tf.io.gfile.exists(path):
    raise FileNotFoundError(f'{path} does not exist. {cure(path)}')
  text = read_text(path)
  try:
    return json.loads(text)
  except (json.JSONDecodeError, RecursionError) as error:
    raise ValueError(f'{path} is not valid JSON ({error}). It was edited by hand, or cut off. {cure(path)}') from error


# In a folder that is filled over several runs of a command: what it was begun with.
SETTINGS_FILE = 'settings.json'


def check_settings(path: str, settings: dict[str, Any], before_it_was_one: Mapping[str, Any] | None = None) -> None:
  """Notes what a folder is made with, or refuses to mix two kinds of content in it.

  Args:
    path: the path of a JSON file in the folder.
    settings: everything that decides what the folder will hold; plain values of JSON.
    before_it_was_one: what was done before a setting existed, for folders that were made then.

  Raises:
    ValueError: when the file says otherwise; the message holds the difference. Or when the folder was begun as something else.
  """
  if not tf.io.gfile.exists(path):
    check_new(os.path.dirname(path), f'has no {os.path.basename(path)}')
    write_json(path, settings)
    return
  noted = dict(before_it_was_one or {}) | read_json(path)
  before, now = (json.dumps(value, indent=2, sort_keys=True).splitlines() for value in (noted, settings))
  if before != now:
    difference = '\n'.join(difflib.unified_diff(before, now, path, 'this command', lineterm='', n=0))
    raise ValueError(
      f'{os.path.dirname(path)} was made with other settings:\n{difference}\nGive the same settings to go on, or another folder.'
    )
