"""Dense snippets of whole videos, for localisation in time: a short clip every few frames, and a file of features for every record.

THUMOS14 with G-TAD (Section 7): a feature every 5 frames. The length of a snippet is unpublished; 16 frames are ours.
"""

import dataclasses
import io
import os
from typing import Any

import numpy as np
import tensorflow as tf

from xdc_tf import files, graphs
from xdc_tf.records import positions, reader, schema
from xdc_tf.records.inputs import Input, VideoInput
from xdc_tf.records.schema import Records


@dataclasses.dataclass(frozen=True)
class Snippets:
  """Which clips are cut out of a record.

  Attributes:
    frames: length of a snippet, in video frames; unpublished, ours.
    stride: frames from the start of one to the start of the next.
  """

  frames: int = 16
  stride: int = 5

  def __post_init__(self):
    if self.frames < 1 or self.stride < 1:
      raise ValueError(f'The length and the stride of snippets must be at least 1 frame. Received: {self}.')

  @classmethod
  def from_options(cls, frames: int | None, stride: int | None) -> 'Snippets | None':
    """Returns the snippets that a command asks for: None where it names neither value, the default for one that it leaves out."""
    given = {name: value for name, value in (('frames', frames), ('stride', stride)) if value is not None}
    return cls(**given) if given else None

  def inputs(self, inputs: Input) -> Input:
    """Returns how an encoder is fed a snippet: video clips have its length, sound is centred on it."""
    length = 'num_frames' if isinstance(inputs, VideoInput) else 'clip_length'
    changes: dict[str, Any] = {length: self.frames}
    return dataclasses.replace(inputs, **changes)

  def starts(self, num_frames: tf.Tensor) -> tf.Tensor:
    """Returns where snippets start: 0, stride, ... as long as a whole one fits; 0 where none does (it is looped).

    Args:
      num_frames: int32 [], T.

    Returns:
      int32 [n], n at least 1.
    """
    return tf.range(0, tf.maximum(num_frames - self.frames, 0) + 1, self.stride)

  @graphs.plain
  def dataset(
    self, records: Records, split: str, shard: int, inputs: Input, batch_size: int, wanted: np.ndarray, stored: bool
  ) -> tf.data.Dataset:
    """Reads the snippets of one shard, a record after the other.

    Args:
      records: the data set.
      split: which split.
      shard: the number of the shard.
      inputs: what the method `inputs` returned.
      batch_size: the most snippets in an element.
      wanted: bool [records.num_rows(split)]: of these records only.
      stored: snippets as they are stored (inputs.stored_at) and not as an encoder sees them (inputs.views_at).

    Returns:
      elements {'index': int64 [], of the record; 'seconds': float64 [b], the centres of the snippets, in the video's time;
      'input': [b, ...]}.
    """
    cut = inputs.stored_at if stored else inputs.views_at

    def pieces(serialized: tf.Tensor) -> tf.data.Dataset:
      example = schema.parse(serialized, **inputs.wanted)
      num_frames = inputs.num_video_frames(example, records)
      half = tf.cast(tf.minimum(self.frames, num_frames), tf.float64) / 2

      def piece(starts: tf.Tensor) -> dict[str, tf.Tensor]:
        seconds = (tf.cast(starts, tf.float64) + half) / records.frame_rate
        seconds += tf.cast(example['start_seconds'], tf.float64)
        return {'index': example['index'], 'seconds': seconds, 'input': cut(example, records, starts)}

      starts = tf.data.Dataset.from_tensor_slices(self.starts(num_frames)).batch(batch_size)
      return starts.map(piece, num_parallel_calls=reader.num_cpus(), deterministic=True)

    with tf.device('CPU:0'):
      keep = tf.constant(wanted)
      dataset = reader.serialized_records(records, split, [shard])
      dataset = dataset.filter(lambda serialized: tf.gather(keep, schema.parse_index(serialized)))
      return dataset.flat_map(pieces).prefetch(2).with_options(reader.options())


def path(folder: str, split: str, index: int) -> str:
  """Returns the file of one record's snippets: FOLDER/SPLIT-0000012.npz."""
  return os.path.join(folder, f'{split}-{index:07d}.npz')


def present_files(folder: str) -> set[str]:
  """Returns the names of all that is in a folder, for `missing`: one look for all shards."""
  return set(tf.io.gfile.listdir(folder)) if tf.io.gfile.exists(folder) else set()


def missing(present: set[str], records: Records, split: str, shard: int) -> np.ndarray:
  """Returns which records of a shard are not among the `present_files`, bool [records.num_rows(split)]."""
  result = np.zeros(records.num_rows(split), bool)
  for index in positions.read_indices(records.shard_paths(split)[shard]):
    result[index] = path('', split, index) not in present
  return result


def save(folder: str, split: str, index: int, seconds: np.ndarray, features: np.ndarray) -> None:
  """Writes the snippets of one record, atomically.

  Args:
    folder: where to.
    split: the split of the record.
    index: the number of the record.
    seconds: float64 [n], the centre of each snippet in the video's time.
    features: float32 [n, d].

  Raises:
    ValueError: when a feature is not finite.
  """
  if not np.isfinite(features).all():
    raise ValueError(f'{path(folder, split, index)}: features that are not finite. The encoder has diverged.')
  archive = io.BytesIO()  # A zip archive is not written from front to back.
  np.savez(archive, seconds=np.asarray(seconds, np.float64), features=np.asarray(features, np.float32))
  with files.atomic_write(path(folder, split, index)) as file:
    file.write(archive.getvalue())


def load(folder: str, split: str, index: int) -> tuple[np.ndarray, np.ndarray]:
  """Reads what `save` wrote: (seconds float64 [n], features float32 [n, d])."""
  name = path(folder, split, index)
  arrays = files.read_arrays(name)
  if set(arrays) != {'seconds', 'features'}:
    raise ValueError(f'{name} holds {sorted(arrays)}; expected seconds and features: delete it and make it again.')
  return arrays['seconds'], arrays['features']
