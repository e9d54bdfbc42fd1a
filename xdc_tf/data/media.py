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
import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np

from xdc_tf.data.audio_track import MARGIN_SECONDS, AudioTrack
from xdc_tf.data.container import REASONS, MediaError, find_stream, media_errors, open_container
from xdc_tf.data.jpeg_encoder import EncoderThread, JpegEncoder
from xdc_tf.data.video_track import TIMESTAMP_TOLERANCE, VideoTrack, output_size

__all__ = ['REASONS', 'MediaError', 'MediaInfo', 'MediaSpan', 'ReadOptions', 'probe', 'read_span']

# Where to seek, in seconds before the span: far enough for reordered frames and for the warm-up of audio codecs, as near
# as possible since all from the keyframe there on is decoded. When that proves too late, 10 s; then from the beginning.
_LEADS = (Fraction(3, 10), Fraction(10), None)
# A file is truncated when more than this share of what it declares for the span is absent or broken. Declared ends are
# rough, so the end of a file may lack a little more.
_MISSING_SHARE = Fraction(1, 10)
_MISSING_SECONDS = Fraction(1, 4)
# These formats write a duration down; elsewhere FFmpeg estimates it, and an estimate proves nothing.
_FORMATS_WITH_DURATION = {'mov', 'matroska', 'avi', 'flv', 'asf', 'wav'}
# Here the bitstream says which frames no other is made from, and FFmpeg leaves exactly those out.
_CODECS_WITH_DISPOSABLE_FRAMES = {'h264'}
_SAMPLE_RATES = range(1_000, 768_001)


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
    max_pixels: a video with more pixels in a frame, stored or in the output, is refused before memory is taken.
    max_span_seconds: a longer span is refused before memory is taken.
  """

  frame_rate: float = 30.0
  short_side: int = 256
  jpeg_quality: int = 3
  want_video: bool = True
  want_audio: bool = True
  sample_rate: int = 16_000
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
      raise ValueError('Nothing to read: set want_video, want_audio or both.')


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
  options: ReadOptions = ReadOptions(),
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
  leads = [lead for lead in _LEADS if lead is None or start > lead]
  with media_errors(path):
    for lead in leads:
      reading = _Reading(path, start, limit, options, threads)
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


@dataclasses.dataclass
class _Part:
  """One wanted stream of a file and what came of it; all but `stream` outlives the open file."""

  stream: Any
  kind: str
  track: VideoTrack | AudioTrack
  first_stamp: Fraction
  declared_end: Fraction | None
  packets: int = 0
  damaged: int = 0


class _Reading:
  """One attempt at a span: an open file and a part for each wanted stream."""

  def __init__(self, path: str, start: Fraction, limit: Fraction, options: ReadOptions, threads: int):
    self._path, self._start, self._options, self._threads = path, start, options, threads
    self._lead_in = None
    self._container = open_container(path, options.max_pixels)
    try:
      self.origin = Fraction(self._container.start_time or 0, av.time_base)
      self.video = self.audio = None
      if options.want_video:
        rate = Fraction(options.frame_rate).limit_denominator(1001)
        self.video = self._part('video', lambda stream: VideoTrack(start, limit, rate, self._jpeg_encoder(stream)))
      if options.want_audio:
        self.audio = self._part('audio', lambda stream: AudioTrack(start, limit, options.sample_rate))
    except BaseException:
      self._container.close()
      raise
    self.parts = [part for part in (self.video, self.audio) if part]

  def close(self) -> None:
    """Closes the file; the parts stay."""
    self._container.close()

  def seek(self, seconds: Fraction) -> bool:
    """Goes to the last keyframe before `seconds`; False when the format cannot."""
    stream = self.parts[0].stream
    if stream.start_time is None:
      return False
    try:
      self._container.seek(math.floor((self.origin + seconds) / stream.time_base), stream=stream)
    except av.FFmpegError:
      return False
    if self.video and stream.codec_context.name in _CODECS_WITH_DISPOSABLE_FRAMES:
      self._lead_in = []
    return True

  def read(self) -> None:
    """Decodes packets until every track reaches the span's end or the file ends."""
    for packet, part in self._packets():
      if part is self.video and self._lead_in is not None:
        self._collect_lead_in(packet)
      else:
        self._decode(packet, part)
    self._decode_lead_in()

  def _packets(self) -> Iterator[tuple[av.Packet, _Part]]:
    """Yields the packets of the tracks that are not done yet, while there are such."""
    parts = {part.stream.index: part for part in self.parts}
    packets = self._container.demux([part.stream for part in self.parts])
    while not all(part.track.done for part in self.parts):
      try:
        packet = next(packets)
      except (StopIteration, IndexError):
        return  # IndexError: PyAV cannot end a file in which further streams turned up on the way; ours have ended.
      except MemoryError:
        raise
      except av.FFmpegError:
        return  # The file breaks off: the time that it declares and does not have shows in _check_complete.
      part = parts[packet.stream.index]
      if not part.track.done:
        yield packet, part

  def _collect_lead_in(self, packet: av.Packet) -> None:
    """Keeps the packets from the keyframe to the span's first frame, to decode them once it is known which one that is."""
    self._lead_in.append(packet)
    # No later packet is shown before its decoding time. A file with broken timestamps must not fill the memory.
    if (
      packet.dts is None
      or self._time(packet.dts, packet) > self._start + TIMESTAMP_TOLERANCE
      or len(self._lead_in) > 1000
    ):
      self._decode_lead_in()

  def _decode_lead_in(self) -> None:
    """Decodes what was collected, without the frames before the span's first that no other frame is made from."""
    packets, self._lead_in = self._lead_in or [], None
    stamps = [packet.pts for packet in packets if packet.size]
    first = None
    if None not in stamps:
      begun = [p.pts for p in packets if p.size and self._time(p.pts, p) <= self._start + TIMESTAMP_TOLERANCE]
      first = max(begun, default=None)
    for packet in packets:
      unseen = first is not None and packet.size > 0 and packet.pts < first
      packet.stream.codec_context.skip_frame = 'NONREF' if unseen else 'DEFAULT'
      self._decode(packet, self.video)

  def _time(self, stamp: int, packet: av.Packet) -> Fraction:
    return stamp * packet.time_base - self.origin

  def check_length(self, limit: Fraction) -> None:
    """Raises MediaError('too_large') when the file declares more than `limit` seconds."""
    declared = self.parts[0].declared_end
    if declared is not None and declared > limit:
      raise MediaError(
        'too_large',
        f'{self._path} is {float(declared):.0f} s long, more than max_span_seconds={self._options.max_span_seconds:g} '
        'from the start of the span: give the span an end.',
      )

  def began_late(self, lead: Fraction) -> bool:
    """Says whether seeking `lead` seconds back was not enough, although the streams have earlier frames."""
    if lead >= _LEADS[1]:
      # No frame at all where an index says that there are some: the file breaks off before. Reading it whole for every
      # span would take hours. And sound that is missing for this long has a gap there.
      main = self.parts[0]
      if main.track.first_time is None and main.declared_end is not None:
        return False
    for part in self.parts if lead < _LEADS[1] else self.parts[:1]:
      needed = self._start if part is self.video else max(Fraction(0), self._start - MARGIN_SECONDS)
      first = part.track.first_time
      if first is None or first > max(needed, part.first_stamp) + TIMESTAMP_TOLERANCE:
        return True
    return False

  def _decode(self, packet: av.Packet, part: _Part) -> None:
    stamp = packet.pts if packet.pts is not None else packet.dts
    # After a seek the first packets may lack what they refer to, so only the span's own are counted.
    in_span = stamp is None or self._time(stamp, packet) >= self._start
    part.packets += in_span and packet.size > 0
    try:
      frames = packet.decode()
    except MemoryError:
      raise
    except av.FFmpegError:
      part.damaged += in_span
      return
    for frame in frames:
      part.damaged += in_span and bool(frame.is_corrupt)
      time = None if frame.pts is None else frame.pts * frame.time_base - self.origin
      if part is self.video:
        part.track.add(frame, time, _shown_seconds(frame, part.stream))
      elif frame.sample_rate in _SAMPLE_RATES:
        part.track.add(frame, time)
      else:
        part.damaged += in_span

  def _part(self, kind: str, make_track: Callable[[Any], VideoTrack | AudioTrack]) -> _Part:
    stream = find_stream(self._container, kind)
    if stream is None:
      raise MediaError(f'no_{kind}_track', f'{self._path} has no {kind} track that can be decoded.')
    track = make_track(stream)
    stream.codec_context.thread_count, stream.codec_context.thread_type = max(1, self._threads - 1), 'AUTO'
    first_stamp = (stream.start_time or 0) * stream.time_base - self.origin
    return _Part(stream, kind, track, first_stamp, self._declared_end(stream, first_stamp))

  def _jpeg_encoder(self, stream) -> JpegEncoder | EncoderThread:
    context, options = stream.codec_context, self._options
    width, height = context.width, context.height
    if width <= 0 or height <= 0:
      # FFmpeg leaves the size open when a frame's header asks for more than it is allowed, and when there is no header.
      with open_container(self._path) as unlimited:
        context = find_stream(unlimited, 'video').codec_context
        width, height = context.width, context.height
    if width <= 0 or height <= 0:
      raise MediaError('unreadable', f'{self._path}: no frame tells the size of the picture.')
    if width * height > options.max_pixels:
      raise MediaError(
        'too_large', f'{self._path} declares {width}x{height} pixels; max_pixels is {options.max_pixels}.'
      )
    size = output_size(width, height, stream.sample_aspect_ratio, options.short_side)
    if size[0] * size[1] > options.max_pixels:
      raise MediaError(
        'too_large',
        f'{self._path} is {width}x{height}, which would become {size[0]}x{size[1]}; max_pixels is {options.max_pixels}.',
      )
    stream.codec_context.options = {'max_pixels': str(options.max_pixels)}  # The size may change on the way.
    encoder = JpegEncoder(size, options.jpeg_quality)
    return encoder if self._threads == 1 else EncoderThread(encoder)

  def _declared_end(self, stream, first_stamp: Fraction) -> Fraction | None:
    """Returns the second at which the file says that the stream ends; None when it says nothing reliable."""
    if self._container.format.name.split(',')[0] not in _FORMATS_WITH_DURATION:
      return None
    if stream.duration:
      return first_stamp + stream.duration * stream.time_base
    tag = _parse_clock(stream.metadata.get('DURATION', ''))
    if tag is not None:
      return tag - self.origin
    # Matroska without tags declares one duration for all: the video's, as far as one can tell.
    main = find_stream(self._container, 'video') or stream
    duration = self._container.duration
    return Fraction(duration, av.time_base) if duration and main.index == stream.index else None


