"""When the pictures of an AVI file are shown and its sounds heard, which its stamps do not say. Used by span_reading.py.

So it is with pictures in MXF and MP4 that were copied from where only some have stamps: by these a third would run backwards.
"""

import bisect
import collections
import itertools
import re
from fractions import Fraction

import av

from xdc_tf.media.container import find_stream, open_container, time_base

# How every picture begins, where in the byte that follows its kind is, and the kind that is made from the pictures on both sides.
# A packet of MPEG-4 may hold two pictures. In MPEG-1 and 2 two headers are the halves of one picture.
_MPEG_2 = re.compile(rb'^.*?\x00\x00\x01\x00.(.)', re.DOTALL), lambda byte: byte >> 3 & 7, 3
_PICTURES = {
  'mpeg4': (re.compile(rb'\x00\x00\x01\xb6(.)', re.DOTALL), lambda byte: byte >> 6, 2),
  'mpeg1video': _MPEG_2,
  'mpeg2video': _MPEG_2,
}


# From packet to packet of these FFmpeg counts the bytes of one, and not 1: a film of 6 s has stamps up to 47 minutes.
_SOUND_IN_BLOCKS = ('eac3', 'dca', 'g722', 'g726')


def sound_stretch(container, stream) -> Fraction:
  """Returns how many times too large the stamps of an AVI file's sound are; reads on from the file's start."""
  if stream.codec_context.name not in _SOUND_IN_BLOCKS:
    return Fraction(1)
  first = list(itertools.islice((packet for packet in container.demux(stream) if packet.dts is not None), 2))
  container.seek(0, stream=stream)
  if len(first) < 2 or not first[0].duration:
    return Fraction(1)
  return max(Fraction(1), Fraction(first[1].dts - first[0].dts, first[0].duration))


_LOOKED_AT = 100  # Packets: some groups of pictures.
_CHUNK_HEADER_BYTES = 8  # The index has the places of chunks, packets those of what is in them.


def decoding_offset(path: str, container, stream, max_pixels: int) -> Fraction | None:
  """Returns the seconds from the first stamp of showing to that of decoding; None where those of showing can be trusted."""
  name, kind = container.format.name.split(',')[0], stream.codec_context.name
  if name == 'avi':
    return Fraction(0)
  is_doubtful = name == 'mxf' or (name == 'mov' and kind in ('mpeg1video', 'mpeg2video'))
  if not (is_doubtful and stream.codec_context.has_b_frames):
    return None
  with open_container(path, max_pixels) as own:
    own_stream = find_stream(own, 'video')
    packets = [packet for packet in itertools.islice(own.demux(own_stream), _LOOKED_AT) if packet.size]
    try:
      shown = [frame.pts for packet in packets for frame in packet.decode() if frame.pts is not None]
    except av.FFmpegError:
      return None
    runs_backwards = any(after <= before for before, after in itertools.pairwise(shown))
    if not runs_backwards or packets[0].dts is None or own_stream.start_time is None:
      return None
    return (packets[0].dts - own_stream.start_time) * time_base(packets[0])


class AviClock:
  """Gives the n-th picture that is shown the n-th time that is there: reordering changes the order, not the times.

  So pictures that were left out when the film was made, as empty chunks, leave their gaps.

  Attributes:
    origin: the stamp at which the film begins, in seconds.
  """

  def __init__(self, stream, origin: Fraction):
    """Begins at the start of the file, whose stamps begin at `origin` seconds."""
    self.origin = origin
    self._begins_at_keyframe = False
    self._stream = stream
    self._times: collections.deque[Fraction] = collections.deque()

  def is_sought(self, first: av.Packet) -> None:
    """The file was sought to a place whose first packet is this keyframe.

    FFmpeg counts on from there by the wrong number where empty chunks lie among the sound before it; the index has the right one.
    """
    self._begins_at_keyframe = True
    if first.pos is None or first.dts is None:
      return
    entries, chunk = self._stream.index_entries, first.pos - _CHUNK_HEADER_BYTES
    place = bisect.bisect_left(range(len(entries)), chunk, key=lambda number: entries[number].pos)
    if place < len(entries) and entries[place].pos == chunk:
      self.origin += (first.dts - entries[place].timestamp) * time_base(first)

  def goes_in(self, packet: av.Packet) -> None:
    """Takes the time of a packet, before it is decoded."""
    if packet.size and packet.dts is not None:
      self._times.append(packet.dts * time_base(packet) - self.origin)
      if self._begins_at_keyframe:
        self._leave_out_leading(packet)

  def is_lost(self) -> None:
    """The packet that went in last cannot be decoded."""
    if self._times:
      self._times.pop()

  def comes_out(self, frame: av.VideoFrame) -> Fraction | None:
    """Returns the second at which the next frame in showing order begins; None when nothing says it."""
    time = self._times.popleft() if self._times else None
    if self._stream.codec_context.has_b_frames:
      return time
    return None if frame.pts is None else frame.pts * time_base(frame) - self.origin

  def _leave_out_leading(self, packet: av.Packet) -> None:
    """After the first keyframe may come pictures shown before it: they lack what they are made from, and do not come out."""
    name = self._stream.codec_context.name
    if name not in _PICTURES:
      self._begins_at_keyframe = False
      return
    header, kind_of, between = _PICTURES[name]
    for byte in header.findall(bytes(packet)):
      is_between = kind_of(byte[0]) == between
      if not is_between and not packet.is_keyframe:
        self._begins_at_keyframe = False
        break
      if is_between and self._times:
        self._times.popleft()
