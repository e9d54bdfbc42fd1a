"""A sound as a picture: the log-mel spectrogram that the audio encoder gets, low tones below, time to the right."""

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from xdc_tf.records import audio_ops

_SCALE = 2  # pixels per spectrogram frame and per filter
_RANGE = 10.0  # natural logarithms of power between the darkest and the brightest colour: 43 dB
# From silence to the loudest: dark blue, violet, red, orange, light yellow.
_COLOURS = np.array([[12, 10, 34], [78, 18, 104], [178, 44, 92], [240, 116, 50], [252, 220, 140]], np.float32)


def spectrogram_picture(waveform: np.ndarray) -> av.VideoFrame:
  """Draws a sound.

  Args:
    waveform: float32 [S] in [-1, 1], mono, 16 kHz.

  Returns:
    A yuv420p picture (BT.601), 2 pixels wide for every 20 ms and 80 high; the colours reach from the loudest point 43 dB down.
  """
  log_mel = audio_ops.log_mel(waveform).numpy()
  brightness = np.clip(1 + (log_mel.T[::-1] - max(log_mel.max(), audio_ops.silence() + _RANGE)) / _RANGE, 0, 1)
  place = brightness * (len(_COLOURS) - 1)
  colours = np.stack([np.interp(place, np.arange(len(_COLOURS)), channel) for channel in _COLOURS.T], axis=-1)
  image = colours.round().astype(np.uint8).repeat(_SCALE, axis=0).repeat(_SCALE, axis=1)
  return av.VideoFrame.from_ndarray(np.ascontiguousarray(image), 'rgb24').reformat(
    format='yuv420p', dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.MPEG
  )
