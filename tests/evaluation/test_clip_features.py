"""Features of several clips, against the encoder called on each view by itself."""

import dataclasses
import functools
import zlib

import keras
import numpy as np
import pytest
import records_factory
import tensorflow as tf
from tiny_encoders import FEATURE_DIMENSION, TinyAudio, TinyVideo

from xdc_tf import lease
from xdc_tf.evaluation import clip_features, feature_parts
from xdc_tf.evaluation.clip_features import ClipFeatures
from xdc_tf.models import R2Plus1D18
from xdc_tf.records import schema
from xdc_tf.records.folds import Fold, FoldPart
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.training import checkpoints

VIDEO, AUDIO = VideoInput(num_frames=2, crop_size=8), AudioInput(num_frames=20)
# 11 records in 3 shards.
MISSING = [('train', 5)]


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  return records_factory.write_records(tmp_path_factory.mktemp('records'), frames_per_span=7, missing=MISSING)


def build(encoder, inputs):
  encoder(tf.zeros([1, *inputs.shape]))
  return encoder


def by_hand(encoder, inputs, records, num_clips):
  """{index: features [num_clips, d]}, a view at a time."""
  found = {}
  for serialized in tf.data.TFRecordDataset(records.shard_paths('train')):
    example = schema.parse(serialized)
    views = inputs.views(example, records, num_clips)
    found[int(example['index'])] = np.concatenate([encoder(view[tf.newaxis]).numpy() for view in views])
  return found


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize(
  'batch_size', [1, 4, 32]
)  # Fewer clips than a record has; one record and a part; several shards.
@pytest.mark.parametrize('make,inputs', [(TinyVideo, VIDEO), (TinyAudio, AUDIO)])
def test_every_clip_has_its_feature(make, inputs, batch_size, records):
  encoder = build(make(), inputs)
  index, features = ClipFeatures(encoder, inputs, records, 3, batch_size).extract('train')
  assert (index.dtype, features.dtype, features.shape) == (np.int64, np.float32, (11, 3, 8))
  expected = by_hand(encoder, inputs, records, 3)
  assert index.tolist() == sorted(expected)
  for row, found in zip(index, features, strict=True):
    np.testing.assert_allclose(found, expected[row], rtol=1e-4, atol=1e-5)
  assert np.abs(features[:, 0] - features[:, 2]).max() > 0.01


@pytest.mark.parametrize(('batch_size', 'num_clips', 'together'), [(6, 3, 2), (7, 3, 2), (2, 3, 1), (3, 1, 3)])
def test_no_more_clips_are_decoded_or_encoded_together_than_fit(batch_size, num_clips, together, records, monkeypatch):
  calls = []
  encode = clip_features.encode

  def recorded(*arguments):
    encode_all = encode(*arguments)
    return lambda clips: calls.append(len(clips)) or encode_all(clips)

  monkeypatch.setattr(clip_features, 'encode', recorded)
  encoder = build(TinyAudio(), AUDIO)
  found = list(ClipFeatures(encoder, AUDIO, records, num_clips, batch_size).batches('train'))
  assert max(len(index) for index, _ in found) == together
  assert max(calls) == together * num_clips


def test_only_the_clips_that_are_wanted(records):
  encoder = build(TinyAudio(), AUDIO)
  all_index, all_features = ClipFeatures(encoder, AUDIO, records, 2).extract('train')
  wanted = np.isin(np.arange(12), [0, 5, 9, 11])
  index, features = ClipFeatures(encoder, AUDIO, records, 2, batch_size=2).extract('train', wanted)
  assert index.tolist() == [0, 9, 11]  # Row 5 has no record.
  np.testing.assert_allclose(features, all_features[wanted[all_index]], rtol=1e-5, atol=1e-6)
  with pytest.raises(ValueError, match='holds none of the 1 clips'):
    ClipFeatures(encoder, AUDIO, records, 2).extract('train', np.arange(12) == 5)
  with pytest.raises(ValueError, match='num_clips=0'):
    ClipFeatures(encoder, AUDIO, records, 0)


