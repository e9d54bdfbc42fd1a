"""What training makes of a clip: the part of its span, cut, turned and masked."""

import dataclasses
import os

import numpy as np
import pytest
import tensorflow as tf
from reader_cases import AUDIO, VIDEO, assert_same, denormalize, stored, training

from xdc_tf import compat
from xdc_tf.records import reader
from xdc_tf.records.inputs import AudioInput


def test_video_view_equals_numpy_from_the_same_seeds(records):
  spans = stored(records)
  stream = iter(training(records, VIDEO, batch_size=1))
  fold = lambda seed, number: tf.random.fold_in(seed, tf.constant(number, tf.int64))  # noqa: E731
  for position in range(34):
    x, labels = next(stream)
    index = int(labels['index'][0])
    seed = fold(fold(tf.constant([1, 2], tf.int64), position // 17), index)  # Run seed 1; kind 2; the pass; the record.
    start = int(tf.random.stateless_uniform([], fold(seed, 0), 0, 12 - 4 + 1, tf.int32))
    view_seed = fold(seed, 1)
    y, x0 = tf.random.stateless_uniform([2], fold(view_seed, 0), 0, tf.int32.max, tf.int32).numpy() % [24 - 15, 32 - 15]
    clip = spans[index][0][start : start + 4, y : y + 16, x0 : x0 + 16]
    if tf.random.stateless_uniform([], fold(view_seed, 1)) < 0.5:
      clip = clip[:, :, ::-1]
    np.testing.assert_array_equal(denormalize(x.numpy()[0]), clip)


@pytest.mark.slow
def test_normalizing_may_be_left_to_the_model(records):
  """Then video is a quarter of the bytes; nothing else changes, resuming included."""
  raw = training(records, VIDEO, first_step=2, normalize=False)
  assert raw.element_spec[0] == tf.TensorSpec([3, *VIDEO.shape], tf.uint8)
  for (x, labels), (expected, expected_labels) in zip(raw.take(4), training(records, VIDEO).skip(2), strict=False):
    np.testing.assert_array_equal(VIDEO.on_device(x), expected)
    np.testing.assert_array_equal(x, denormalize(expected))
    np.testing.assert_array_equal(labels['index'], expected_labels['index'])
  assert_same(training(records, AUDIO, normalize=False), training(records, AUDIO), batches=3)


def test_audio_view_is_the_sound_around_the_clip(records):
  spans = stored(records)
  starts = set()
  for x, labels in training(records, batch_size=1, seed=2).take(68):
    assert x.shape == (1, 40, 20, 1)
    log_mel = spans[int(labels['index'][0])][1]  # [25, 40]: 0.5 s
    found = x.numpy()[0, :, :, 0].T * AUDIO.std + AUDIO.mean
    match = [start for start in range(6) if np.allclose(log_mel[start : start + 20], found, atol=1e-4)]
    assert len(match) == 1
    starts |= set(match)
  # 15 video frames, clips at 0 .. 11, so floor((start + 2) * 5 / 3 - 10), clipped.
  assert starts == {0, 1, 3, 5}


@pytest.mark.slow
def test_audio_never_decodes_a_jpeg(records, tmp_path):
  for path in records.shard_paths('train'):
    with tf.io.TFRecordWriter(str(tmp_path / os.path.basename(path))) as writer:
      for serialized in tf.data.TFRecordDataset(path):
        example = tf.train.Example.FromString(serialized.numpy())
        frames = example.features.feature['frames'].bytes_list.value
        frames[:] = [b'garbage'] * len(frames)
        writer.write(example.SerializeToString())
  damaged = dataclasses.replace(records, directory=str(tmp_path))
  assert_same(training(damaged), training(records), batches=12)
  found = list(reader.evaluation_dataset(damaged, 'train', AUDIO, 4))
  expected = list(reader.evaluation_dataset(records, 'train', AUDIO, 4))
  for batch, other in zip(found, expected, strict=True):
    np.testing.assert_array_equal(batch['input'].numpy(), other['input'].numpy())
  with pytest.raises(tf.errors.InvalidArgumentError):
    list(reader.evaluation_dataset(damaged, 'train', VIDEO, 4))


@pytest.mark.slow
def test_spec_augment_masks_in_training_only(records):
  masked = dataclasses.replace(AUDIO, time_mask=10, frequency_mask=10)
  if not compat.LOWER_STACK:
    with pytest.raises(RuntimeError, match='set both masks to 0'):
      training(records, masked)
    return
  shares = [np.mean(x.numpy() == 0) for x, _ in training(records, masked).take(4)]  # 0 is the mean.
  assert 0.05 < np.mean(shares) < 0.7
  unmasked = next(iter(reader.evaluation_dataset(records, 'train', masked, 4)))
  assert np.mean(unmasked['input'].numpy() == 0) < 0.001


@pytest.mark.skipif(not compat.LOWER_STACK, reason='SpecAugment needs tensorflow-io')
@pytest.mark.parametrize('width', [1, 3])
def test_the_longest_masks_are_as_long_as_the_options_say(width):
  tf.random.set_seed(1)
  lengths = [[], []]
  for _ in range(40):
    masked = compat.spec_augment(tf.ones([20, 40]), width, width).numpy() == 0
    lengths[0].append(masked.all(axis=1).sum())
    lengths[1].append(masked.all(axis=0).sum())
  # tensorflow-io's own `param` is one more than the longest mask: 1 would mask nothing.
  assert [set(found) for found in lengths] == [set(range(width + 1))] * 2


@pytest.mark.parametrize('masks', [{'time_mask': 100}, {'frequency_mask': 40}, {'time_mask': -1}])
def test_masks_of_all_the_sound_are_errors(masks):
  with pytest.raises(ValueError, match='below num_frames'):
    AudioInput(**masks)


def test_labels_of_several_heads(records):
  labels = {'video': np.full(23, -1), 'audio': np.arange(23) % 3}
  for x, found in reader.training_dataset(records, 'train', AUDIO, labels, 4, seed=0).take(6):
    assert x.shape == (4, 40, 20, 1) and x.dtype == tf.float32
    assert {head: table.dtype for head, table in found.items()} == {'video': tf.int32, 'audio': tf.int32}
    assert found['video'].numpy().tolist() == [-1] * 4
    assert set(found['audio'].numpy()) <= {0, 1, 2}