def _shown_seconds(frame: av.VideoFrame, stream) -> Fraction:
  if frame.duration and frame.duration > 0:
    return frame.duration * frame.time_base
  rate = stream.average_rate or stream.base_rate
  return 1 / rate if rate else Fraction(1, 30)


def _assemble(
  path: str, reading: _Reading, start: Fraction, limit: Fraction, to_the_end: bool, options: ReadOptions
) -> MediaSpan:
  """Cuts both tracks to the same end, after checking that the span is whole."""
  main = reading.parts[0].track
  if to_the_end and main.done:
    raise MediaError(
      'too_large', f'{path} is longer than max_span_seconds={options.max_span_seconds:g}: give the span an end.'
    )
  for part in reading.parts:
    _check_complete(path, part, start, limit)
  _check_gaps(path, reading.parts, start, limit)
  end = limit if main.done else min(limit, main.end_time or Fraction(0))
  rate = Fraction(options.frame_rate if reading.video else options.sample_rate)
  if round((end - start) * rate) < 1:
    raise MediaError('empty_span', f'{path} ends at {float(end):.3f} s; the span begins at {float(start):.3f} s.')
  frames = reading.video.track.finish(end) if reading.video else []
  waveform = reading.audio.track.finish(end) if reading.audio else np.zeros(0, np.float32)
  return MediaSpan(frames, waveform, float(start), float(end))