def test_a_second_use_does_not_pass_over_the_data_again(records, tmp_path, monkeypatch):
  encoder = build(TinyAudio(), AUDIO)
  features = ClipFeatures(encoder, AUDIO, records, 2)
  arguments = (str(tmp_path), 'train')
  first = features.cached(*arguments)
  assert sorted(path.name for path in tmp_path.iterdir()) == ['DONE', 'features.npy', 'index.npy', 'settings.json']
  (tmp_path / 'DONE').unlink()  # As after a kill: what is there is not trusted.
  (tmp_path / 'features.npy').write_bytes(b'half')
  # Two jobs that began at the same moment, with different encoders, were both accepted.
  with lease.held(str(tmp_path)), pytest.raises(lease.LeaseError, match=f'^{tmp_path} is being filled by process'):
    features.cached(*arguments)
  features.cached(*arguments)

  def never(*_, **__):
    raise AssertionError('the data were read again')

  monkeypatch.setattr(ClipFeatures, 'extract', never)
  for found, expected in zip(features.cached(*arguments), first, strict=True):
    np.testing.assert_array_equal(found, expected)
  encoder.dense.bias.assign_add(tf.ones([8]))
  with pytest.raises(ValueError, match='(?s)was made with other settings.*"encoder"'):
    features.cached(*arguments)
  with pytest.raises(ValueError, match=r'(?s)-  "num_clips": 2.*\+  "num_clips": 3'):
    dataclasses.replace(features, num_clips=3).cached(*arguments)
  (tmp_path / 'settings.json').unlink()
  with pytest.raises(ValueError, match='lacks settings.json.*Restore it, or delete index.npy, features.npy and DONE'):
    features.cached(*arguments)


@pytest.mark.parametrize(('subset', 'stop'), [(None, 3), ([0, 1, 4, 7, 8, 10], 2)])
def test_a_killed_extraction_goes_on_where_it_was(subset, stop, records, tmp_path, monkeypatch):
  """It began anew: days of an encoder on a CPU."""
  monkeypatch.setattr(feature_parts, 'KEEP_EVERY_SECONDS', 0.0)
  features = ClipFeatures(build(TinyAudio(), AUDIO), AUDIO, records, 3, batch_size=6)
  clips = None if subset is None else np.isin(np.arange(12), subset)
  undisturbed = features.extract('train', clips)
  batches, encoded = ClipFeatures.batches, []

  def some(self, *arguments, stop=None):
    for number, batch in enumerate(batches(self, *arguments)):
      if number == stop:
        raise KeyboardInterrupt
      encoded.extend(batch[0])
      yield batch

  monkeypatch.setattr(ClipFeatures, 'batches', functools.partialmethod(some, stop=stop))
  with pytest.raises(KeyboardInterrupt):
    features.cached(str(tmp_path), 'train', clips)
  before = len(encoded)
  monkeypatch.setattr(ClipFeatures, 'batches', some)
  found = features.cached(str(tmp_path), 'train', clips)
  for array, expected in zip(found, undisturbed, strict=True):
    np.testing.assert_array_equal(array, expected)
  # The batch behind the last whole shard was in no part.
  assert before + len(undisturbed[0]) > len(encoded) and len(set(encoded)) == len(undisturbed[0])
  assert sorted(path.name for path in tmp_path.iterdir()) == ['DONE', 'features.npy', 'index.npy', 'settings.json']


def test_an_extraction_that_was_killed_at_its_end_encodes_nothing_again(records, tmp_path, monkeypatch):
  monkeypatch.setattr(feature_parts, 'KEEP_EVERY_SECONDS', 0.0)
  features = ClipFeatures(build(TinyAudio(), AUDIO), AUDIO, records, 3, batch_size=6)
  with monkeypatch.context() as patch:
    patch.setattr(clip_features.files, 'write_mark', None)
    with pytest.raises(TypeError):
      features.cached(str(tmp_path), 'train')
  expected = features.extract('train')
  monkeypatch.setattr(ClipFeatures, 'batches', None)
  for array, value in zip(features.cached(str(tmp_path), 'train'), expected, strict=True):
    np.testing.assert_array_equal(array, value)


def test_a_refused_input_leaves_no_settings(records, tmp_path):
  """The folder was taken: the corrected command was refused for other settings."""
  large = dataclasses.replace(VIDEO, crop_size=1000)
  refused = ClipFeatures(build(TinyVideo(), VIDEO), large, records, 1)
  with pytest.raises(ValueError, match='Set a crop_size of at most'):
    refused.cached(str(tmp_path / 'kept'), 'train')
  assert not (tmp_path / 'kept').exists()


