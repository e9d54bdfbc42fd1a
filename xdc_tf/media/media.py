"""Any video file -> JPEG frames at 30 fps and a 16 kHz mono waveform, one pass over both streams. PyAV only.

    span = read_span('film.mp4', 120.0, 122.0)
    len(span.frames), span.waveform.shape     # 60, (32000,)

Times are seconds since the file's start (the earliest of its streams, wherever its clock begins). A frame is shown from
its timestamp to the next one's, so variable frame rates need no care, and consecutive spans tile: frame k of [2, 4) is
byte for byte frame 60 + k of [0, 4). The waveform tiles too; in containers whose timestamps are rounded (Matroska and
Flash: 1 ms) it does up to that rounding, and so where a live recorder's timestamps wobble. Shapes are those that a player
shows: pixels are made square and rotation metadata is obeyed, cropping by the container is not. Interlaced frames stay as
they are, high dynamic range is not tone-mapped.

A MediaReader keeps the file open: spans of video that follow one another are decoded in one pass, which matters most where
keyframes are far apart. What it returns is what read_span returns.

This module does not guard against a decoder that hangs or crashes: decoder_process.py does.
"""

import contextlib
import dataclasses
import math
import os
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import numpy as np

from xdc_tf.media import film_end
from xdc_tf.media.container import (
  JOINED_FORMATS,
  REASONS,
  ClockWatch,
  MediaError,
  find_stream,
  fraction,
  media_errors,
  open_container,
)
from xdc_tf.media.read_options import ReadOptions
from xdc_tf.media.span_checks import check_complete, check_gaps
from xdc_tf.media.span_reading import LEADS, StreamPart, StreamReading, read_afresh

__all__ = ['REASONS', 'MediaError', 'MediaInfo', 'MediaReader', 'MediaSpan', 'ReadOptions', 'probe', 'read_span']


@dataclasses.dataclass
class MediaSpan:
  """One span of a file, decoded.

  Attributes:
    frames: T JPEGs (bytes), T = round((end - start) * frame_rate); empty when no video is wanted.
    waveform: float32 [S] in [-1, 1], S = round((end - start) * sample_rate); empty when no audio is wanted.
    start_seconds: as asked for.
    end_seconds: as asked for, or where the film ends if that is earlier.
    num_audio_tracks: that the file has; 0 when no audio is wanted.
  """

  frames: list[bytes]
  waveform: np.ndarray
  start_seconds: float
  end_seconds: float
  num_audio_tracks: int = 0


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
  with contextlib.closing(MediaReader(threads)) as reader:
    return reader.read_span(path, start_seconds, end_seconds, options)


class MediaReader:
  """Reads spans of files one after the other; a film is opened and sought anew only where that is shorter than going on."""

  def __init__(self, threads: int = 1, on_the_way: Callable[[], None] = lambda: None):
    """Opens nothing yet.

    Args:
      threads: as for read_span.
      on_the_way: called now and then while a span is decoded and the frames before it, which can take long after the only keyframe
        of a film.
    """
    self._threads, self._on_the_way = threads, on_the_way
    self._video: StreamReading | None = None
    self._file: tuple | None = None

  def close(self) -> None:
    """Closes the file that is open."""
    if self._video is not None:
      self._video.close()
    self._video = self._file = None

  def read_span(
    self,
    path: str,
    start_seconds: float = 0.0,
    end_seconds: float | None = None,
    options: ReadOptions = ReadOptions(),  # noqa: B008 - it is frozen.
    independent: bool = False,
  ) -> MediaSpan:
    """Does what the function read_span does.

    Args:
      path: see there, as for the others.
      start_seconds: where the span starts, in seconds.
      end_seconds: where the span ends, in seconds.
      options: see ReadOptions.
      independent: decode as if the spans before had not been read. Even a damaged video then gives the same bytes.
    """
    path = os.fspath(path)
    start, end = _check_span(path, start_seconds, end_seconds, options)
    limit = start + Fraction(options.max_span_seconds).limit_denominator(1000) if end is None else end
    try:
      with media_errors(path):
        parts = self._read(path, start, limit, options, independent, to_the_end=end is None)
        return _assemble(path, parts, start, limit, end is None, options)
    except BaseException:
      self.close()  # What it has decoded is not to be trusted.
      raise

  def _read(
    self, path: str, start: Fraction, limit: Fraction, options: ReadOptions, independent: bool, to_the_end: bool
  ) -> list[StreamPart]:
    file = _identity(path), options
    if file != self._file:
      self.close()
    parts = []
    if options.want_video:
      if to_the_end:
        self._check_length(path, 'video', limit, options)
      parts.append(self._read_video(path, start, limit, options, independent))
      self._file = file
    if options.want_audio:
      # Opened anew for every span: some decoders of sound remember what they decoded before, and a span must not depend on it.
      if to_the_end and not parts:
        self._check_length(path, 'audio', limit, options)
      reading, part = read_afresh(
        path, 'audio', start, limit, options, self._threads, is_main=not parts, on_the_way=self._on_the_way
      )
      reading.close()
      parts.append(part)
    return parts

  def _check_length(self, path: str, kind: str, limit: Fraction, options: ReadOptions) -> None:
    with contextlib.closing(StreamReading(path, kind, options, self._threads)) as reading:
      reading.check_length(limit)

  def _read_video(
    self, path: str, start: Fraction, limit: Fraction, options: ReadOptions, independent: bool
  ) -> StreamPart:
    if self._video is not None and self._goes_on(self._video, path, start, options, independent):
      return self._video.read(start, limit, self._on_the_way)
    self.close()
    self._video, part = read_afresh(
      path, 'video', start, limit, options, self._threads, is_main=True, on_the_way=self._on_the_way
    )
    return part

  def _goes_on(
    self, reading: StreamReading, path: str, start: Fraction, options: ReadOptions, independent: bool
  ) -> bool:
    """Whether the open decoder goes on to `start`: it is there, or no keyframe lies between."""
    if reading.position is None or reading.ended or start < reading.position:
      return False
    if start == reading.position and not independent:
      return True
    with contextlib.closing(StreamReading(path, 'video', options, self._threads)) as other:
      # From the same keyframe on, what is decoded is the same whoever began there.
      last = reading.began if independent else reading.position
      return start <= LEADS[0] or (other.seek(start - LEADS[0]) and other.began <= last)


