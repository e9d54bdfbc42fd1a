"""Where in a shard its records keep their pictures and their sound, so that training reads the clip it uses and not the whole span.

A clip of 8 frames is an eighth of a span of 60. make_clips writes the positions beside the shards, in positions/; for other records
they are found by walking through the file, once a pass.
"""

import dataclasses
import functools
import io
import mmap
import os
import struct
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from xdc_tf import files

FOLDER = 'positions'
_HEADER_BYTES, _FOOTER_BYTES = 12, 4  # Of a record: length and checksum before it, checksum after it.
_KEPT_SHARDS = 64


@dataclasses.dataclass(frozen=True)
class Positions:
  """The records of one shard, in their order; all positions are bytes from the beginning of the file.

  Attributes:
    index: int64 [n], the records' indices.
    first_frame: int64 [n + 1], where in `frames` the frames of each record begin; the last is the number of all.
    frames: int64 [number of all frames, 2], begin and size of each JPEG.
    log_mel: int64 [n, 2], begin and size of the float32 values of the sound.
  """

  index: np.ndarray
  first_frame: np.ndarray
  frames: np.ndarray
  log_mel: np.ndarray


class PositionsWriter:
  """Notes where the records of a shard lie while they are written."""

  def __init__(self):
    self._begin = 0
    self._index, self._counts, self._frames, self._log_mel = [], [], [], []

  def add(self, record: bytes | memoryview) -> None:
    """Takes the shard's next record.

    Raises:
      ValueError: when it is not laid out as schema.encode does.
    """
    index, frames, log_mel = _of_record(record)
    begin = self._begin + _HEADER_BYTES
    self._index.append(index)
    self._counts.append(len(frames))
    self._frames += [(begin + position, size) for position, size in frames]
    self._log_mel.append((begin + log_mel[0], log_mel[1]))
    self._begin = begin + len(record) + _FOOTER_BYTES

  def positions(self) -> Positions:
    """Returns those of the records so far."""
    return Positions(
      np.array(self._index, np.int64),
      np.concatenate([[0], np.cumsum(self._counts, dtype=np.int64)]).astype(np.int64),
      np.array(self._frames, np.int64).reshape(-1, 2),
      np.array(self._log_mel, np.int64).reshape(-1, 2),
    )

  def save(self, shard_path: str) -> None:
    """Writes the positions of the shard that will lie at `shard_path`; write them before it."""
    contents = io.BytesIO()
    np.savez(contents, num_bytes=self._begin, **dataclasses.asdict(self.positions()))
    with files.atomic_write(_positions_path(shard_path)) as file:
      file.write(contents.getvalue())


def of_shard(path: str) -> Positions:
  """Returns the positions of a shard, written or found.

  Raises:
    ValueError: when the file is not a whole shard of records, or none of ours; the message names it.
  """
  stat = tf.io.gfile.stat(path)
  return _of_shard(path, stat.length, stat.mtime_nsec)


def read_indices(path: str) -> np.ndarray:
  """Returns the index of every record of a shard, int64 [records]; raises what of_shard does."""
  stat = tf.io.gfile.stat(path)
  return _indices(path, stat.length, stat.mtime_nsec)


def changed_at(path: str) -> int:
  """Returns when a local file was written, in nanoseconds, which `read` compares; 0 for a remote one."""
  return 0 if '://' in path else os.stat(path).st_mtime_ns


def read(path: str, begin: int, size: int, changed: int) -> bytes:
  """Returns `size` bytes of a file.

  Args:
    path: of the file.
    begin: the place of the first byte.
    size: how many.
    changed: what changed_at said when the positions were read; other bytes of a shard that was made again would look like a clip.

  Raises:
    ValueError: when the file ends before, or was written since.
  """
  if '://' in path:
    with tf.io.gfile.GFile(path, 'rb') as file:
      file.seek(begin)
      data = file.read(size)
  else:
    descriptor = os.open(path, os.O_RDONLY)
    try:
      if os.fstat(descriptor).st_mtime_ns != changed:
        raise ValueError(
          f'{path} was written anew while it was read. Wait for the job that fills its folder, and run the same command again.'
        )
      data = os.pread(descriptor, size, begin)
    finally:
      os.close(descriptor)
  if len(data) != size:
    raise ValueError(
      f'{path} ends at byte {begin + len(data)}, but a clip in it ends at {begin + size}: it is cut off.'
    )
  return data


