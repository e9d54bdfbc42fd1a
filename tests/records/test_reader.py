import dataclasses
import itertools
import os

import numpy as np
import pytest
import records_factory
import tensorflow as tf
from tensorflow.python.framework import config  # TensorFlow has no public way to switch op determinism off.

from xdc_tf import compat
from xdc_tf.records import reader, schema, video_ops
from xdc_tf.records.reader import AudioInput, VideoInput

VIDEO = VideoInput(num_frames=4, crop_size=16)
AUDIO = AudioInput(num_frames=20, clip_length=4)
# 23 rows in 6 shards of which one is empty and one has two clips: 17 clips.
MISSING = [('train', index) for index in (4, 5, 6, 7, 13, 14)]
PRESENT = sorted(set(range(23)) - {index for _, index in MISSING})
SMALL = {'shuffle_window': 5, 'shards_together': 2}


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  return records_factory.write_records(
    tmp_path_factory.mktemp('records'),
    splits={'train': 23, 'validation': 5},
    frames_per_span=12,
    seconds=0.5,
    missing=MISSING,
  )


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


# The order.


def test_each_pass_holds_each_clip_once_in_an_order_of_its_own(records):
  stream = indices(training(records), 5 * 17)
  passes = [stream[i * 17 : (i + 1) * 17] for i in range(5)]
  for one_pass in passes:
    assert sorted(one_pass) == PRESENT
  assert len(set(map(tuple, passes))) == 5


def test_shards_are_read_in_turn_and_windows_shuffled(tmp_path):
  records = records_factory.write_records(tmp_path, splits={'train': 24}, frames_per_span=1, seconds=0.5)
  unshuffled = indices(training(records, batch_size=1, shuffle_window=1), 24)
  for group in np.reshape(unshuffled, (3, 8)):  # Two shards of four: a0 b0 a1 b1 ...
    first, second = group[0], group[1]
    assert group.tolist() == [first, second, first + 1, second + 1, first + 2, second + 2, first + 3, second + 3]
  shuffled = np.reshape(indices(training(records, batch_size=1, shuffle_window=4), 24), (6, 4))
  windows = np.reshape(unshuffled, (6, 4))
  np.testing.assert_array_equal(np.sort(shuffled), np.sort(windows))
  orders = {
    tuple(np.argsort(np.argsort(window)[np.argsort(other)])) for window, other in zip(windows, shuffled, strict=True)
  }
  assert len(orders) > 2


@pytest.mark.slow
def test_the_seed_makes_the_order(records):
  assert indices(training(records), 17) == indices(training(records), 17)
  assert indices(training(records), 17) != indices(training(records, seed=2), 17)


@pytest.mark.slow
@pytest.mark.parametrize('first_step', [1, 5, 6, 23])  # 5 2/3 batches a pass.
def test_a_later_first_step_gives_the_same_stream(records, first_step):
  assert_same(training(records, first_step=first_step), training(records).skip(first_step), batches=8)


@pytest.mark.slow
@pytest.mark.stack
def test_a_later_first_step_gives_the_same_video(records):
  first = training(records, VIDEO)
  assert_same(training(records, VIDEO, first_step=7), first.skip(7), batches=4)


def test_a_distant_first_step_is_reached_at_once(records):
  far = 17 * 10**9
  distant = indices(training(records, batch_size=1, first_step=far), 17)
  assert sorted(distant) == PRESENT
  # Two of the 10**9-th passes overlap in what they share.
  assert indices(training(records, batch_size=1, first_step=far + 4), 13) == distant[4:]


