"""Where a film ends by its packets, whatever its header says. Used by media.py and span_checks.py."""

import collections
import contextlib
from collections.abc import Iterator
from fractions import Fraction

import av

from xdc_tf.media.container import ClockWatch, find_stream, is_whole, open_container, time_base

_LONGEST_PACKET_SECONDS = Fraction(1, 2)


def _packets_of(container) -> Iterator[av.Packet]:
  """Yields the packets of a file until it ends or breaks off."""
  packets = container.demux()
  while True:
    try:
      yield next(packets)
    except (StopIteration, IndexError, av.FFmpegError):
      return


def end_of_packets(container, stream=None, clock: ClockWatch | None = None) -> Fraction:
  """Returns the end of the last packet from where a container is, in seconds since the file's start; 0 without any.

  Args:
    container: an open file.
    stream: whose packets count; None: those of all.
    clock: sees them all.
  """
  origin, ends = Fraction(container.start_time or 0, av.time_base), collections.defaultdict[int, Fraction](Fraction)
  for packet in _packets_of(container):
    # What an edit list cuts off is handed out as well, to be thrown away.
    if not packet.is_discard and (stream is None or packet.stream_index == stream.index):
      ends[packet.stream_index] = max(ends[packet.stream_index], _end_of(packet, ends[packet.stream_index], origin))
    if clock:
      clock.see(packet)
  return max(ends.values(), default=Fraction(0))


def _end_of(packet: av.Packet, before: Fraction, origin: Fraction) -> Fraction:
  """The end of a packet; one without a timestamp follows what was before it."""
  stamp = packet.pts if packet.pts is not None else packet.dts
  duration = packet.duration or 0
  if not 0 < duration < 2**31:  # Negative ones come without their sign.
    duration = 0
  if stamp is None:
    return before + duration * time_base(packet) if duration else before
  return (stamp + duration) * time_base(packet) - origin


def end_of_last_packets(container, declared: Fraction, stream=None) -> Fraction:
  """Returns where a stream ends, or the last one, in seconds since the file's start, by its packets near the declared end.

  Headers count from 0 where the first timestamp is late (Matroska), tell of the longest stream, or of a recording that went on.
  """
  try:
    container.seek((container.start_time or 0) + int(declared * av.time_base))
    end = end_of_packets(container, stream)
  except av.FFmpegError:
    end = Fraction(0)
  if not end:  # The stream ended long before.
    with contextlib.suppress(av.FFmpegError):  # What cannot be sought and was not read yet can be read.
      container.seek(container.start_time or 0)
    end = end_of_packets(container, stream)
  return end


def is_main(container, stream) -> bool:
  """Whether a duration that a file declares for all of its streams is this one's: the picture's, as far as one can tell."""
  return (find_stream(container, 'video') or stream).index == stream.index


def declared_in_matroska(container, stream) -> Fraction | None:
  """Returns the second at which a Matroska file says that a stream ends; None when it says nothing reliable.

  A tag, where there is one, is the stream's own; the file's duration is one for all. Both count from 0, wherever the film begins.
  """
  end = _parse_clock(stream.metadata.get('DURATION', ''))
  if end is None and container.duration and is_main(container, stream):
    end = Fraction(container.duration, av.time_base)
  return None if end is None else end - Fraction(container.start_time or 0, av.time_base)


def shown_until(path: str, container, video, end: Fraction) -> Fraction:
  """Returns until when a film shows its last picture, whose packet ends at `end`.

  In a whole Matroska file that is its declared end: its writer held the picture, as under slides.
  """
  is_matroska = container.format.name.split(',')[0] == 'matroska'
  declared = declared_in_matroska(container, video) if is_matroska else None
  return declared if declared is not None and declared > end and is_whole(path) else end


def _parse_clock(text: str) -> Fraction | None:
  """Returns the seconds of 'HH:MM:SS.fraction', None for anything else."""
  try:
    hours, minutes, seconds = text.split(':')
    return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
  except ValueError:
    return None


def breaks_off(path: str, seconds: Fraction) -> bool:
  """Says whether no stream of a file goes on for the seconds that it declares."""
  with open_container(path) as container:
    return seconds - end_of_last_packets(container, seconds) > _LONGEST_PACKET_SECONDS
