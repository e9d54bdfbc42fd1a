"""A reader of a film whose every frame and sample is known, in place of xdc_tf.media.media.read_span."""

import types

import numpy as np
from records_factory import jpeg

from xdc_tf.media.media import MediaError

FRAME_RATE, SAMPLE_RATE = 30, 16000


def film(seconds: float):
  """A read_span over `seconds` of random frames and sound, with the list of the spans it was asked for."""
  rng = np.random.default_rng(0)
  frames = [jpeg(rng, (32, 40)) for _ in range(round(seconds * FRAME_RATE))]
  waveform = rng.uniform(-1, 1, round(seconds * SAMPLE_RATE)).astype(np.float32)
  asked = []

  def read_span(path, start_seconds, end_seconds, options):
    asked.append((start_seconds, end_seconds, options.want_video, options.want_audio))
    if start_seconds >= seconds:
      raise MediaError('empty_span', f'{path} ends at {seconds} s.')
    first, last = round(start_seconds * FRAME_RATE), round(end_seconds * FRAME_RATE)
    begin, end = round(start_seconds * SAMPLE_RATE), round(end_seconds * SAMPLE_RATE)
    stop = min(end_seconds, seconds)
    return types.SimpleNamespace(frames=frames[first:last], waveform=waveform[begin:end], end_seconds=stop)

  return read_span, frames, waveform, asked
