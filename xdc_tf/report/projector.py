"""A folder that TensorBoard's embedding projector shows: features as points, to turn, search and colour.

projector_config.pbtxt   written last: which of the following belong together
ENCODER.tsv              a row of numbers for every clip
metadata.tsv             a row of names for every clip, the same clips in the same order
sprite.png               a picture of every clip, where wanted
"""

import dataclasses
import math
import os
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from xdc_tf import files, progress
from xdc_tf.clustering.feature_store import FeatureStore
from xdc_tf.records import schema
from xdc_tf.records.schema import Records

CONFIG_FILE = 'projector_config.pbtxt'
# Graphics cards take textures up to this size.
_LARGEST_SPRITE = 8192
_THUMBNAIL = 48


@dataclasses.dataclass(frozen=True)
class Sample:
  """The features of some clips.

  Attributes:
    index: int64 [n], the clips, in the order of their shards.
    shards: int64 [n], the shard that each lies in.
    features: float16 [n, d] of every encoder, by its name.
  """

  index: np.ndarray
  shards: np.ndarray
  features: dict[str, np.ndarray]


def sample(stores: Mapping[str, FeatureStore], max_clips: int) -> Sample:
  """Reads the features of all clips, or of `max_clips` drawn at random, the same in every call.

  Args:
    stores: the features of the same clips by every encoder.
    max_clips: the most clips.

  Raises:
    ValueError: when the stores do not hold the same clips, or max_clips is not positive.
  """
  if max_clips < 1:
    raise ValueError(f'At least one clip must be shown. Received: {max_clips}.')
  lengths = next(iter(stores.values())).shard_lengths
  first = np.concatenate([[0], np.cumsum(lengths)])
  chosen = np.arange(first[-1])
  if len(chosen) > max_clips:
    chosen = np.sort(np.random.default_rng(0).choice(len(chosen), max_clips, replace=False))
  shards = np.searchsorted(first, chosen, side='right') - 1
  by_name = {name: _read(store, lengths, shards, chosen - first[shards]) for name, store in stores.items()}
  indices = [index for index, _ in by_name.values()]
  if any(not np.array_equal(index, indices[0]) for index in indices):
    raise ValueError(f'{" and ".join(map(repr, stores.values()))} do not hold the same clips: extract them again.')
  return Sample(indices[0], shards, {name: features for name, (_, features) in by_name.items()})


def _read(store: FeatureStore, lengths: Sequence[int], shards: np.ndarray, rows: np.ndarray):
  """Returns the indices and the features of some rows of some shards (ascending)."""
  if list(store.shard_lengths) != list(lengths):
    raise ValueError(f'{store} has shards of other lengths than the other encoders: extract the features again.')
  parts = [(np.zeros(0, np.int64), np.zeros([0, store.dimension], np.float16))]
  for shard in np.unique(shards):
    index, features = store.read_shard(int(shard))
    parts.append((index[rows[shards == shard]], features[rows[shards == shard]]))
  indices, blocks = zip(*parts, strict=True)
  return np.concatenate(indices), np.concatenate(blocks)


