"""Encoders of one's own, of finetuned weights or of a run: made again with their arguments, or not at all."""

import json
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from xdc_tf.models import encoders
from xdc_tf.records.audio_ops import LogMelSpec
from xdc_tf.records.inputs import AudioInput
from xdc_tf.runs import run_info, weights_folder
from xdc_tf.training import checkpoints

INPUTS = AudioInput(num_frames=20)
RECORDS = types.SimpleNamespace(
  short_side=16, frame_rate=30.0, log_mel_spec=LogMelSpec(), audio_track='', label_names=()
)


class PooledAudio(keras.Model):
  """Makes its weights at the first call, as Keras's layers do by default."""

  modality = 'audio'
  feature_dimension = 5

  def __init__(self, pooling='mean', seed=0, dtype=None):
    super().__init__(dtype=dtype)
    self.pooling = pooling
    self.layer = keras.layers.Dense(5, kernel_initializer=keras.initializers.GlorotUniform(seed))

  def call(self, log_mel, training=False):
    del training
    pool = {'mean': tf.reduce_mean, 'max': tf.reduce_max}[self.pooling]
    return pool(self.layer(log_mel[..., 0]), axis=1)


class HandingOn(PooledAudio):
  """Has the arguments of its base."""

  def __init__(self, **arguments):
    super().__init__(**arguments)


class SilentAudio(PooledAudio):
  """Keeps what it was given where nobody looks."""

  def __init__(self, width=5, seed=0, dtype=None):
    super().__init__('max', seed, dtype)
    self.size = width


def finetuned(encoder, folder):
  """A folder as finetuning leaves it, and the encoder's features of some sound."""
  log_mel = np.random.default_rng(0).normal(size=(2, *INPUTS.shape)).astype(np.float32)
  features = encoder(log_mel)
  checkpoints.save_weights(encoder, str(folder))
  weights_folder.write_info(str(folder), encoder, 'a test', INPUTS, RECORDS)
  return log_mel, features


@pytest.mark.stack
@pytest.mark.parametrize('encoder_class', [PooledAudio, HandingOn])
def test_arguments_of_its_own_come_back_and_weights_of_the_first_call(encoder_class, tmp_path, monkeypatch):
  """It was made with the argument's default: other features, in silence; one that was not built did 'not fit'."""
  monkeypatch.setitem(encoders.ENCODERS, encoder_class.__name__, encoder_class)
  log_mel, features = finetuned(encoder_class(pooling='max', seed=3), tmp_path)
  encoder, info = weights_folder.load(str(tmp_path))
  assert (encoder.pooling, info['arguments']) == ('max', {'pooling': 'max'})
  np.testing.assert_array_equal(encoder(log_mel), features)


def test_an_encoder_of_a_run_may_make_its_weights_at_the_first_call(tmp_path):
  """`xdc filters-figure` and `xdc export-weights` said that its weights did not fit."""
  config = types.SimpleNamespace(
    num_iterations=2, retrained_encoders=(), encoders={'audio': PooledAudio}, final_input_of=lambda encoder: INPUTS
  )
  run = run_info.FinishedRun(str(tmp_path), config, RECORDS)
  for iteration, seed in ((0, 3), (None, 4)):
    log_mel, features = finetuned(PooledAudio(seed=seed), run.weights_folder('audio', iteration))
    np.testing.assert_array_equal(run.load_encoder('audio', iteration)(log_mel), features)


def test_an_argument_that_the_encoder_does_not_keep_is_asked_for(tmp_path, monkeypatch):
  monkeypatch.setitem(encoders.ENCODERS, 'SilentAudio', SilentAudio)
  log_mel, features = finetuned(SilentAudio(), tmp_path)
  with pytest.raises(ValueError, match=r'encoder.json does not say which width the encoder was made with'):
    weights_folder.load(str(tmp_path))
  info = json.loads((tmp_path / 'encoder.json').read_text())
  del info['unknown']
  (tmp_path / 'encoder.json').write_text(json.dumps(info | {'arguments': {'width': 5}}))
  np.testing.assert_array_equal(weights_folder.load(str(tmp_path))[0](log_mel), features)
