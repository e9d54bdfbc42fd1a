"""Where finetuning and loading start from."""

import types

import pytest

from xdc_tf import files
from xdc_tf.models.audio_resnet import AudioResNet18
from xdc_tf.records.inputs import AudioInput
from xdc_tf.runs import starting_point, weights_folder


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


def test_weights_of_an_unlisted_encoder_say_where_to_list_it(tmp_path):
  files.write_json(str(tmp_path / weights_folder.INFO_FILE), {'encoder': 'OwnAudioResNet', 'arguments': {}})
  with pytest.raises(ValueError, match=r"names the encoder 'OwnAudioResNet'.*has to be in xdc_tf/models/encoders\.py"):
    weights_folder.load(str(tmp_path))
