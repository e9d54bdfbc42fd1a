"""One stream of an open video file, read span after span: seeking, decoding and what the file says of it. Used by media.py."""

import collections
import contextlib
import dataclasses
import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import av

from xdc_tf.media import avi_clock, film_end
from xdc_tf.media.audio_track import MARGIN_SECONDS, AudioTrack
from xdc_tf.media.container import (
  JOINED_FORMATS,
  ClockWatch,
  MediaError,
  find_stream,
  fraction,
  open_container,
  time_base,
)
from xdc_tf.media.picture_shape import PictureShape
from xdc_tf.media.read_options import ReadOptions
from xdc_tf.media.video_track import TIMESTAMP_TOLERANCE, VideoTrack

# Where to seek, in seconds before the span: far enough for reordered frames and for the warm-up of audio codecs, as near
# as possible since all from the keyframe there on is decoded. When that proves too late, 10 s; then from the beginning.
LEADS = (Fraction(3, 10), Fraction(10), None)
# These formats write a duration down; elsewhere FFmpeg estimates it, and an estimate proves nothing.
_FORMATS_WITH_DURATION = {'mov', 'matroska', 'avi', 'flv', 'asf', 'wav'}
# Here it is that of the file: one stream goes on for so long, and others may end before.
_FORMATS_WITH_ONE_DURATION = {'flv', 'asf'}
# Here the bitstream says which frames no other is made from, and FFmpeg leaves exactly those out.
_CODECS_WITH_DISPOSABLE_FRAMES = {'h264'}
_SAMPLE_RATES = range(1_000, 768_001)
# Some seconds of video, so that there is word of it long before a timeout.
PACKETS_ON_THE_WAY = 200


@dataclasses.dataclass
class StreamPart:
  """One wanted stream of a file and what came of it in a span; outlives the open file.

  Attributes:
    kind: 'video' or 'audio'.
    track: what was collected.
    first_stamp: seconds at which the stream begins.
    declared_end: second at which the file says that it ends; None when it says nothing reliable.
    packets: the packets of the span.
    damaged: packets and frames of the span that are broken.
    shares_end: the declared end is that of the file; this stream may end before another one.
    num_streams: streams of this kind in the file.
  """

  kind: str
  track: VideoTrack | AudioTrack
  first_stamp: Fraction
  declared_end: Fraction | None
  packets: int = 0
  damaged: int = 0
  shares_end: bool = False
  num_streams: int = 1


class _Decoded(NamedTuple):
  """What became of a packet: its time, whether it held data and could not be decoded, and its frames in showing order."""

  time: Fraction | None
  has_data: bool
  is_broken: bool
  frames: list[tuple[Any, Any]]


