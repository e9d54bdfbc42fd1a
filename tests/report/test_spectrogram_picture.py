"""The picture of a sound: where its tone is bright."""

import numpy as np
import pytest
from clip_factory import tone

from xdc_tf.records import audio_ops
from xdc_tf.report.spectrogram_picture import spectrogram_picture


@pytest.mark.parametrize('hertz', [300.0, 1000.0, 4000.0])
def test_a_tone_is_a_bright_line_at_its_height(hertz):
  sound = np.concatenate([tone(1.0, hertz), np.zeros(16000, np.float32)])
  picture = spectrogram_picture(sound).to_ndarray(format='rgb24').astype(float).sum(axis=-1)
  assert picture.shape == (80, 200)
  # The filter of the mel bank that answers most to this frequency; low tones are below, and each filter has two rows.
  band = int(np.argmax(audio_ops.mel_filters()[round(hertz / 16000 * 512)]))
  assert abs((79 - np.argmax(picture[:, 20:80].mean(axis=1))) // 2 - band) <= 1
  assert picture[:, 20:80].max() > 500
  assert picture[:, 120:].max() < 150  # Silence is dark.


def test_silence_is_dark():
  assert spectrogram_picture(np.zeros(32000, np.float32)).to_ndarray(format='rgb24').max() < 60
