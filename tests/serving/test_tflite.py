"""TensorFlow Lite files against the SavedModels of the same encoders."""

import numpy as np
import pytest
import tensorflow as tf
from export_cases import AUDIO_INPUT, VIDEO_INPUT

from xdc_tf.models import AudioResNet18
from xdc_tf.serving.tflite import export_tflite

RANDOM = np.random.default_rng(0)
# TensorFlow 2.21 says that its interpreter will move to another package.
pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize(
  ('modality', 'inputs', 'signature', 'value'),
  [
    ('video', VIDEO_INPUT, 'embed_frames', RANDOM.integers(0, 256, (1, 8, 40, 40, 3)).astype(np.uint8)),
    ('audio', AUDIO_INPUT, 'embed_log_mel', RANDOM.normal(-4, 4, (1, 100, 40)).astype(np.float32)),
  ],
)
def test_a_tflite_file_gives_the_embedding_of_the_saved_model(modality, inputs, signature, value, request, tmp_path):
  model = request.getfixturevalue(modality)
  path = export_tflite(model.encoder, inputs, str(tmp_path / 'xdc.tflite'))
  interpreter = tf.lite.Interpreter(model_path=path)
  (name,) = interpreter.get_signature_list()['serving_default']['inputs']
  interpreter.allocate_tensors()
  interpreter.set_tensor(interpreter.get_input_details()[0]['index'], value)
  interpreter.invoke()
  found = interpreter.get_tensor(interpreter.get_output_details()[0]['index'])
  if modality == 'video':
    # The SavedModel scales frames to a short side of 48 and cuts the central 40: a border of 4 is cut off again.
    value = np.pad(value, ((0, 0), (0, 0), (4, 4), (4, 4), (0, 0)))
  expected = model.signatures[signature](**{name: tf.constant(value)})['embedding'].numpy()
  assert (found.shape, found.dtype) == ((1, 32), np.float32)
  assert np.linalg.norm(found - expected) / np.linalg.norm(expected) < 1e-5


def test_bfloat16_is_refused(tmp_path):
  encoder = AudioResNet18(base_width=4, blocks_per_stage=1, dtype='mixed_bfloat16')
  with pytest.raises(ValueError, match='takes float32 encoders only. Received one of bfloat16'):
    export_tflite(encoder, AUDIO_INPUT, str(tmp_path / 'xdc.tflite'))
