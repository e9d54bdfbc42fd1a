"""Evaluation reads every clip in record order, at uniform distances over its span."""

import numpy as np
import pytest
import tensorflow as tf
from reader_cases import AUDIO, PRESENT, VIDEO, denormalize, stored, training

from xdc_tf.records import reader, video_ops
from xdc_tf.records.inputs import VideoInput


def test_evaluation_reads_every_record_in_order(records):
  batches = list(reader.evaluation_dataset(records, 'train', VIDEO, 3))
  # Shards of 4, 0, 4, 2, 4 and 3 records; a batch ends with its shard.
  assert [batch['index'].shape[0] for batch in batches] == [3, 1, 3, 1, 2, 3, 1, 3]
  assert np.concatenate([batch['index'].numpy() for batch in batches]).tolist() == PRESENT
  assert batches[0]['input'].shape == (3, 1, 4, 16, 16, 3)
  assert 'labels' not in batches[0]
  spans = stored(records)
  for batch in batches:
    for index, view in zip(batch['index'].numpy(), batch['input'].numpy(), strict=True):
      # The middle 4 of 12 frames, the middle 16 of 24 x 32 pixels.
      np.testing.assert_array_equal(denormalize(view[0]), spans[index][0][4:8, 4:20, 8:24])


def test_evaluation_of_several_clips_equals_slices(records):
  spans = stored(records, 'validation')
  for batch in reader.evaluation_dataset(records, 'validation', VIDEO, 2, num_clips=4):
    for index, views in zip(batch['index'].numpy(), batch['input'].numpy(), strict=True):
      for view, start in zip(views, [0, 2, 5, 8], strict=True):  # floor(i * 8 / 3)
        np.testing.assert_array_equal(denormalize(view), spans[index][0][start : start + 4, 4:20, 8:24])


def test_evaluation_of_sound(records):
  spans = stored(records, 'validation')
  for batch in reader.evaluation_dataset(records, 'validation', AUDIO, 2, num_clips=3):
    assert batch['input'].shape[1:] == (3, 40, 20, 1)
    for index, views in zip(batch['index'].numpy(), batch['input'].numpy(), strict=True):
      # 0.5 s are 15 frames: clips at 0, 5, 11; centres at audio frames 3.3, 11.7, 21.7; starts -6.7, 1.7, 11.7, clipped.
      for view, start in zip(views, [0, 1, 5], strict=True):
        np.testing.assert_allclose(
          view[:, :, 0].T * AUDIO.std + AUDIO.mean, spans[index][1][start : start + 20], atol=1e-4
        )


def test_a_short_span_loops(records):
  spans = stored(records, 'validation')
  looping = VideoInput(num_frames=16, crop_size=16)
  for batch in reader.evaluation_dataset(records, 'validation', looping, 5, num_clips=2):
    assert batch['input'].shape[1:] == (2, 16, 16, 16, 3)
    for index, views in zip(batch['index'].numpy(), batch['input'].numpy(), strict=True):
      frames = spans[index][0][:, 4:20, 8:24]
      for view in views:
        np.testing.assert_array_equal(denormalize(view), np.concatenate([frames, frames[:4]]))


@pytest.mark.slow
def test_evaluation_of_some_shards_with_labels(records):
  labels = {'a': np.arange(23) - 1}
  batches = list(reader.evaluation_dataset(records, 'train', AUDIO, 3, shards=[5, 0], labels=labels))
  index = np.concatenate([batch['index'].numpy() for batch in batches]).tolist()
  assert index == [20, 21, 22, 0, 1, 2, 3]
  assert np.concatenate([batch['labels']['a'].numpy() for batch in batches]).tolist() == [19, 20, 21, -1, 0, 1, 2]
  assert list(reader.evaluation_dataset(records, 'train', AUDIO, 3, shards=[], labels=labels)) == []
  subset = np.isin(np.arange(23), [1, 3, 20, 22])
  some = list(reader.evaluation_dataset(records, 'train', AUDIO, 3, shards=[5, 0], labels=labels, subset=subset))
  assert [batch['index'].numpy().tolist() for batch in some] == [[20, 22], [1, 3]]
  assert [batch['labels']['a'].numpy().tolist() for batch in some] == [[19, 21], [0, 2]]
  all_failed = reader.evaluation_dataset(records, 'train', AUDIO, 3, shards=[1], labels=labels)
  assert list(all_failed) == []


@pytest.mark.slow
def test_smaller_frames(records):
  small = VideoInput(num_frames=4, crop_size=8, short_side=12)
  spans = stored(records, 'validation')
  for batch in reader.evaluation_dataset(records, 'validation', small, 5):
    for index, views in zip(batch['index'].numpy(), batch['input'].numpy(), strict=True):
      expected = video_ops.centre_crop(tf.constant(spans[index][0][4:8]), 8, short_side=12).numpy()
      np.testing.assert_array_equal(denormalize(views[0]), expected)
  (x, _), *_ = training(records, small).take(1)
  assert x.shape == (3, *small.shape)


def test_evaluation_of_a_subset_reads_it_in_order_and_ends_batches_with_shards(records):
  wanted = np.isin(np.arange(23), [1, 3, 4, 9, 10, 11, 22])  # Row 4 has no record.
  whole = {
    int(i): x
    for batch in reader.evaluation_dataset(records, 'train', AUDIO, 4, num_clips=2)
    for i, x in zip(batch['index'], batch['input'], strict=True)
  }
  found = list(reader.evaluation_dataset(records, 'train', AUDIO, 2, num_clips=2, subset=wanted))
  assert [batch['index'].numpy().tolist() for batch in found] == [[1, 3], [9, 10], [11], [22]]
  for batch in found:
    for index, x in zip(batch['index'], batch['input'], strict=True):
      np.testing.assert_array_equal(x, whole[int(index)])
  last = reader.evaluation_dataset(records, 'train', AUDIO, 2, shards=[2, 5], subset=wanted)
  assert [batch['index'].numpy().tolist() for batch in last] == [[9, 10], [11], [22]]
  with pytest.raises(ValueError, match='expected bool'):
    reader.evaluation_dataset(records, 'train', AUDIO, 2, subset=wanted[:-1])
