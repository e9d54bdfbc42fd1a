"""Settings, labels and records that cannot be read are named."""

import numpy as np
import pytest
import records_factory
from reader_cases import AUDIO, VIDEO, training

from xdc_tf.records import reader
from xdc_tf.records.inputs import AudioInput, VideoInput


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


@pytest.mark.parametrize(
  ('make', 'name'),
  [
    (lambda: VideoInput(num_frames=-4), 'VideoInput.num_frames is -4'),
    (lambda: VideoInput(crop_size=0), 'VideoInput.crop_size is 0'),
    (lambda: VideoInput(crop_size='32'), "VideoInput.crop_size must be of the type int. Received: '32'"),
    (lambda: VideoInput(short_side=0), 'VideoInput.short_side is 0'),
    (lambda: VideoInput(std=(1.0, 0.0, 1.0)), 'VideoInput.mean and .std'),
    (lambda: AudioInput(num_frames=0), 'AudioInput.num_frames is 0'),
    (lambda: AudioInput(std=0.0), 'AudioInput.std is 0.0'),
  ],
)
def test_settings_that_cannot_be_are_named(make, name):
  with pytest.raises(ValueError, match=f'^{name}'):
    make()


def test_settings_may_be_numbers_of_numpy():
  assert VideoInput(crop_size=np.int64(32)).shape == (8, 32, 32, 3)