class StreamReading:
  """An open file, of which one stream is read. Spans of video that follow one another are read in one pass."""

  def __init__(self, path: str, kind: str, options: ReadOptions, threads: int):
    """Opens the file; raises MediaError when it has no such stream."""
    self._path, self._kind, self._options, self._threads = path, kind, options, threads
    self._container = open_container(path, options.max_pixels)
    try:
      stream = find_stream(self._container, kind, options.audio_track if kind == 'audio' else '')
      if stream is None:
        raise MediaError(f'no_{kind}_track', f'{path} has no {kind} track that can be decoded.')
      self._stream = stream
      self._format = self._container.format.name.split(',')[0]
      self._leave_others_out()
      self._stream.codec_context.thread_count = max(1, threads - 1)
      self._stream.codec_context.thread_type = 'AUTO'
      self.origin = Fraction(self._container.start_time or 0, av.time_base)
      is_avi_sound = self._format == 'avi' and kind == 'audio'
      self._stretch = avi_clock.sound_stretch(self._container, self._stream) if is_avi_sound else Fraction(1)
      self._first_stamp = (self._stream.start_time or 0) * time_base(self._stream) - self.origin
      self._declared_end = self._find_declared_end()
      may_change = self._format in JOINED_FORMATS
      self._shape = PictureShape(path, stream, options, threads, may_change) if kind == 'video' else None
      is_video = kind == 'video'
      self._offset = avi_clock.decoding_offset(path, self._container, stream, options.max_pixels) if is_video else None
    except BaseException:
      self._container.close()
      raise
    self._start_reading()
    self.began = Fraction(0)  # Where decoding began: at the start of the file, or at the keyframe that `seek` went to.
    self.position: Fraction | None = None  # Where the last span ended.
    self._limit = Fraction(0)

  def close(self) -> None:
    """Closes the file; parts stay."""
    self._container.close()

  def _leave_others_out(self) -> None:
    """In MP4, a seek of the sound alone hands out all pictures from the keyframe before: in some films, from the start."""
    for other in self._container.streams:
      if self._format == 'mov' and other.index != self._stream.index:
        other.discard = av.stream.Discard.all

  def _start_reading(self) -> None:
    self._packets = self._container.demux([self._stream])
    self._first_packets: collections.deque[av.Packet] = collections.deque()
    self._decoded: collections.deque[_Decoded] = collections.deque()
    self._lead_in: list[av.Packet] | None = None
    self._last_time: Fraction | None = None
    self._last_end: Fraction | None = None
    self.ended = False
    if self._shape:
      self._shape.restart()
    self._avi_clock = None if self._offset is None else avi_clock.AviClock(self._stream, self.origin + self._offset)
    self._clock = ClockWatch(self._path, sees_all=False) if self._format in JOINED_FORMATS else None

  def seek(self, seconds: Fraction) -> bool:
    """Goes to the last keyframe before `seconds`; False when the format cannot."""
    if self._stream.start_time is None:
      return False
    codec = self._stream.codec_context
    if codec.name == 'h264' and codec.profile == 'High 4:4:4 Predictive':
      # Only the first packet says whether an x264 wrote it whose 4:4:4 has to be decoded in another way.
      with contextlib.suppress(av.FFmpegError, StopIteration, IndexError):
        next(self._packets).decode()
    try:
      goal = math.floor((self.origin + seconds) * self._stretch / time_base(self._stream))
      self._container.seek(goal, stream=self._stream)
    except av.FFmpegError:
      return False
    self._start_reading()
    packet = self._next_packet()
    if packet is not None:
      self._first_packets.append(packet)
      if self._avi_clock:
        self._avi_clock.is_sought(packet)
      stamp = packet.pts if packet.pts is not None else packet.dts
      self.began = Fraction(0) if stamp is None else self._time(stamp, packet)
    return True

  def read(self, start: Fraction, limit: Fraction, on_the_way: Callable[[], None] = lambda: None) -> StreamPart:
    """Decodes until the track of [start, limit) is full or the file ends; goes on where the last span ended.

    Args:
      start: seconds.
      limit: seconds.
      on_the_way: called for every PACKETS_ON_THE_WAY packets.
    """
    part = StreamPart(
      self._kind,
      self._track(start, limit),
      self._first_stamp,
      self._declared_end,
      shares_end=self._format in _FORMATS_WITH_ONE_DURATION,
      num_streams=self._num_streams(),
    )
    self._limit = limit
    for decoded in self._decoded:
      self._add(decoded, part, start)
    self._forget(limit)
    # In AVI all frames are decoded, since they are counted.
    if (
      self._avi_clock is None
      and self._kind == 'video'
      and self._stream.codec_context.name in _CODECS_WITH_DISPOSABLE_FRAMES
    ):
      # From a keyframe on, and over the gap to a later span, only what others are made from is decoded.
      is_far = bool(self._first_packets) if self.position is None else start > self.position
      self._lead_in = [] if is_far else None
    for number in itertools.count(1):
      if part.track.done or (packet := self._next_packet()) is None:
        break
      if number % PACKETS_ON_THE_WAY == 0:
        on_the_way()
      if self._lead_in is not None:
        self._collect_lead_in(self._lead_in, packet, part, start)
      else:
        self._decode(packet, part, start)
    if self._lead_in is not None:
      self._decode_lead_in(self._lead_in, part, start)
    if self.ended and self._kind == 'video':
      self._hold_last_frame(part)
    self.position = limit
    return part

  def _track(self, start: Fraction, limit: Fraction) -> VideoTrack | AudioTrack:
    if self._shape is None:
      return AudioTrack(start, limit, self._options.sample_rate)
    rate = Fraction(self._options.frame_rate).limit_denominator(1001)
    return VideoTrack(start, limit, rate, self._shape.encoder_of)

  def _num_streams(self) -> int:
    return len(getattr(self._container.streams, self._kind))

  def _hold_last_frame(self, part: StreamPart) -> None:
    if part.track.end_time:
      part.track.end_time = film_end.shown_until(self._path, self._container, self._stream, part.track.end_time)

  def _forget(self, limit: Fraction) -> None:
    """Leaves of what is decoded the last frame until `limit`, which the next span shows first, and what comes after it."""
    shown = [i for i, d in enumerate(self._decoded) if any(t <= limit + TIMESTAMP_TOLERANCE for _, t in d.frames)]
    for _ in range(shown[-1] if shown else 0):
      self._decoded.popleft()

  def _next_packet(self) -> av.Packet | None:
    """The next packet of the stream; None at the end, also at that of a file that breaks off."""
    if self._first_packets:
      return self._first_packets.popleft()
    try:
      packet = next(self._packets)
    except (StopIteration, IndexError):
      # IndexError: PyAV cannot end a file in which further streams turned up on the way; ours have ended.
      self.ended = True
      return None
    except MemoryError:
      raise
    except av.FFmpegError:
      self.ended = True  # The time that the file declares and does not have shows in check_complete.
      return None
    if self._clock:
      self._clock.see(packet)
    return packet

  def _collect_lead_in(self, packets: list[av.Packet], packet: av.Packet, part: StreamPart, start: Fraction) -> None:
    """Keeps the packets before the span's first frame, to decode them once it is known which one that is."""
    packets.append(packet)
    # No later packet is shown before its decoding time. A file with broken timestamps must not fill the memory.
    if packet.dts is None or self._time(packet.dts, packet) > start + TIMESTAMP_TOLERANCE or len(packets) > 1000:
      self._decode_lead_in(packets, part, start)

  def _decode_lead_in(self, packets: list[av.Packet], part: StreamPart, start: Fraction) -> None:
    """Decodes what was collected, without the frames before the span's first that no other frame is made from."""
    self._lead_in = None
    stamped = [(packet.pts, packet) for packet in packets if packet.size and packet.pts is not None]
    first = None
    if len(stamped) == sum(packet.size > 0 for packet in packets):
      begun = [stamp for stamp, packet in stamped if self._time(stamp, packet) <= start + TIMESTAMP_TOLERANCE]
      first = max(begun, default=None)
    for packet in packets:
      unseen = first is not None and packet.size > 0 and packet.pts is not None and packet.pts < first
      packet.stream.codec_context.skip_frame = 'NONREF' if unseen else 'DEFAULT'
      self._decode(packet, part, start)

  def _time(self, stamp: int, packet: av.Packet) -> Fraction:
    origin = self._avi_clock.origin if self._avi_clock else self.origin
    return stamp * time_base(packet) / self._stretch - origin

  def _decode(self, packet: av.Packet, part: StreamPart, start: Fraction) -> None:
    stamp = packet.pts if packet.pts is not None else packet.dts
    time = None if stamp is None else self._time(stamp, packet)
    if self._avi_clock:
      self._avi_clock.goes_in(packet)
    try:
      frames = packet.decode()
    except MemoryError:
      raise
    except av.FFmpegError:
      if self._avi_clock:
        self._avi_clock.is_lost()
      decoded = _Decoded(time, packet.size > 0, True, [])
    else:
      timed = self._in_showing_order(frames) if self._kind == 'video' else [(f, self._own_time(f)) for f in frames]
      decoded = _Decoded(time, packet.size > 0, False, timed)
    if self._kind == 'video':
      self._decoded.append(decoded)  # The next span may need it.
      self._forget(self._limit)
    self._add(decoded, part, start)

  def _own_time(self, frame) -> Fraction | None:
    return None if frame.pts is None else frame.pts * time_base(frame) / self._stretch - self.origin

  def _in_showing_order(self, frames) -> list[tuple[av.VideoFrame, Fraction]]:
    """Gives every frame its time; leaves out those whose damaged timestamps run backwards: what was shown stays."""
    timed = []
    for frame in frames:
      time = self._avi_clock.comes_out(frame) if self._avi_clock else self._own_time(frame)
      if time is None:
        time = self.began if self._last_end is None else self._last_end
      if self._last_time is None or time > self._last_time:
        self._last_time, self._last_end = time, time + self.shown_seconds(frame)
        timed.append((frame, time))
        if self._shape:
          self._shape.see(time)
    return timed

  def _add(self, decoded: _Decoded, part: StreamPart, start: Fraction) -> None:
    """Adds a packet to a span."""
    # After a seek the first packets may lack what they refer to, so only the span's own are counted.
    in_span = decoded.time is None or decoded.time >= start
    part.packets += in_span and decoded.has_data
    # A packet of Theora without data says that the picture stays; FFmpeg calls it an invalid argument.
    part.damaged += in_span and decoded.is_broken and decoded.has_data
    for frame, time in decoded.frames:
      part.damaged += in_span and bool(frame.is_corrupt)
      if isinstance(part.track, VideoTrack):
        part.track.add(frame, time, self.shown_seconds(frame))
      elif frame.sample_rate in _SAMPLE_RATES:
        part.track.add(frame, time)
      else:
        part.damaged += in_span

  def shown_seconds(self, frame: av.VideoFrame) -> Fraction:
    """How long a frame is shown if none follows."""
    if frame.duration and frame.duration > 0:
      return frame.duration * time_base(frame)
    rate = fraction(self._stream.average_rate) or fraction(self._stream.base_rate)
    return Fraction(1, 30) if rate is None else 1 / rate

  def check_length(self, limit: Fraction) -> None:
    """Raises MediaError('too_large') when the file declares more than `limit` seconds."""
    if self._declared_end is not None and self._declared_end > limit:
      raise MediaError(
        'too_large',
        f'{self._path} is {float(self._declared_end):.0f} s long, more than max_span_seconds='
        f'{self._options.max_span_seconds:g} from the start of the span: give the span an end.',
      )

  def _find_declared_end(self) -> Fraction | None:
    """Returns the second at which the file says that the stream ends; None when it says nothing reliable."""
    stream, container = self._stream, self._container
    if self._format not in _FORMATS_WITH_DURATION:
      return None
    if self._format == 'matroska':
      return film_end.declared_in_matroska(container, stream)
    of_file = Fraction(container.duration, av.time_base) if container.duration else None
    if stream.duration:
      length = stream.duration * time_base(stream)
      # Windows Media counts it from 0, wherever the stream and the film begin.
      end = length - self.origin if self._format == 'asf' else self._first_stamp + length
      # A stream that an edit list delays and cuts counts its delay twice.
      return min(end, of_file) if of_file and self._format == 'mov' else end
    return of_file if film_end.is_main(container, stream) else None