def test_folds_share_their_features(records):
  rows = np.arange(12)
  folds = [Fold(n, FoldPart('train', rows < 4 * n), FoldPart('train', (rows >= 4 * n) & (rows < 10))) for n in (1, 2)]
  labels = {'train': np.where(rows == 3, -1, 0)}
  encoder = build(TinyAudio(), AUDIO)
  found = ClipFeatures(encoder, AUDIO, records, 1).of_folds(folds, labels, None)
  assert found['train'][0].tolist() == [0, 1, 2, 4, 6, 7, 8, 9]


def test_sounds_side_by_side_are_at_equal_distances(tmp_path):
  # Six seconds and windows of two: five of them start at 0, 1, 2, 3 and 4 s.
  records = records_factory.write_records(tmp_path, splits={'train': 1}, frames_per_span=0, seconds=6.0)
  inputs = clip_features.side_by_side(AudioInput(mean=0.0, std=1.0), records)
  assert inputs == AudioInput(mean=0.0, std=1.0, clip_length=60)
  example = schema.parse(next(iter(tf.data.TFRecordDataset(records.shard_paths('train')))))
  views = inputs.views(example, records, 5)
  expected = np.stack([example['log_mel'][50 * i : 50 * i + 100] for i in range(5)])
  np.testing.assert_array_equal(views[..., 0], expected.transpose(0, 2, 1))
  centred = dataclasses.replace(inputs, clip_length=8).views(example, records, 60).numpy()
  assert (centred[0] == centred[3]).all(), 'what this is against: many first windows alike'
  assert clip_features.side_by_side(VIDEO, records) is VIDEO


def test_what_makes_other_features_of_the_same_weights_is_another_network():
  """The same file imported with two epsilons would have found the features of the first."""
  digests = [
    clip_features.weights_digest(R2Plus1D18(base_width=4, batch_norm_epsilon=epsilon, dtype=dtype))
    for epsilon, dtype in ((1e-3, None), (1e-5, None), (1e-3, 'mixed_bfloat16'), (1e-3, None))
  ]
  assert len(set(digests[:3])) == 3 and digests[0] == digests[3]


@pytest.mark.stack
def test_both_stacks_know_an_encoder_by_the_same_digest():
  """They list its variables in different orders, so that features kept by the one were another encoder's for the other."""
  encoder = R2Plus1D18(base_width=4, blocks_per_stage=1)
  for name, variable in checkpoints._named_variables(encoder).items():
    start = zlib.crc32(name.encode()) % 1000
    variable.assign((np.arange(np.prod(variable.shape)) + start).reshape(variable.shape))
  assert clip_features.weights_digest(encoder) == '43f12c2494c06625'


@pytest.mark.stack
def test_layers_come_in_one_order_on_both_stacks():
  """Keras 3 takes the inner layers of a layer from the last to the first."""

  class Block(keras.layers.Layer):
    def __init__(self):
      super().__init__()
      self.first, self.second = (
        keras.layers.LayerNormalization(epsilon=1e-5),
        keras.layers.LayerNormalization(epsilon=1e-6),
      )

  encoder = TinyAudio()
  encoder.blocks = Block()
  names = [type(layer).__name__ for layer in clip_features._layers(encoder)]
  assert names == ['Flatten', 'Dense', 'Block', 'LayerNormalization', 'LayerNormalization']
  assert [layer.epsilon for layer in clip_features._layers(encoder) if hasattr(layer, 'epsilon')] == [1e-5, 1e-6]


@pytest.mark.stack
def test_the_state_of_a_dropout_is_no_weight():
  """Keras 3 draws it anew for each encoder: kept features were never found again."""

  class WithDropout(TinyAudio):
    def __init__(self):
      super().__init__(seed=3)
      self.dropout = keras.layers.Dropout(0.5)

  encoders = WithDropout(), WithDropout()
  for encoder in encoders:
    encoder(tf.zeros([1, 4, 2]))
  assert clip_features.weights_digest(encoders[0]) == clip_features.weights_digest(encoders[1])
  encoders[1].dense.bias.assign_add(tf.ones([FEATURE_DIMENSION]))
  assert clip_features.weights_digest(encoders[0]) != clip_features.weights_digest(encoders[1])
