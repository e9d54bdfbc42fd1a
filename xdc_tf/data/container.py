"""Opens video files of any kind, near or far, and turns every failure into a MediaError. PyAV only; used by media.py."""

import contextlib
import os
from collections.abc import Iterator

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
  container = av.open(
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


def find_stream(container, kind: str):
  """Returns the first stream of a kind that can be decoded and is not a cover picture; None when there is none."""
  for stream in getattr(container.streams, kind):
    is_cover = bool(stream.disposition & av.stream.Disposition.attached_pic)
    if stream.codec_context is not None and not is_cover:
      return stream
  return None
