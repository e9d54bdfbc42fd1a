"""Where a film ends by its packets, whatever its header says. Used by media.py and span_checks.py."""

from collections.abc import Iterator
from fractions import Fraction

import av

from xdc_tf.media.container import ClockWatch, open_container, time_base

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
  origin, end = Fraction(container.start_time or 0, av.time_base), Fraction(0)
  for packet in _packets_of(container):
    stamp = packet.pts if packet.pts is not None else packet.dts
    # What an edit list cuts off is handed out as well, to be thrown away.
    if stamp is not None and not packet.is_discard and (stream is None or packet.stream_index == stream.index):
      end = max(end, (stamp + (packet.duration or 0)) * time_base(packet) - origin)
    if clock:
      clock.see(packet)
  return end


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
    container.seek(container.start_time or 0)
    end = end_of_packets(container, stream)
  return end


def breaks_off(path: str, seconds: Fraction) -> bool:
  """Says whether no stream of a file goes on for the seconds that it declares."""
  with open_container(path) as container:
    return seconds - end_of_last_packets(container, seconds) > _LONGEST_PACKET_SECONDS