# The size and the time of change are among the arguments, so that a shard that was made again is read again.
@functools.lru_cache(maxsize=_KEPT_SHARDS)
def _of_shard(path: str, num_bytes: int, changed: int) -> Positions:
  del changed
  written = _read_positions(path, num_bytes)
  if written is not None:
    return written
  walk = PositionsWriter()
  for record in _records(path, num_bytes):
    try:
      walk.add(record)
    except ValueError as error:
      raise ValueError(f'{path}: {error}') from error
  return walk.positions()


@functools.cache
def _indices(path: str, num_bytes: int, changed: int) -> np.ndarray:
  return _of_shard(path, num_bytes, changed).index


def _positions_path(shard_path: str) -> str:
  folder, name = os.path.split(shard_path)
  return os.path.join(folder, FOLDER, f'{name}.npz')


def _read_positions(path: str, num_bytes: int) -> Positions | None:
  """Returns what was written for a shard of this size; None where nothing was, or for another one."""
  try:
    arrays = files.read_arrays(_positions_path(path))
    return Positions(**arrays) if arrays.pop('num_bytes') == num_bytes else None
  except (tf.errors.NotFoundError, ValueError, OSError, KeyError, TypeError):
    return None  # They can be found in the shard itself.


def _records(path: str, num_bytes: int) -> Iterator[bytes | memoryview]:
  """Yields the records of a shard; those of a local file are not read but where they are looked at."""
  if '://' in path:
    yield from tf.data.TFRecordDataset(path).as_numpy_iterator()
    return
  if not num_bytes:
    return
  with open(path, 'rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data, memoryview(data) as view:
    begin = 0
    while begin < num_bytes:
      end = begin + _HEADER_BYTES + _FOOTER_BYTES
      if end <= num_bytes:
        end += struct.unpack_from('<Q', data, begin)[0]
      if end > num_bytes:
        raise ValueError(
          f'{path} is cut off or damaged: a record that begins at byte {begin} ends at {end}, the file at {num_bytes}. '
          'Delete it and run make_clips again.'
        )
      with view[begin + _HEADER_BYTES : end - _FOOTER_BYTES] as record:
        yield record
      begin = end


def _of_record(record: bytes | memoryview) -> tuple[int, list[tuple[int, int]], tuple[int, int]]:
  """Returns the index of a tf.train.Example and the (begin, size) of each frame and of the log-mel in it."""
  places = {}
  for _, features_begin, features_end in _fields(record, 0, len(record)):
    for _, begin, end in _fields(record, features_begin, features_end):
      (_, name_begin, name_end), (_, begin, end) = _fields(record, begin, end)
      places[bytes(record[name_begin:name_end])] = begin, end
  try:
    values = {name: _values(record, *places[name]) for name in (b'index', b'frames', b'log_mel')}
    ((index_begin, _),) = values[b'index']
    log_mel = values[b'log_mel']
    if len(log_mel) > 1:
      raise ValueError('the sound is in pieces')
    return (
      _varint(record, index_begin)[0],
      [(begin, end - begin) for begin, end in values[b'frames']],
      (log_mel[0][0], log_mel[0][1] - log_mel[0][0]) if log_mel else (0, 0),
    )
  except (KeyError, ValueError, IndexError) as error:
    raise ValueError(
      f'a record is not laid out as make_clips does ({type(error).__name__}: {error}); it holds the features '
      f'{sorted(name.decode(errors="replace") for name in places)}.'
    ) from error


def _values(record, begin: int, end: int) -> list[tuple[int, int]]:
  """Returns where the values of a tf.train.Feature lie: every one of bytes, all together of numbers."""
  return [
    (value_begin, value_end)
    for _, list_begin, list_end in _fields(record, begin, end)
    for _, value_begin, value_end in _fields(record, list_begin, list_end)
  ]


def _fields(record, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
  """Yields (number, begin, end) of the fields of a protocol buffer's message that have a length; these have no others."""
  while begin < end:
    tag, size_begin = record[begin], begin + 1
    size, value_begin = _varint(record, size_begin)
    if tag & 7 != 2 or value_begin + size > end:
      raise ValueError(f'unexpected bytes at {begin}')
    yield tag >> 3, value_begin, value_begin + size
    begin = value_begin + size


def _varint(record, begin: int) -> tuple[int, int]:
  """Returns a number of seven bits a byte, and where it ends."""
  value = shift = 0
  while True:
    byte = record[begin]
    value |= (byte & 127) << shift
    begin += 1
    if byte < 128:
      return value, begin
    shift += 7
