"""Makes small data sets of records without media and without Beam. Content is random but seeded."""

import dataclasses
import os

import numpy as np
import tensorflow as tf

from xdc_tf.records import schema
from xdc_tf.records.audio_ops import LogMelSpec

SPLITS = {'train': 12, 'validation': 4}
FRAME_RATE = 30.0


def jpeg(rng: np.random.Generator, size: tuple[int, int] = (24, 32)) -> bytes:
  """Returns one JPEG: a random colour field, smooth so that JPEG changes it little."""
  height, width = size
  corners = rng.integers(0, 256, (3, 4, 3)).astype(np.float32)
  image = tf.cast(tf.round(tf.image.resize(corners, (height, width), 'bilinear')), tf.uint8)
  return tf.io.encode_jpeg(image, quality=95, chroma_downsampling=False).numpy()


def make_span(index, seed=0, frames=12, size=(24, 32), seconds=2.0, labels=(), official_split=()) -> schema.Span:
  """Returns a span whose content depends on (seed, index) alone; seconds=0 leaves out the sound, frames=0 the picture."""
  rng = np.random.default_rng((seed, index))
  audio_frames = round(seconds * 50)
  return schema.Span(
    index=index,
    video_id=f'video_{index // 3}',
    start_seconds=2.0 * (index % 3),
    frames=[jpeg(rng, size) for _ in range(frames)],
    log_mel=rng.normal(-4.0, 4.0, (audio_frames, schema.NUM_FILTERS)).astype(np.float32),
    labels=list(labels),
    official_split=list(official_split),
  )


def write_records(
  directory,
  splits=None,
  clips_per_shard=4,
  frames_per_span=12,
  size=(24, 32),
  seconds=2.0,
  label_names=('cat', 'dog', 'owl'),
  num_official_splits=1,
  seed=0,
  missing=(),
  name='tiny',
):
  """Writes a finished folder of records; span i of a split has label i modulo the number of label names.

  Args:
    directory: where to; made.
    splits: {split: manifest rows}; None: 12 train, 4 validation.
    clips_per_shard: rows per shard.
    frames_per_span: T, at 30 frames per second; 0 leaves out the picture.
    size: height and width of the frames.
    seconds: length of log_mel (50 frames a second); 0 leaves out the sound.
    label_names: the classes; empty for none.
    num_official_splits: values of official_split; span i is 1 (train), every third one 2 (test).
    seed: of the content.
    missing: (split, index) of rows that failed and have no record.
    name: the data set's name.
  Returns:
    the opened schema.Records.
  """
  directory = os.fspath(directory)
  os.makedirs(directory, exist_ok=True)
  splits = dict(SPLITS if splits is None else splits)
  lengths = {split: [] for split in splits}
  sizes = {split: [] for split in splits}
  for number, (split, num_rows) in enumerate(splits.items()):
    num_shards = -(-num_rows // clips_per_shard)
    for shard in range(num_shards):
      path = os.path.join(directory, schema.shard_name(name, split, shard, num_shards))
      rows = range(shard * clips_per_shard, min((shard + 1) * clips_per_shard, num_rows))
      present = [index for index in rows if (split, index) not in set(missing)]
      with tf.io.TFRecordWriter(path) as writer:
        for index in present:
          labels = [index % len(label_names)] if label_names else []
          official_split = [2 if index % 3 == 2 else 1] * num_official_splits
          span = make_span(index, 1000 * seed + number, frames_per_span, size, seconds, labels, official_split)
          writer.write(schema.encode(span))
      lengths[split].append(len(present))
      sizes[split].append(os.path.getsize(path))
  settings = {
    'frame_rate': FRAME_RATE,
    'short_side': min(size),
    'log_mel': dataclasses.asdict(LogMelSpec()),
    'manifest_directory': os.path.join(directory, 'manifest'),
    'num_rows': splits,
    'failed': {
      split: {'missing_file': count} if (count := [s for s, _ in missing].count(split)) else {} for split in splits
    },
  }
  schema.write_metadata(directory, name, lengths, sizes, label_names, num_official_splits, settings)
  return schema.open_records(directory)
