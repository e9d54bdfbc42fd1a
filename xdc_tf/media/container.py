"""Opens video files of any kind, near or far, and turns every failure into a MediaError. PyAV only; used by media.py."""

import contextlib
import os
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

REASONS = (
  'missing_file',
  'unreadable',
  'no_video_track',
  'no_audio_track',
  'empty_span',
  'too_large',
  'truncated',
  'decoder_timeout',
  'decoder_crashed',
  'clock_jump',
)

# Tags are often not UTF-8, which is no reason to refuse a video. PyAV 19 takes them without being told.
_TAG_OPTIONS = {'metadata_errors': 'replace'} if int(av.__version__.split('.')[0]) < 19 else {}


class MediaError(ValueError):
  """A video that cannot be used, with one of REASONS and a sentence for people."""

  def __init__(self, reason: str, detail: str):
    """Keeps `reason` and `detail`."""
    super().__init__(reason, detail)
    self.reason, self.detail = reason, detail

  def __str__(self) -> str:
    return f'{self.reason}: {self.detail}'


def open_container(path: str, max_pixels: int | None = None):
  """Opens a container. Only the file itself is read: a playlist cannot make FFmpeg fetch something else."""
  path = os.fspath(path)
  remote = '://' in path
  if not remote and os.path.isfile(path) and os.path.getsize(path) == 0:
    raise MediaError('unreadable', f'{path} is an empty file.')
  container = av.open(  # type: ignore[call-overload]
    RemoteFile(path) if remote else f'file:{path}',
    options={'protocol_whitelist': 'file', 'threads': '1'} | ({'max_pixels': str(max_pixels)} if max_pixels else {}),
    **_TAG_OPTIONS,
  )
  if container.format.name == 'tty':  # FFmpeg would show any text file as a film of its letters.
    container.close()
    raise MediaError('unreadable', f'{path} is a text file.')
  return container


class RemoteFile:
  """A file object over tf.io.gfile whose errors are OSErrors. Imports TensorFlow, which local paths do not need."""

  def __init__(self, path: str):
    """Opens `path`; raises FileNotFoundError when there is no such file."""
    import tensorflow as tf

    from xdc_tf import files

    files.use_file_system(path)
    self._error = tf.errors.OpError
    with self._as_os_error(path):
      if not tf.io.gfile.exists(path):
        raise FileNotFoundError(path)
      self._file = tf.io.gfile.GFile(path, 'rb')
      self._size = self._file.size()

  @contextlib.contextmanager
  def _as_os_error(self, path: str = '') -> Iterator[None]:
    try:
      yield
    except self._error as error:
      raise OSError(f'{path}: {error.message}') from error

  def read(self, size: int) -> bytes:
    """Returns up to `size` bytes."""
    with self._as_os_error():
      return self._file.read(size)

  def seek(self, offset: int, whence: int = 0) -> int:
    """Moves to a byte and returns its position."""
    with self._as_os_error():
      self._file.seek((0, self._file.tell(), self._size)[whence] + offset)
      return self._file.tell()

  def tell(self) -> int:
    """Returns the position in bytes."""
    with self._as_os_error():
      return self._file.tell()

  def close(self) -> None:
    """Closes the file."""
    self._file.close()


@contextlib.contextmanager
def media_errors(path: str) -> Iterator[None]:
  """Turns what FFmpeg and the file system raise into MediaErrors."""
  try:
    yield
  except FileNotFoundError as error:
    raise MediaError('missing_file', f'{path} does not exist.') from error
  except MemoryError:
    raise  # A matter of this machine, not of the file's form; the decoder process reports it.
  except (av.FFmpegError, OSError) as error:
    raise MediaError('unreadable', f'{path} cannot be read as a video ({error.strerror or error}).') from error


