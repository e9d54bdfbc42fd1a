"""The folder of the embedding projector, read back by TensorBoard's own plugin."""

import types

import numpy as np
import pytest
import records_factory
import tensorflow as tf
from google.protobuf import text_format
from tensorboard.plugins import projector as tensorboard_projector
from tensorboard.plugins.projector import projector_plugin

from xdc_tf.clustering.feature_store import FeatureStore, write_shard
from xdc_tf.report import projector

SHARDS = ([2, 0, 5], [], [9, 7, 6, 11])  # The clips of every shard.


@pytest.fixture(scope='module')
def stores(tmp_path_factory):
  """Two encoders' features: clip i has i + j / 8 and -i - j / 8 in column j."""
  folder, found = tmp_path_factory.mktemp('stores'), {}
  for sign, (name, dimension) in zip((1, -1), {'video': 3, 'audio': 2}.items(), strict=True):
    for shard, index in enumerate(SHARDS):
      features = sign * (np.reshape(index, [-1, 1]) + np.arange(dimension) / 8)
      write_shard(str(folder / name), 'train', shard, len(SHARDS), np.int64(index), features)
    found[name] = FeatureStore(str(folder / name), 'train')
  return found


def test_a_sample_has_the_same_clips_of_every_encoder(stores):
  everything = projector.sample(stores, 7)
  assert everything.index.tolist() == [0, 2, 5, 6, 7, 9, 11]
  assert everything.shards.tolist() == [0, 0, 0, 2, 2, 2, 2]
  for size in (1, 4):
    chosen = projector.sample(stores, size)
    assert (
      len(set(chosen.index.tolist())) == size and chosen.index.tolist() == projector.sample(stores, size).index.tolist()
    )
    np.testing.assert_array_equal(chosen.shards, [2 * (i > 5) for i in chosen.index])
    np.testing.assert_array_equal(chosen.features['video'], chosen.index[:, None] + np.arange(3) / 8)
    np.testing.assert_array_equal(chosen.features['audio'], -chosen.index[:, None] - np.arange(2) / 8)
  with pytest.raises(ValueError, match='At least one clip'):
    projector.sample(stores, 0)


def test_encoders_of_other_clips_are_refused(stores, tmp_path):
  for shard, index in enumerate([[0, 2, 5], [], [6, 7, 9, 10]]):
    write_shard(str(tmp_path), 'train', shard, 3, np.int64(index), np.zeros([len(index), 2]))
  with pytest.raises(ValueError, match='do not hold the same clips'):
    projector.sample({'video': stores['video'], 'audio': FeatureStore(str(tmp_path), 'train')}, 9)
  write_shard(str(tmp_path), 'train', 1, 3, np.int64([3]), np.zeros([1, 2]))
  with pytest.raises(ValueError, match='shards of other lengths'):
    projector.sample({'video': stores['video'], 'audio': FeatureStore(str(tmp_path), 'train')}, 9)


@pytest.mark.stack
def test_tensorboard_reads_every_number_name_and_picture(tmp_path):
  rng = np.random.default_rng(0)
  features = {'video': np.float16(rng.normal(0, 100, [5, 64])), 'audio': np.float16(rng.exponential(1e-4, [5, 2]))}
  metadata = {'clip': [4, 0, 1, 2, 9], 'label': ['cat', 'a\tb\nc', '', 'ü', 'surrogate \udce4']}
  pictures = rng.integers(0, 256, [5, 4, 4, 3], np.uint8)
  for shown in (None, pictures):  # The second call replaces what the first one wrote.
    projector.write(str(tmp_path), features, metadata, shown)
  context = types.SimpleNamespace(
    data_provider=types.SimpleNamespace(list_runs=lambda *_, **__: []), logdir=str(tmp_path)
  )
  plugin = projector_plugin.ProjectorPlugin(context)
  plugin._update_configs()
  embeddings = {e.tensor_name: e for e in plugin._configs['.'].embeddings}
  assert list(embeddings) == ['video', 'audio']
  for name, expected in features.items():
    assert list(embeddings[name].tensor_shape) == list(expected.shape)
    read = projector_plugin._read_tensor_tsv_file(str(tmp_path / embeddings[name].tensor_path))
    np.testing.assert_array_equal(np.float16(read), expected)
    lines = (tmp_path / embeddings[name].metadata_path).read_text().splitlines()
    assert lines == ['clip\tlabel', '4\tcat', '0\ta b c', '1\t', '2\tü', '9\tsurrogate ?']
    assert list(embeddings[name].sprite.single_image_dim) == [4, 4]
  sheet = tf.io.decode_png(tf.io.read_file(str(tmp_path / embeddings['video'].sprite.image_path))).numpy()
  assert sheet.shape == (12, 12, 3)  # Three in a row; the projector counts them so.
  for number, picture in enumerate(pictures):
    y, x = 4 * (number // 3), 4 * (number % 3)
    np.testing.assert_array_equal(sheet[y : y + 4, x : x + 4], picture)


def test_a_thumbnail_is_the_middle_frame_of_its_clip(tmp_path):
  records = records_factory.write_records(
    tmp_path, {'train': 7}, clips_per_shard=4, frames_per_span=3, size=(96, 144), seconds=0, missing=[('train', 1)]
  )
  chosen = projector.Sample(np.int64([3, 0, 6]), np.int64([0, 0, 1]), {})
  found = projector.thumbnails(records, 'train', chosen)
  assert found.shape == (3, 48, 48, 3)
  for index, picture in zip((3, 0, 6), found, strict=True):
    frame = tf.io.decode_jpeg(records_factory.make_span(index, 0, 3, (96, 144), 0).frames[1]).numpy()
    blocks = frame[:, 24:120].reshape(48, 2, 48, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(picture, blocks, atol=0.5)


def test_records_without_pictures_have_no_thumbnails(tmp_path):
  records = records_factory.write_records(tmp_path, {'train': 4}, frames_per_span=0)
  with pytest.raises(ValueError, match='no pictures'):
    projector.thumbnails(records, 'train', projector.Sample(np.int64([0, 3]), np.int64([0, 0]), {}))


def test_the_configuration_is_what_the_projector_parses(tmp_path):
  projector.write(str(tmp_path), {'video': np.zeros([2, 3])}, {'clip': [0, 1], 'cluster': [1, 1]}, None)
  config = text_format.Parse((tmp_path / projector.CONFIG_FILE).read_text(), tensorboard_projector.ProjectorConfig())
  (embedding,) = config.embeddings
  assert (embedding.tensor_path, list(embedding.tensor_shape)) == ('video.tsv', [2, 3])
  assert not embedding.HasField('sprite')
