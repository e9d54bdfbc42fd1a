"""What can still be read of a shard that is made again: a clip that was finished stays when its video is away by then."""

import functools
import math
import os
import struct
import tempfile
from collections.abc import Iterator

import tensorflow as tf

from xdc_tf.manifest.manifest import Row

_AROUND_BYTES = 16  # Length and checksums of a record.


class KeptRecords:
  """The records of a shard that an earlier job has made; nothing is read before one of them is asked for."""

  def __init__(self, path: str):
    """Takes the path of the shard; there may be none."""
    self._path = path

  def of(self, row: Row) -> bytes | None:
    """Returns the serialised record that was made from a row of the manifest; None when there is none, or it is damaged."""
    record = self._records.get(row.index)
    return record if record and _belongs_to(record, row) else None

  @functools.cached_property
  def _records(self) -> dict[int, bytes]:
    return _read(self._path)


def _read(path: str) -> dict[int, bytes]:
  """Returns the whole records of a shard by index; what comes after a damaged length cannot be told apart."""
  if not tf.io.gfile.exists(path):
    return {}
  with tf.io.gfile.GFile(path, 'rb') as file:
    data = file.read()
  records = [record for framed in _framed(data) for record in _checked(framed)]
  return {_feature(record, 'index').int64_list.value[0]: record for record in records}


def _belongs_to(record: bytes, row: Row) -> bool:
  start_seconds = _feature(record, 'start_seconds').float_list.value[0]
  is_of_film = _feature(record, 'video_id').bytes_list.value[0].decode() == row.video_id
  return is_of_film and math.isclose(start_seconds, row.start_seconds, rel_tol=1e-6)  # Stored as float32.


def _feature(record: bytes, name: str) -> tf.train.Feature:
  return tf.train.Example.FromString(record).features.feature[name]


def _framed(data: bytes) -> Iterator[bytes]:
  begin = 0
  while begin + _AROUND_BYTES <= len(data):
    end = begin + _AROUND_BYTES + struct.unpack_from('<Q', data, begin)[0]
    if end > len(data):
      return
    yield data[begin:end]
    begin = end


def _checked(framed: bytes) -> list[bytes]:
  """The record with its frame, checked by TensorFlow: [] when it is damaged."""
  with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, 'record')
    with open(path, 'wb') as file:
      file.write(framed)
    try:
      return list(tf.data.TFRecordDataset(path).as_numpy_iterator())
    except tf.errors.DataLossError:
      return []
