"""In which order training reads clips: of a seed alone, wherever it begins and however many threads read."""

import dataclasses
import os

import numpy as np
import pytest
import records_factory
import tensorflow as tf
from reader_cases import PRESENT, VIDEO, assert_same, indices, training
from tensorflow.python.framework import config  # TensorFlow has no public way to switch op determinism off.

from xdc_tf.records import reader


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
def test_a_list_that_is_sorted_by_class_is_mixed(tmp_path):
  # 40 classes of 64 clips, a shard each; what is near in the records is not near in training.
  records = records_factory.write_records(
    tmp_path, splits={'train': 2560}, clips_per_shard=64, frames_per_span=0, seconds=0.5
  )
  part = reader.PipelinePart()
  stream = indices(training(records, batch_size=32, **dataclasses.asdict(part)), 512)
  batches = np.reshape(stream, (16, 32)) // 64
  assert len(np.unique(batches)) == 40
  # A whole permutation has 40 * (1 - (39 / 40) ** 32) = 22.2 classes in a batch.
  assert np.mean([len(np.unique(batch)) for batch in batches]) > 20


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
