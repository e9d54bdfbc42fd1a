"""Where finetuning and loading start from."""

import types

import keras
import numpy as np
import pytest

from xdc_tf import files
from xdc_tf.cli.bound_encoders import BoundEncoder
from xdc_tf.models.audio_resnet import AudioResNet18
from xdc_tf.models.configurable import configurable
from xdc_tf.models.heads import HeadedEncoder
from xdc_tf.models.r2plus1d import R2Plus1D18
from xdc_tf.records.inputs import AudioInput
from xdc_tf.runs import starting_point, weights_folder
from xdc_tf.training.options import POLICIES


@configurable
class OwnAudioResNet(AudioResNet18):
  """An encoder of a module of somebody's own, which is in no list of the project."""

  def __init__(self, pool='mean', **arguments):
    super().__init__(**arguments)
    self.pool = pool


def test_an_encoder_of_ones_own_starts_from_its_run(tmp_path):
  """It was pretrained and exported, and `xdc finetune` and `xdc_tf.load` ended with a KeyError."""
  inputs = AudioInput(num_frames=20)
  own = BoundEncoder(OwnAudioResNet, (('base_width', 4), ('blocks_per_stage', 1), ('pool', 'max')))
  records = types.SimpleNamespace(short_side=16, frame_rate=30.0, log_mel_spec=None, audio_track='')
  run = types.SimpleNamespace(
    config=types.SimpleNamespace(encoders={'audio': own}),
    path=str(tmp_path),
    records=records,
    input_of=lambda encoder: inputs,
    weights_folder=lambda encoder: str(tmp_path / encoder),
  )
  start = starting_point.of_run(run)
  assert (start.name, start.modality, start.inputs) == ('OwnAudioResNet', 'audio', inputs)
  encoder = start.make(seed=3)
  assert type(encoder) is OwnAudioResNet and encoder.base_width == 4
  assert encoder.pool == 'max'  # It was made with the argument's default: other features, in silence.


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


def test_torchvisions_weights_are_fed_as_torchvision_does():
  """The help promised it; they were exported with the paper's 8 frames of 224 pixels."""
  weights = {'torchvision': R2Plus1D18(4, 1, middle='block', batch_norm_epsilon=1e-5), 'paper': R2Plus1D18(4, 1)}
  views = {name: weights_folder.usual_input('folder', encoder) for name, encoder in weights.items()}
  seen = {name: (v.inputs.num_frames, v.inputs.crop_size, v.short_side, v.frame_rate) for name, v in views.items()}
  assert seen == {'torchvision': (16, 112, 128, 15.0), 'paper': (8, 224, 256, 30.0)}