def test_skipped_groups_are_not_opened(tmp_path):
  records = records_factory.write_records(tmp_path, splits={'train': 24}, frames_per_span=1, seconds=0.5)
  stream = indices(training(records, batch_size=1, shuffle_window=4), 24)
  gone = sorted({index // 4 for index in stream[:8]})
  assert len(gone) == 2  # The first group: two shards of four clips.
  for shard in gone[1:]:  # The first record of the data set is always looked at, so shard 0 may have to stay.
    os.remove(records.shard_paths('train')[shard])
  assert indices(training(records, batch_size=1, shuffle_window=4, first_step=10), 14) == stream[10:]


@pytest.mark.slow
def test_a_subset_is_read_as_if_there_were_no_other_clips(records):
  wanted = [1, 2, 3, 9, 12, 20, 22, 5]  # 5 is among them, but its video failed.
  subset = np.isin(np.arange(23), wanted)
  stream = indices(training(records, subset=subset), 4 * 7)
  for one_pass in np.reshape(stream, (4, 7)):
    assert sorted(one_pass) == [1, 2, 3, 9, 12, 20, 22]
  for first_step in (1, 3, 8):
    assert_same(
      training(records, subset=subset, first_step=first_step), training(records, subset=subset).skip(first_step), 5
    )
  everything = np.ones(23, bool)
  assert_same(training(records, subset=everything), training(records), 12)
  with pytest.raises(ValueError, match=r'subset is int64 \[2\]; expected bool \[23\]'):
    training(records, subset=np.array([1, 2]))
  with pytest.raises(ValueError, match='holds none of the 2 clips'):
    training(records, subset=np.isin(np.arange(23), [4, 5]))


def test_pipelines_share_out_every_pass(records):
  streams = [training(records, batch_size=1, pipeline=i, num_pipelines=2) for i in range(2)]
  streams = [indices(stream, 34) for stream in streams]
  # 5 shards with clips: three (4, 2, 3) and two (4, 4), the other way around in the next pass.
  assert sorted(streams[0][:9] + streams[1][:8]) == PRESENT
  assert sorted(streams[0][9:17] + streams[1][8:17]) == PRESENT
  for stream in streams:  # After as many passes as pipelines, each has seen everything.
    assert sorted(stream[:17]) == sorted(stream[17:]) == PRESENT


@pytest.mark.slow
@pytest.mark.parametrize(('pipeline', 'first_step'), [(0, 3), (1, 40), (2, 7)])
def test_every_pipeline_resumes(records, pipeline, first_step):
  keywords = {'pipeline': pipeline, 'num_pipelines': 3}
  assert_same(training(records, first_step=first_step, **keywords), training(records, **keywords).skip(first_step), 6)


@pytest.mark.slow
def test_the_number_of_threads_changes_nothing(records):
  options = tf.data.Options()
  options.threading.private_threadpool_size = 1
  assert_same(training(records, VIDEO).with_options(options), training(records, VIDEO), batches=8)


def test_no_iterator_waits_for_an_autotuning_thread_before_it_is_freed(records):
  evaluation = reader.evaluation_dataset(records, 'train', VIDEO, batch_size=4)
  assert [d.options().autotune.enabled for d in (training(records, VIDEO), evaluation)] == [False, False]


@pytest.mark.stack
def test_op_determinism_is_supported(records):
  """It refuses, or runs one at a time, what draws random numbers with a state."""
  expected = list(training(records, VIDEO).take(3))
  tf.config.experimental.enable_op_determinism()
  try:
    found = list(training(records, VIDEO).take(3))
  finally:
    config.disable_op_determinism()
  for (x, _), (expected_x, _) in zip(found, expected, strict=True):
    np.testing.assert_array_equal(x.numpy(), expected_x.numpy())


# The view.


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
    reader.AudioInput(**masks)


def test_labels_of_several_heads(records):
  labels = {'video': np.full(23, -1), 'audio': np.arange(23) % 3}
  for x, found in reader.training_dataset(records, 'train', AUDIO, labels, 4, seed=0).take(6):
    assert x.shape == (4, 40, 20, 1) and x.dtype == tf.float32
    assert {head: table.dtype for head, table in found.items()} == {'video': tf.int32, 'audio': tf.int32}
    assert found['video'].numpy().tolist() == [-1] * 4
    assert set(found['audio'].numpy()) <= {0, 1, 2}


# Evaluation.


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


def test_smaller_frames(records):
  small = VideoInput(num_frames=4, crop_size=8, short_side=12)
  spans = stored(records, 'validation')
  for batch in reader.evaluation_dataset(records, 'validation', small, 5):
    for index, views in zip(batch['index'].numpy(), batch['input'].numpy(), strict=True):
      expected = video_ops.centre_crop(tf.constant(spans[index][0][4:8]), 8, short_side=12).numpy()
      np.testing.assert_array_equal(denormalize(views[0]), expected)
  (x, _), *_ = training(records, small).take(1)
  assert x.shape == (3, *small.shape)


# What cannot work.


def test_a_crop_larger_than_the_frames_is_refused(records):
  with pytest.raises(ValueError, match='crop_size is 25, but the frames have a short side of 24'):
    training(records, VideoInput(num_frames=4, crop_size=25))
  with pytest.raises(ValueError, match='crop_size is 16, but the frames have a short side of 12'):
    reader.evaluation_dataset(records, 'train', VideoInput(num_frames=4, crop_size=16, short_side=12), 4)


def test_records_without_sound_or_picture_are_refused(tmp_path):
  silent = records_factory.write_records(tmp_path / 'silent', splits={'train': 2}, frames_per_span=1, seconds=0)
  with pytest.raises(ValueError, match='silent holds no sound'):
    training(silent, AUDIO)
  blind = records_factory.write_records(tmp_path / 'blind', splits={'train': 2}, frames_per_span=0, seconds=0.5)
  with pytest.raises(ValueError, match='blind holds no video'):
    reader.evaluation_dataset(blind, 'train', VIDEO, 4)


def test_labels_of_another_length_are_refused(records):
  with pytest.raises(ValueError, match=r"labels\['audio'\] holds 17 pseudo-labels but the manifest lists 23 clips"):
    reader.training_dataset(records, 'train', AUDIO, {'audio': np.zeros(17, np.int32)}, 4, seed=0)


def test_more_pipelines_than_shards_are_refused(records):
  with pytest.raises(ValueError, match='has 5 shards with clips .* for 6 input pipelines'):
    training(records, num_pipelines=6)


def test_unknown_splits_and_shards_are_refused(records):
  with pytest.raises(ValueError, match="no split 'test'"):
    reader.evaluation_dataset(records, 'test', AUDIO, 4)
  with pytest.raises(ValueError, match='no shard 6 in split .train.; its shards are 0 .. 5'):
    reader.evaluation_dataset(records, 'train', AUDIO, 4, shards=[0, 6])


def test_a_split_whose_videos_all_failed_is_refused(tmp_path):
  missing = [('train', 0), ('train', 1)]
  empty = records_factory.write_records(
    tmp_path, splits={'train': 2, 'validation': 2}, frames_per_span=1, missing=missing
  )
  with pytest.raises(ValueError, match="holds no clips in split 'train'"):
    training(empty)


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


@pytest.mark.parametrize(
  ('make', 'name'),
  [
    (lambda: VideoInput(num_frames=-4), 'VideoInput.num_frames is -4'),
    (lambda: VideoInput(crop_size=0), 'VideoInput.crop_size is 0'),
    (lambda: VideoInput(short_side=0), 'VideoInput.short_side is 0'),
    (lambda: VideoInput(std=(1.0, 0.0, 1.0)), 'VideoInput.mean and .std'),
    (lambda: AudioInput(num_frames=0), 'AudioInput.num_frames is 0'),
    (lambda: AudioInput(std=0.0), 'AudioInput.std is 0.0'),
  ],
)
def test_settings_that_cannot_be_are_named(make, name):
  with pytest.raises(ValueError, match=f'^{name}'):
    make()