def _check_complete(path: str, part: _Part, start: Fraction, limit: Fraction) -> None:
  """Raises MediaError('truncated') when too much of what the file declares for [start, limit) is absent or broken."""
  if part.damaged > _MISSING_SHARE * part.packets:
    raise MediaError('truncated', f'{part.damaged} of {part.packets} {part.kind} packets of {path} are broken.')
  if part.track.done or part.declared_end is None:
    return
  claimed, end = min(limit, part.declared_end), part.track.end_time or Fraction(0)
  if claimed - max(start, end) > max(_MISSING_SECONDS, _MISSING_SHARE * (claimed - start)):
    raise MediaError(
      'truncated',
      f'{path} declares {part.kind} to {float(part.declared_end):.3f} s but breaks off at {float(end):.3f} s.',
    )


def _check_gaps(path: str, parts: list[_Part], start: Fraction, limit: Fraction) -> None:
  """Raises MediaError('truncated') when sound and picture are both absent for too much of [start, limit).

  One alone proves nothing: slides are shown for minutes and microphones are switched off.
  """
  if len(parts) < 2:
    return
  lost = sum(
    max(Fraction(0), min(*ends, limit) - max(*begins, start))
    for begins, ends in (zip(*pair, strict=True) for pair in itertools.product(*(part.track.gaps for part in parts)))
  )
  end = min([limit, *(part.track.end_time for part in parts if part.track.end_time is not None)])
  if lost > max(_MISSING_SECONDS, _MISSING_SHARE * (end - start)):
    raise MediaError('truncated', f'{path} has neither sound nor picture for {float(lost):.3f} s of the span.')


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


def _parse_clock(text: str) -> Fraction | None:
  """Returns the seconds of 'HH:MM:SS.fraction', None for anything else."""
  try:
    hours, minutes, seconds = text.split(':')
    return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
  except ValueError:
    return None