def _identity(path: str) -> tuple:
  """Tells a file from another one that came to its place."""
  if '://' in path or not os.path.exists(path):
    return (path,)
  status = os.stat(path)
  return path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


# Streams of one recording differ by less; headers that are wrong differ by more.
_BELIEVED_SECONDS = 1


def probe(path: str) -> MediaInfo:
  """Reads a file's header and its last packets; walks through all when it declares no duration, and where recordings may be joined.

  Raises:
    MediaError: missing_file, unreadable or clock_jump.
  """
  with media_errors(path), open_container(path, ReadOptions().max_pixels) as container:
    video, audio = find_stream(container, 'video'), find_stream(container, 'audio')
    if video is None and audio is None:
      raise MediaError('unreadable', f'{path} holds neither a video nor an audio track that can be decoded.')
    is_joinable = container.format.name.split(',')[0] in JOINED_FORMATS
    duration = Fraction(container.duration, av.time_base) if container.duration else None
    if is_joinable or duration is None:
      end = film_end.end_of_packets(container, video or audio, ClockWatch(path, sees_all=True) if is_joinable else None)
    else:
      end = film_end.end_of_last_packets(container, duration, video or audio)
    if video:
      end = film_end.shown_until(path, container, video, end)
    if duration is None or abs(end - duration) > _BELIEVED_SECONDS:
      duration = end
    return MediaInfo(
      duration_seconds=float(duration),
      has_video=video is not None,
      has_audio=audio is not None,
      width=video.codec_context.width if video else 0,
      height=video.codec_context.height if video else 0,
      frame_rate=float(fraction(video.average_rate) or 0) if video else 0.0,
    )


def _assemble(
  path: str, parts: list[StreamPart], start: Fraction, limit: Fraction, to_the_end: bool, options: ReadOptions
) -> MediaSpan:
  """Cuts both tracks to the same end, after checking that the span is whole."""
  by_kind = {part.kind: part for part in parts}
  main = parts[0].track
  if to_the_end and main.done:
    raise MediaError(
      'too_large', f'{path} is longer than max_span_seconds={options.max_span_seconds:g}: give the span an end.'
    )
  for part in parts:
    check_complete(path, part, start, limit)
  check_gaps(path, parts, start, limit)
  end = limit if main.done else min(limit, main.end_time or Fraction(0))
  rate = Fraction(options.frame_rate if 'video' in by_kind else options.sample_rate)
  if end <= start:
    raise MediaError('empty_span', f'{path} ends at {float(end):.3f} s; the span begins at {float(start):.3f} s.')
  if round((end - start) * rate) < 1:
    unit = 'picture' if 'video' in by_kind else 'sample'
    raise MediaError(
      'empty_span', f'{path} has {float(end - start):.3f} s for the span: not one {unit} at {float(rate):g} a second.'
    )
  frames: Any = by_kind['video'].track.finish(end) if 'video' in by_kind else []
  waveform: Any = by_kind['audio'].track.finish(end) if 'audio' in by_kind else np.zeros(0, np.float32)
  num_audio_tracks = by_kind['audio'].num_streams if 'audio' in by_kind else 0
  return MediaSpan(frames, waveform, float(start), float(end), num_audio_tracks)


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