def find_stream(container, kind: str, choice: str = ''):
  """Returns the stream of a kind that a player would take; None when none can be decoded.

  That is the default one, else the first that is neither commentary nor for the hearing or visually impaired, else the first.
  Cover pictures do not count.

  Args:
    container: an open file.
    kind: 'video' or 'audio'.
    choice: '' or the number of the stream among those of its kind, from 1 on, or its language as the file has it, such as 'deu'.

  Raises:
    MediaError: no_video_track or no_audio_track, when there are streams, but none is the chosen one.
  """
  streams = [s for s in getattr(container.streams, kind) if s.codec_context is not None and not _is(s, 'attached_pic')]
  if choice and streams:
    numbered = {str(number): stream for number, stream in enumerate(getattr(container.streams, kind), 1)}
    chosen = [numbered[choice]] if choice in numbered else [s for s in streams if s.metadata.get('language') == choice]
    chosen = [stream for stream in chosen if stream in streams]
    if not chosen:
      languages = ', '.join(f'{n} ({s.metadata.get("language", "no language")})' for n, s in numbered.items())
      raise MediaError(
        f'no_{kind}_track',
        f'{container.name.removeprefix("file:")}: {kind} track {choice!r} is wanted; it has track {languages}.',
      )
    streams = chosen
  elif kind == 'video':  # Some have tracks without any packet beside the one that has the film.
    streams = [s for s in streams if s.average_rate] or streams
  for_everybody = [s for s in streams if not any(_is(s, name) for name in _FOR_SOME)]
  return next(iter([s for s in streams if _is(s, 'default')] + for_everybody + streams), None)


_FOR_SOME = ('comment', 'hearing_impaired', 'visual_impaired')


def _is(stream, disposition: str) -> bool:
  return bool(stream.disposition & getattr(av.stream.Disposition, disposition))


def fraction(value) -> Fraction | None:
  """Returns a rate or time base of PyAV as a Fraction, None where it is unknown.

  PyAV 19 has a type of its own for them: its arithmetic holds 32 bits only, it has no round(), and 0/0 is possible.
  """
  if value is None or not value.denominator or not value.numerator:
    return None
  return Fraction(int(value.numerator), int(value.denominator))


def time_base(timed: Any) -> Fraction:
  """Returns the seconds that one tick of a packet, frame or stream lasts; those that have timestamps have it."""
  seconds = fraction(timed.time_base)
  assert seconds is not None
  return seconds


# Recordings of these formats can be joined end to end as they are; the clock then starts again in the middle of the file.
JOINED_FORMATS = ('mpegts', 'mpeg')
_LONGEST_DISORDER_SECONDS = 1
# A receiver may lose its signal for a while.
_LONGEST_GAP_SECONDS = 60


class ClockWatch:
  """Looks at packets one after the other for a clock that jumps."""

  def __init__(self, path: str, sees_all: bool):
    """`path` is for the message; `sees_all`: the packets of all streams are seen, so that no pause of one is a jump ahead."""
    self._path, self._sees_all = path, sees_all
    self._latest: dict[int, Fraction] = {}

  def see(self, packet: av.Packet) -> None:
    """Takes the next packet of the file; raises MediaError('clock_jump') when it is before or far after the others."""
    if packet.dts is None:
      return
    time = packet.dts * time_base(packet)
    newest = max(self._latest.values(), default=time)
    latest = self._latest.setdefault(packet.stream.index, time)
    is_ahead = self._sees_all and time > newest + _LONGEST_GAP_SECONDS
    if is_ahead or time < latest - _LONGEST_DISORDER_SECONDS:
      jump = f'ahead from {float(newest):.3f}' if is_ahead else f'back from {float(latest):.3f}'
      raise MediaError(
        'clock_jump',
        f'The clock of {self._path} jumps {jump} s to {float(time):.3f} s: recordings were joined end to end. '
        '`ffmpeg -i IN -c copy OUT.mp4` gives them one clock.',
      )
    self._latest[packet.stream.index] = max(latest, time)


def is_whole(path: str) -> bool:
  """Whether a Matroska file has all the bytes that its header declares; False where it declares none, as a live stream."""
  file = RemoteFile(path) if '://' in os.fspath(path) else open(path, 'rb')  # noqa: SIM115 - a RemoteFile is no context manager.
  try:
    head, size = file.read(4096), file.seek(0, os.SEEK_END)
  finally:
    file.close()
  position = head.find(_MATROSKA_SEGMENT) + len(_MATROSKA_SEGMENT)
  if position < len(_MATROSKA_SEGMENT) or position >= len(head) or not head[position]:
    return False
  length = 9 - head[position].bit_length()  # The first byte's leading zeros say how many bytes the number has.
  declared = int.from_bytes(head[position : position + length], 'big') & ((1 << 7 * length) - 1)
  return declared != (1 << 7 * length) - 1 and position + length + declared <= size


_MATROSKA_SEGMENT = bytes.fromhex('18538067')
