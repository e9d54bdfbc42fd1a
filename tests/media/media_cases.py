"""What the tests of films read from them."""

import io

import media_factory
import numpy as np
import pytest
from PIL import Image

from xdc_tf.media import media
from xdc_tf.media.media import MediaError, read_span


def image_of(jpeg):
  return np.asarray(Image.open(io.BytesIO(jpeg)).convert('RGB'))


def frame_numbers(span):
  return [media_factory.frame_number(image_of(jpeg)) for jpeg in span.frames]


def reason_of(*arguments, **keywords):
  with pytest.raises(MediaError) as error:
    read_span(*arguments, **keywords)
  assert error.value.reason in media.REASONS
  return error.value.reason


def delay(waveform, pitch=440.0, rate=16_000):
  """Seconds by which a 440 Hz sine lags behind sin(2 pi 440 t), away from the ends."""
  middle = slice(waveform.size // 4 // 400 * 400, waveform.size * 3 // 4 // 400 * 400)  # Whole periods.
  seconds = np.arange(waveform.size)[middle] / rate
  return -np.angle(1j * np.sum(waveform[middle] * np.exp(-2j * np.pi * pitch * seconds))) / (2 * np.pi * pitch)
