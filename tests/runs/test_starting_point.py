"""Where finetuning and loading start from."""

import types

import keras
import numpy as np
import pytest

from xdc_tf import files
from xdc_tf.models.audio_resnet import AudioResNet18
from xdc_tf.models.heads import HeadedEncoder
from xdc_tf.records.inputs import AudioInput
from xdc_tf.runs import starting_point, weights_folder
from xdc_tf.training.options import POLICIES


class OwnAudioResNet(AudioResNet18):
  """An encoder of a module of somebody's own, which is in no list of the project."""


def test_an_encoder_of_ones_own_starts_from_its_run(tmp_path):
  """It was pretrained and exported, and `xdc finetune` and `xdc_tf.load` ended with a KeyError."""
  inputs = AudioInput(num_frames=20)
  records = types.SimpleNamespace(short_side=16, frame_rate=30.0, log_mel_spec=None, audio_track='')
  run = types.SimpleNamespace(
    config=types.SimpleNamespace(encoders={'audio': lambda: OwnAudioResNet(base_width=4, blocks_per_stage=1)}),
    path=str(tmp_path),
    records=records,
    input_of=lambda encoder: inputs,
    weights_folder=lambda encoder: str(tmp_path / encoder),
  )
  start = starting_point.of_run(run)
  assert (start.name, start.modality, start.inputs) == ('OwnAudioResNet', 'audio', inputs)
  encoder = start.make(seed=3)
  assert type(encoder) is OwnAudioResNet and encoder.base_width == 4


@pytest.mark.stack
def test_float32_is_meant_whatever_the_global_policy():
  """A notebook's mixed_float16 trained runs that called themselves float32 in float16, without loss scaling."""
  before = keras.mixed_precision.global_policy()
  keras.mixed_precision.set_global_policy('mixed_float16')
  try:
    arguments = {'base_width': 4, 'blocks_per_stage': 1}
    made = starting_point.StartingPoint('AudioResNet18', arguments, None, None, 'random').make()
    trained = AudioResNet18(**arguments, dtype=POLICIES['float32'])
    for encoder in (made, trained):
      model = HeadedEncoder(encoder, {'a': 3}, 0, 0.01)
      model(np.zeros([1, 20, 40, 1], np.float32))
      layers = list(encoder._flatten_layers())
      assert {layer.compute_dtype for layer in [model, encoder, *layers]} == {'float32'}
  finally:
    keras.mixed_precision.set_global_policy(before)


def test_weights_of_an_unlisted_encoder_say_where_to_list_it(tmp_path):
  files.write_json(str(tmp_path / weights_folder.INFO_FILE), {'encoder': 'OwnAudioResNet', 'arguments': {}})
  with pytest.raises(ValueError, match=r"names the encoder 'OwnAudioResNet'.*has to be in xdc_tf/models/encoders\.py"):
    weights_folder.load(str(tmp_path))
