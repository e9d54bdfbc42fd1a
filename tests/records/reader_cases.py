"""Records of which every clip is known, and training sets of them, for the tests of the reader."""

import itertools

import numpy as np
import tensorflow as tf

from xdc_tf.records import reader, schema, video_ops
from xdc_tf.records.inputs import AudioInput, VideoInput

VIDEO = VideoInput(num_frames=4, crop_size=16)
AUDIO = AudioInput(num_frames=20, clip_length=4)
# 23 rows in 6 shards of which one is empty and one has two clips: 17 clips.
MISSING = [('train', index) for index in (4, 5, 6, 7, 13, 14)]
PRESENT = sorted(set(range(23)) - {index for _, index in MISSING})
SMALL = {'shuffle_window': 5, 'shards_together': 2}


def stored(records, split='train'):
  """All records of a split by index, frames decoded."""
  spans = {}
  for serialized in tf.data.TFRecordDataset(records.shard_paths(split)):
    example = schema.parse(serialized)
    frames = [tf.io.decode_jpeg(jpeg, **video_ops.JPEG_OPTIONS).numpy() for jpeg in example['frames']]
    spans[int(example['index'])] = np.stack(frames), example['log_mel'].numpy()
  return spans


def training(records, inputs=AUDIO, batch_size=3, seed=1, first_step=0, subset=None, normalize=True, **part):
  """A training set whose only label is the index of the clip."""
  labels, part = {'index': np.arange(records.num_rows('train'))}, reader.PipelinePart(**(SMALL | part))
  return reader.training_dataset(
    records, 'train', inputs, labels, batch_size, seed, first_step, subset=subset, part=part, normalize=normalize
  )


def indices(dataset, clips):
  batches = (labels['index'].numpy() for _, labels in dataset)
  return list(itertools.islice(itertools.chain.from_iterable(batches), clips))


def assert_same(dataset, expected, batches):
  pairs = list(zip(dataset.take(batches), expected.take(batches), strict=True))
  assert len(pairs) == batches
  for (x, labels), (expected_x, expected_labels) in pairs:
    np.testing.assert_array_equal(labels['index'].numpy(), expected_labels['index'].numpy())
    np.testing.assert_array_equal(x.numpy(), expected_x.numpy())


def denormalize(x, inputs=VIDEO):
  return np.round((x * np.array(inputs.std) + np.array(inputs.mean)) * 255).astype(np.uint8)
