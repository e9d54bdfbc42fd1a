"""Files that are either whole or absent: everything is written beside its place and renamed into it last."""

import contextlib
import json
import os
from collections.abc import Iterator
from typing import IO, Any

import tensorflow as tf


@contextlib.contextmanager
def atomic_write(path: str, mode: str = 'wb') -> Iterator[IO]:
  """Opens a temporary file that becomes `path` when the block ends without an error; folders are made.

  Works on every file system tf.io.gfile knows. After an error or a kill, `path` is what it was before.
  """
  path = os.fspath(path)
  tf.io.gfile.makedirs(os.path.dirname(path) or '.')
  # The process number keeps two workers apart that make the same file: the last one wins, with the same bytes.
  temporary = f'{path}.tmp.{os.getpid()}'
  try:
    with tf.io.gfile.GFile(temporary, mode) as file:
      file.write(b'' if 'b' in mode else '')  # GFile makes its file at the first write, which may not come.
      yield file
    tf.io.gfile.rename(temporary, path, overwrite=True)
  except BaseException:
    if tf.io.gfile.exists(temporary):
      tf.io.gfile.remove(temporary)
    raise


def write_json(path: str, value: Any) -> None:
  """Writes `value` as indented JSON, atomically, with a stable key order."""
  with atomic_write(path, 'w') as file:
    file.write(json.dumps(value, indent=2, sort_keys=True) + '\n')


def read_json(path: str) -> Any:
  """Reads one JSON file.

  Raises:
    FileNotFoundError: when there is no such file.
    ValueError: when the file is not JSON; the message names the file.
  """
  if not tf.io.gfile.exists(path):
    raise FileNotFoundError(f'{path} does not exist.')
  with tf.io.gfile.GFile(path, 'r') as file:
    text = file.read()
  try:
    return json.loads(text)
  except json.JSONDecodeError as error:
    raise ValueError(
      f'{path} is not valid JSON ({error}). It was probably edited by hand: restore or delete it.'
    ) from error