def began_late(part: StreamPart, start: Fraction, lead: Fraction, is_main: bool) -> bool:
  """Says whether seeking `lead` seconds back was not enough, although the stream has earlier frames."""
  # No frame at all where an index says that there are some: the file breaks off before. Reading it whole for every span would
  # take hours. And sound that is missing for this long has a gap there.
  breaks_off = part.track.first_time is None and part.declared_end is not None
  if lead >= LEADS[1] and (breaks_off or not is_main):
    return False
  needed = start if part.kind == 'video' else max(Fraction(0), start - MARGIN_SECONDS)
  first = part.track.first_time
  return first is None or first > max(needed, part.first_stamp) + TIMESTAMP_TOLERANCE


def read_afresh(
  path: str,
  kind: str,
  start: Fraction,
  limit: Fraction,
  options: ReadOptions,
  threads: int,
  is_main: bool,
  on_the_way: Callable[[], None] = lambda: None,
) -> tuple[StreamReading, StreamPart]:
  """Opens a file and reads a span of one stream, from as near before it as proves enough; returns both."""
  leads = [lead for lead in LEADS if lead is None or start > lead]
  for lead in leads:
    reading = StreamReading(path, kind, options, threads)
    try:
      if lead is not None and not reading.seek(start - lead):
        reading.close()
        continue
      part = reading.read(start, limit, on_the_way)
    except BaseException:
      reading.close()
      raise
    if lead is None or not began_late(part, start, lead, is_main):
      return reading, part
    reading.close()
  raise AssertionError('LEADS end with None, which is always enough.')
