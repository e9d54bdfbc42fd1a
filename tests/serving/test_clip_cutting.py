"""Where the clips of a video lie, for every stride, without a model."""

import numpy as np
import pytest

from xdc_tf.media.media import MediaError, MediaSpan
from xdc_tf.serving import clips

SECONDS = 31.0


def film(rate: float, kind: str):
  """A film whose every frame, or sample, is its number, cut as media.read_span cuts: ends in microseconds, lengths rounded."""

  def read_span(path, start, end, options):
    end = round(min(end, SECONDS) * 1e6) / 1e6
    if end <= start:
      raise MediaError('empty_span', path)
    first = round(start * rate)
    numbers = list(range(first, first + round((end - start) * rate)))
    return MediaSpan(numbers if kind == 'jpegs' else [], np.array(numbers if kind != 'jpegs' else []), start, end)

  return read_span


VIDEO = [(rate, length, 'jpegs') for rate, length in ((30.0, 16), (25.0, 8), (30.0, 8), (15.0, 8), (10.0, 2))]


@pytest.mark.slow
@pytest.mark.parametrize(('rate', 'length', 'kind'), [*VIDEO, (16000.0, 32000, 'waveform')])
def test_no_stride_ends_a_video_early(rate, length, kind):
  metadata = {'input': kind, 'num_frames': length, 'frame_rate': rate, 'short_side': 32}
  metadata |= {'num_samples': length, 'sample_rate': rate}
  for stride in np.arange(5, 1200, 1 if kind == 'jpegs' else 97) / 100:
    found = list(clips.batches('film.mp4', film(rate, kind), metadata, stride, 64))
    starts = [start for some, _ in found for start in some]
    cut = np.concatenate([some for _, some in found]).astype(np.int64)
    # A clip that lies within a frame of the film's end may be there or not.
    count = (SECONDS - length / rate) / stride
    assert np.floor(count - 1 / rate / stride) <= len(starts) - 1 <= np.floor(count + 1 / rate / stride), stride
    np.testing.assert_allclose(starts, np.arange(len(starts)) * stride)
    assert np.array_equal(np.diff(cut, axis=1), np.ones([len(starts), length - 1])), stride
    assert np.abs(cut[:, 0] - np.array(starts) * rate).max() <= 1.5, stride
