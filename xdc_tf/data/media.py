"""Any video file -> JPEG frames at 30 fps and a 16 kHz mono waveform, one pass over both streams. PyAV only.

    span = read_span('film.mp4', 120.0, 122.0)
    len(span.frames), span.waveform.shape     # 60, (32000,)

Times are seconds since the file's start (the earliest of its streams, wherever its clock begins). A frame is shown from
its timestamp to the next one's, so variable frame rates need no care, and consecutive spans tile: frame k of [2, 4) is
byte for byte frame 60 + k of [0, 4). The waveform tiles too; in containers whose timestamps are rounded (Matroska and
Flash: 1 ms) it does up to that rounding. Shapes are those that a player shows: pixels are made square and rotation
metadata is obeyed. Interlaced frames stay as they are, high dynamic range is not tone-mapped.

This module does not guard against a decoder that hangs or crashes: decoder_process.py does.
"""

import contextlib
import dataclasses
import math
from fractions import Fraction

import av
import numpy as np

from xdc_tf.data.container import REASONS, MediaError, find_stream, media_errors, open_container
from xdc_tf.data.read_options import ReadOptions
from xdc_tf.data.span_checks import check_complete, check_gaps
from xdc_tf.data.span_reading import LEADS, Reading

__all__ = ['REASONS', 'MediaError', 'MediaInfo', 'MediaSpan', 'ReadOptions', 'probe', 'read_span']


@dataclasses.dataclass
class MediaSpan:
  """One span of a file, decoded.

  Attributes:
    frames: T JPEGs (bytes), T = round((end - start) * frame_rate); empty when no video is wanted.
    waveform: float32 [S] in [-1, 1], S = round((end - start) * sample_rate); empty when no audio is wanted.
    start_seconds: as asked for.
    end_seconds: as asked for, or where the film ends if that is earlier.
  """

  frames: list[bytes]
  waveform: np.ndarray
  start_seconds: float
  end_seconds: float


@dataclasses.dataclass(frozen=True)
class MediaInfo:
  """What a file says about itself; width and height are the stored ones, 0 without video, as is frame_rate."""

  duration_seconds: float
  has_video: bool
  has_audio: bool
  width: int
  height: int
  frame_rate: float


def read_span(
  path: str,
  start_seconds: float = 0.0,
  end_seconds: float | None = None,
  options: ReadOptions = ReadOptions(),  # noqa: B008 - it is frozen.
  threads: int = 1,
) -> MediaSpan:
  """Reads one span of a video file.

  Args:
    path: a local path, or one with '://' that tf.io.gfile can read.
    start_seconds: since the file's start.
    end_seconds: where the span ends; None reads to the end of the film.
    options: see ReadOptions.
    threads: 2 scale and encode while the next frames are decoded, more decode in threads too; the span is the same. Only
      for cores that would idle: several processes with one thread each cost less.

  Returns:
    a MediaSpan. A span partly beyond the film's end holds what exists, both streams cut to the same end: the video's when
    video is wanted. Where the sound has gaps or stops earlier there are zeros.

  Raises:
    MediaError: with a reason of REASONS (see the module's text); never another error for a bad file.
  """
  start, end = _check_span(path, start_seconds, end_seconds, options)
  limit = start + Fraction(options.max_span_seconds).limit_denominator(1000) if end is None else end
  leads = [lead for lead in LEADS if lead is None or start > lead]
  with media_errors(path):
    for lead in leads:
      reading = Reading(path, start, limit, options, threads)
      with contextlib.closing(reading):
        if end is None:
          reading.check_length(limit)
        if lead is not None and not reading.seek(start - lead):
          continue
        reading.read()
        if lead is None or not reading.began_late(lead):
          break
    return _assemble(path, reading, start, limit, end is None, options)


def probe(path: str) -> MediaInfo:
  """Reads a file's header; walks through the packets only when the header declares no duration.

  Raises:
    MediaError: missing_file or unreadable.
  """
  with media_errors(path), open_container(path, ReadOptions().max_pixels) as container:
    video, audio = find_stream(container, 'video'), find_stream(container, 'audio')
    if video is None and audio is None:
      raise MediaError('unreadable', f'{path} holds neither a video nor an audio track that can be decoded.')
    duration = Fraction(container.duration, av.time_base) if container.duration else _measured_duration(container)
    return MediaInfo(
      duration_seconds=float(duration),
      has_video=video is not None,
      has_audio=audio is not None,
      width=video.codec_context.width if video else 0,
      height=video.codec_context.height if video else 0,
      frame_rate=float(video.average_rate or 0) if video else 0.0,
    )


def _assemble(
  path: str, reading: Reading, start: Fraction, limit: Fraction, to_the_end: bool, options: ReadOptions
) -> MediaSpan:
  """Cuts both tracks to the same end, after checking that the span is whole."""
  main = reading.parts[0].track
  if to_the_end and main.done:
    raise MediaError(
      'too_large', f'{path} is longer than max_span_seconds={options.max_span_seconds:g}: give the span an end.'
    )
  for part in reading.parts:
    check_complete(path, part, start, limit)
  check_gaps(path, reading.parts, start, limit)
  end = limit if main.done else min(limit, main.end_time or Fraction(0))
  rate = Fraction(options.frame_rate if reading.video else options.sample_rate)
  if round((end - start) * rate) < 1:
    raise MediaError('empty_span', f'{path} ends at {float(end):.3f} s; the span begins at {float(start):.3f} s.')
  frames = reading.video.track.finish(end) if reading.video else []
  waveform = reading.audio.track.finish(end) if reading.audio else np.zeros(0, np.float32)
  return MediaSpan(frames, waveform, float(start), float(end))


def _check_span(
  path: str, start_seconds: float, end_seconds: float | None, options: ReadOptions
) -> tuple[Fraction, Fraction | None]:
  """Returns the span in exact microseconds, so that times compare the same way in every span of a file."""
  end = math.inf if end_seconds is None else end_seconds
  if not (0 <= start_seconds < math.inf and start_seconds < end):
    raise MediaError('empty_span', f'{path}: [{start_seconds}, {end_seconds}) seconds is no span of time.')
  start = Fraction(round(start_seconds * 10**6), 10**6)
  if end_seconds is None:
    return start, None
  if end_seconds - start_seconds > options.max_span_seconds + 1e-6:
    raise MediaError(
      'too_large',
      f'{path}: the span [{start_seconds}, {end_seconds}) is longer than max_span_seconds={options.max_span_seconds:g}.',
    )
  return start, Fraction(round(end_seconds * 10**6), 10**6)


def _measured_duration(container) -> Fraction:
  """Returns the end of the last packet, in seconds since the file's start."""
  origin, end = Fraction(container.start_time or 0, av.time_base), Fraction(0)
  with contextlib.suppress(av.FFmpegError):  # A file that breaks off ends there.
    for packet in container.demux():
      stamp = packet.pts if packet.pts is not None else packet.dts
      if stamp is not None:
        end = max(end, (stamp + (packet.duration or 0)) * packet.time_base - origin)
  return end
