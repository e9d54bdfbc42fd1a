"""What to make of a span of a video file: the settings of media.read_span."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class ReadOptions:
  """What to make of a span.

  Attributes:
    frame_rate: frames per second of the output.
    short_side: pixels of the shorter side; the longer one is rounded to even.
    jpeg_quality: FFmpeg's qscale, 2 (best) to 31. 3 is about libjpeg's quality 93, 17 kB a frame of 456x256.
    want_video: whether frames are wanted; a file without a video track is then an error.
    want_audio: whether the waveform is wanted; a file without an audio track is then an error.
    sample_rate: hertz of the waveform.
    audio_track: which sound, where a file has several: its number among the audio tracks, from 1 on, or its language as the file
      names it ('deu'); '': the default one (see container.find_stream).
    max_pixels: a video with more pixels in a frame, stored or in the output, is refused before memory is taken.
    max_span_seconds: a longer span is refused before memory is taken.
  """

  frame_rate: float = 30.0
  short_side: int = 256
  jpeg_quality: int = 3
  want_video: bool = True
  want_audio: bool = True
  sample_rate: int = 16_000
  audio_track: str = ''
  max_pixels: int = 8192 * 4320
  max_span_seconds: float = 1800.0

  def __post_init__(self):
    """Raises ValueError for settings that no reading could obey."""
    if not 0 < self.frame_rate <= 1000 or not 2 <= self.jpeg_quality <= 31 or self.short_side < 2:
      raise ValueError(
        'frame_rate must lie in (0, 1000], jpeg_quality in 2..31 and short_side be at least 2. '
        f'Received: frame_rate={self.frame_rate}, jpeg_quality={self.jpeg_quality}, short_side={self.short_side}.'
      )
    if not (self.want_video or self.want_audio):
      raise ValueError('Nothing to read: ask for video, sound or both.')