def thumbnails(records: Records, split: str, chosen: Sample) -> np.ndarray:
  """Reads the middle frame of every clip of a sample, its central square; every shard that has one is read whole.

  Args:
    records: with frames; a clip without any is black.
    split: which split.
    chosen: the clips.

  Returns:
    uint8 [n, side, side, 3], so small that all of them make a texture.

  Raises:
    ValueError: when no clip has any.
  """
  side = min(_THUMBNAIL, _LARGEST_SPRITE // _sprite_columns(len(chosen.index)))
  pictures = np.zeros([len(chosen.index), side, side, 3], np.uint8)
  place = {int(index): number for number, index in enumerate(chosen.index)}
  paths = records.shard_paths(split)
  for shard in progress.bar(np.unique(chosen.shards), description='thumbnails', unit='shard'):
    wanted = tf.constant(chosen.index[chosen.shards == shard])
    records_of_shard = tf.data.TFRecordDataset(paths[shard])
    kept = records_of_shard.filter(lambda record, w=wanted: tf.reduce_any(schema.parse_index(record) == w))
    for index, picture in kept.map(lambda record: _thumbnail(record, side)).as_numpy_iterator():
      pictures[place[int(index)]] = picture
  if not pictures.any():
    raise ValueError(f'{records.directory} has no pictures of these clips: leave the thumbnails out.')
  return pictures


def _thumbnail(record: tf.Tensor, side: int) -> tuple[tf.Tensor, tf.Tensor]:
  """Returns the index and the picture, uint8 [side, side, 3], of a record."""
  clip = schema.parse(record, want_log_mel=False)
  frames = clip['frames']

  def middle() -> tf.Tensor:
    frame = tf.io.decode_jpeg(frames[tf.shape(frames)[0] // 2], channels=3)
    height, width = tf.shape(frame)[0], tf.shape(frame)[1]
    square = tf.minimum(height, width)
    frame = tf.image.crop_to_bounding_box(frame, (height - square) // 2, (width - square) // 2, square, square)
    return tf.cast(tf.round(tf.image.resize(frame, [side, side], 'area')), tf.uint8)

  return clip['index'], tf.cond(tf.size(frames) > 0, middle, lambda: tf.zeros([side, side, 3], tf.uint8))


def write(
  folder: str, features: Mapping[str, np.ndarray], metadata: Mapping[str, Sequence], pictures: np.ndarray | None
) -> None:
  """Writes the folder; what was there of an earlier call is replaced.

  Args:
    folder: where to.
    features: float [n, d] of every encoder, by its name; float16 keeps every bit.
    metadata: columns of n values each, by their names; at least two, as the projector takes a single one without its name.
    pictures: uint8 [n, side, side, 3], or None for points without pictures.
  """
  from google.protobuf import text_format
  from tensorboard.plugins import projector

  config = projector.ProjectorConfig()
  for name, rows in features.items():
    embedding = config.embeddings.add(tensor_name=name, tensor_path=f'{name}.tsv', metadata_path='metadata.tsv')
    embedding.tensor_shape.extend(rows.shape)
    if pictures is not None:
      embedding.sprite.image_path = 'sprite.png'
      embedding.sprite.single_image_dim.extend(pictures.shape[1:3])
    with files.atomic_write(os.path.join(folder, f'{name}.tsv'), 'w') as file:
      np.savetxt(file, rows, fmt='%.5g', delimiter='\t')
  lines = [list(metadata), *zip(*metadata.values(), strict=True)]
  with files.atomic_write(os.path.join(folder, 'metadata.tsv'), 'w') as file:
    file.write(''.join('\t'.join(map(_cell, line)) + '\n' for line in lines))
  if pictures is not None:
    with files.atomic_write(os.path.join(folder, 'sprite.png')) as file:
      file.write(tf.io.encode_png(sprite(pictures)).numpy())
  with files.atomic_write(os.path.join(folder, CONFIG_FILE), 'w') as file:
    file.write(text_format.MessageToString(config))


def _cell(value: object) -> str:
  """What a value is in a table whose columns end at tabs and whose rows end at line breaks."""
  return ' '.join(str(value).split()).encode('utf-8', 'replace').decode()


def _sprite_columns(num_pictures: int) -> int:
  return max(1, math.ceil(math.sqrt(num_pictures)))


def sprite(pictures: np.ndarray) -> np.ndarray:
  """Lays pictures uint8 [n, side, side, 3] out in rows, as many in a row as there are rows at most: uint8 [height, width, 3]."""
  n, side = pictures.shape[:2]
  columns = _sprite_columns(n)
  whole = np.zeros([columns * columns, side, side, 3], np.uint8)
  whole[:n] = pictures
  return whole.reshape(columns, columns, side, side, 3).swapaxes(1, 2).reshape(columns * side, columns * side, 3)
