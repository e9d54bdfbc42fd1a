"""What `normalize` takes: clips as records hold them, and nothing that would give an embedding without meaning."""

import numpy as np
import pytest

from xdc_tf.records.inputs import AudioInput, VideoInput

FRAMES = np.full([2, 8, 16, 16, 3], 128, np.uint8)
LOG_MEL = np.full([2, 100, 40], -6.0, np.float32)


def test_clips_as_stored():
  inputs = VideoInput()
  expected = (128 / 255 - np.asarray(inputs.mean)) / np.asarray(inputs.std)
  np.testing.assert_allclose(inputs.normalize(FRAMES), np.broadcast_to(expected, FRAMES.shape), atol=1e-6)
  np.testing.assert_array_equal(AudioInput().normalize(LOG_MEL), np.zeros([2, 40, 100, 1]))


@pytest.mark.parametrize(
  ('inputs', 'clips', 'received'),
  [
    (VideoInput(), FRAMES / np.float32(255), r'normalize takes uint8 \[..., 3\]. Received: float32'),
    (VideoInput(), VideoInput().normalize(FRAMES), 'Received: float32'),
    (VideoInput(), FRAMES[..., :1], r'Received: uint8 \(2, 8, 16, 16, 1\)'),
    (AudioInput(), LOG_MEL.astype(np.float64), r'normalize takes float32 \[..., 40\]. Received: float64'),
    (AudioInput(), AudioInput().normalize(LOG_MEL), r'Received: float32 \(2, 40, 100, 1\)'),
  ],
)
def test_others(inputs, clips, received):
  with pytest.raises(ValueError, match=received):
    inputs.normalize(clips)
