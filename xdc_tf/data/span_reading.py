"""One attempt at a span of a video file: seeking, decoding and what the file says of its streams. media.py makes the attempts."""

import dataclasses
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av

from xdc_tf.data.audio_track import MARGIN_SECONDS, AudioTrack
from xdc_tf.data.container import MediaError, find_stream, open_container
from xdc_tf.data.jpeg_encoder import EncoderThread, JpegEncoder
from xdc_tf.data.read_options import ReadOptions
from xdc_tf.data.video_track import TIMESTAMP_TOLERANCE, VideoTrack, output_size

# Where to seek, in seconds before the span: far enough for reordered frames and for the warm-up of audio codecs, as near
# as possible since all from the keyframe there on is decoded. When that proves too late, 10 s; then from the beginning.
LEADS = (Fraction(3, 10), Fraction(10), None)
# These formats write a duration down; elsewhere FFmpeg estimates it, and an estimate proves nothing.
_FORMATS_WITH_DURATION = {'mov', 'matroska', 'avi', 'flv', 'asf', 'wav'}
# Here the bitstream says which frames no other is made from, and FFmpeg leaves exactly those out.
_CODECS_WITH_DISPOSABLE_FRAMES = {'h264'}
_SAMPLE_RATES = range(1_000, 768_001)


@dataclasses.dataclass
class Part:
  """One wanted stream of a file and what came of it; all but `stream` outlives the open file."""

  stream: Any
  kind: str
  track: VideoTrack | AudioTrack
  first_stamp: Fraction
  declared_end: Fraction | None
  packets: int = 0
  damaged: int = 0


class Reading:
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

  def _packets(self) -> Iterator[tuple[av.Packet, Part]]:
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
        return  # The file breaks off: the time that it declares and does not have shows in check_complete.
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
    if lead >= LEADS[1]:
      # No frame at all where an index says that there are some: the file breaks off before. Reading it whole for every
      # span would take hours. And sound that is missing for this long has a gap there.
      main = self.parts[0]
      if main.track.first_time is None and main.declared_end is not None:
        return False
    for part in self.parts if lead < LEADS[1] else self.parts[:1]:
      needed = self._start if part is self.video else max(Fraction(0), self._start - MARGIN_SECONDS)
      first = part.track.first_time
      if first is None or first > max(needed, part.first_stamp) + TIMESTAMP_TOLERANCE:
        return True
    return False

  def _decode(self, packet: av.Packet, part: Part) -> None:
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

  def _part(self, kind: str, make_track: Callable[[Any], VideoTrack | AudioTrack]) -> Part:
    stream = find_stream(self._container, kind)
    if stream is None:
      raise MediaError(f'no_{kind}_track', f'{self._path} has no {kind} track that can be decoded.')
    track = make_track(stream)
    stream.codec_context.thread_count, stream.codec_context.thread_type = max(1, self._threads - 1), 'AUTO'
    first_stamp = (stream.start_time or 0) * stream.time_base - self.origin
    return Part(stream, kind, track, first_stamp, self._declared_end(stream, first_stamp))

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


def _parse_clock(text: str) -> Fraction | None:
  """Returns the seconds of 'HH:MM:SS.fraction', None for anything else."""
  try:
    hours, minutes, seconds = text.split(':')
    return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
  except ValueError:
    return None
