import os

import numpy as np
import pytest
import tensorflow as tf

from xdc_tf.clustering.feature_source import FeatureSource
from xdc_tf.clustering.feature_store import FeatureStore, write_shard


def test_what_is_written_is_read_in_index_order(tmp_path):
  write_shard(str(tmp_path), 'train', 0, 2, np.array([7, 3, 5]), np.array([[7, 70], [3, 30], [5, 50]], np.float32))
  write_shard(str(tmp_path), 'train', 1, 2, np.array([9]), np.array([[9, 90]], np.float32))
  store = FeatureStore(str(tmp_path), 'train')
  assert (store.num_shards, store.num_clips, store.dimension, store.shard_lengths) == (2, 4, 2, [3, 1])
  blocks = list(store.blocks(2))
  assert [index.tolist() for index, _ in blocks] == [[3, 5], [7], [9]]
  assert [features.tolist() for _, features in blocks] == [[[3, 30], [5, 50]], [[7, 70]], [[9, 90]]]
  assert blocks[0][1].dtype == np.float16 and isinstance(blocks[0][1], np.memmap)


def test_missing_shards_are_named(tmp_path):
  store = FeatureStore(str(tmp_path), 'train')
  assert store.complete_shards() == []
  with pytest.raises(FileNotFoundError, match="no features of split 'train'"):
    _ = store.num_clips
  for shard in (3, 0):
    write_shard(str(tmp_path), 'train', shard, 4, np.array([shard]), np.ones((1, 2)))
  os.remove(tmp_path / 'train-00003-of-00004.index.npy')  # as after a kill between the two files
  assert (store.complete_shards(), store.missing_shards()) == ([0], [1, 2, 3])
  with pytest.raises(
    ValueError, match='lacks 3 of 4 shards of split .train.: 1, 2, 3. Delete .*/DONE, if it is there, and give'
  ):
    _ = store.num_clips


def test_splits_and_leftovers_do_not_mix(tmp_path):
  write_shard(str(tmp_path), 'train', 0, 1, np.array([0]), np.ones((1, 2)))
  write_shard(str(tmp_path), 'train-small', 0, 2, np.array([0]), np.ones((1, 2)))
  (tmp_path / 'train-00001-of-00003.index.npy.tmp.123').write_bytes(b'half')
  assert FeatureStore(str(tmp_path), 'train').num_shards == 1
  write_shard(str(tmp_path), 'train', 0, 3, np.array([0]), np.ones((1, 2)))
  with pytest.raises(ValueError, match='mixes features of split .train. in 1 and 3 shards'):
    _ = FeatureStore(str(tmp_path), 'train').num_shards


def test_a_shard_may_be_empty_and_may_be_written_again(tmp_path):
  write_shard(str(tmp_path), 'train', 0, 2, np.zeros(0, np.int64), np.zeros((0, 4), np.float32))
  for value in (1, 2):
    write_shard(str(tmp_path), 'train', 1, 2, np.array([5]), np.full((1, 4), value))
  store = FeatureStore(str(tmp_path), 'train')
  assert store.shard_lengths == [0, 1]
  assert [features.tolist() for _, features in store.blocks(10)] == [[[2, 2, 2, 2]]]


@pytest.mark.parametrize('file', ['features', 'index'])
def test_a_flipped_bit_is_noticed_when_the_shard_is_read(tmp_path, file):
  for shard in range(2):
    write_shard(str(tmp_path), 'train', shard, 2, np.arange(3) + 3 * shard, np.ones((3, 2)))
  path = tmp_path / f'train-00001-of-00002.{file}.npy'
  contents = bytearray(path.read_bytes())
  contents[-10 if file == 'index' else -2] ^= 1  # The index ends with 8 bytes of checksums.
  path.write_bytes(contents)
  store = FeatureStore(str(tmp_path), 'train')
  assert store.num_clips == 6
  with pytest.raises(ValueError, match='00001-of-00002.features.npy and .* do not hold what was written'):
    list(store.blocks(10))


def test_a_store_from_before_there_were_checksums_is_read(tmp_path):
  write_shard(str(tmp_path), 'train', 0, 1, np.array([4]), np.ones((1, 2)))
  path = tmp_path / 'train-00000-of-00001.index.npy'
  assert np.load(path).tolist() == [4]  # For NumPy it is a .npy file like any other.
  np.save(path, np.load(path))
  assert [index.tolist() for index, _ in FeatureStore(str(tmp_path), 'train').blocks(10)] == [[4]]
  path.write_bytes(path.read_bytes() + b'odd')
  with pytest.raises(ValueError, match='00000-of-00001.index.npy is not a whole .npy file with checksums'):
    list(FeatureStore(str(tmp_path), 'train').blocks(10))


@pytest.mark.parametrize('value', [np.nan, np.inf, 1e5])
def test_features_that_float16_cannot_hold_are_refused(tmp_path, value):
  with pytest.raises(ValueError, match='feature of clip 11 is not finite'):
    write_shard(str(tmp_path), 'train', 0, 1, np.array([12, 11]), np.array([[1.0, 2.0], [value, 2.0]]))
  assert not os.listdir(tmp_path)


def test_bad_shapes_duplicates_and_damaged_files_are_refused(tmp_path):
  with pytest.raises(ValueError, match='same n'):
    write_shard(str(tmp_path), 'train', 0, 1, np.arange(3), np.ones((2, 4)))
  with pytest.raises(ValueError, match='clip 4 comes twice'):
    write_shard(str(tmp_path), 'train', 0, 1, np.array([4, 1, 4]), np.ones((3, 4)))
  write_shard(str(tmp_path), 'train', 0, 1, np.arange(300), np.ones((300, 4)))
  path = tmp_path / 'train-00000-of-00001.features.npy'
  path.write_bytes(path.read_bytes()[:500])
  with pytest.raises(ValueError, match='train-00000-of-00001.features.npy is not a whole .npy file'):
    _ = FeatureStore(str(tmp_path), 'train').num_clips


def test_dimensions_must_agree(tmp_path):
  write_shard(str(tmp_path), 'train', 0, 2, np.array([0]), np.ones((1, 2)))
  write_shard(str(tmp_path), 'train', 1, 2, np.array([1]), np.ones((1, 3)))
  with pytest.raises(ValueError, match='mixes features of 2 and 3 dimensions'):
    _ = FeatureStore(str(tmp_path), 'train').num_clips


def test_a_pass_lists_the_folder_once(tmp_path, monkeypatch):
  """A listing a shard made a pass over 2,000 shards take 34 s, with the square of their number."""
  for shard in range(30):
    write_shard(str(tmp_path), 'train', shard, 30, np.array([shard]), np.full((1, 2), shard))
  listings, listdir = [], tf.io.gfile.listdir
  monkeypatch.setattr(tf.io.gfile, 'listdir', lambda path: (listings.append(path), listdir(path))[1])
  source = FeatureSource([FeatureStore(str(tmp_path), 'train')], l2_normalize=False)
  rows = [features[:, 0].tolist() for _, features in source.blocks(7)]
  assert sum(rows, []) == list(range(30))
  assert len(listings) <= 2
