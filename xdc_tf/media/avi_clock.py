"""When the pictures of an AVI file are shown: its stamps are those of decoding, in another order. Used by span_reading.py."""

import collections
import re
from fractions import Fraction

import av

from xdc_tf.media.container import time_base

# In MPEG-4 Part 2: every picture begins so, then two bits have its kind.
_PICTURE = re.compile(rb'\x00\x00\x01\xb6(.)', re.DOTALL)
_BETWEEN = 2  # Made from the pictures on both sides of it.


class AviClock:
  """Gives the n-th picture that is shown the n-th time that is there: reordering changes the order, not the times.

  So pictures that were left out when the film was made, as empty chunks, leave their gaps.
  """

  def __init__(self, stream, origin: Fraction):
    """Begins at the start of the file, or where it was sought to; `origin` is the second at which the file begins."""
    self.begins_at_keyframe = False
    self._stream, self._origin = stream, origin
    self._times: collections.deque[Fraction] = collections.deque()

  def goes_in(self, packet: av.Packet) -> None:
    """Takes the time of a packet, before it is decoded."""
    if packet.size and packet.dts is not None:
      self._times.append(packet.dts * time_base(packet) - self._origin)
      if self.begins_at_keyframe:
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
    return None if frame.pts is None else frame.pts * time_base(frame) - self._origin

  def _leave_out_leading(self, packet: av.Packet) -> None:
    """After the first keyframe may come pictures shown before it: they lack what they are made from, and do not come out."""
    if self._stream.codec_context.name != 'mpeg4':
      self.begins_at_keyframe = False
      return
    for kind in (header[0] >> 6 for header in _PICTURE.findall(bytes(packet))):
      if kind != _BETWEEN and not packet.is_keyframe:
        self.begins_at_keyframe = False
        break
      if kind == _BETWEEN and self._times:
        self._times.popleft()
