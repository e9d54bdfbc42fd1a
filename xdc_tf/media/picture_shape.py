"""Which size the pictures of a film become: the file declares it, or each part of a broadcast its own. Used by span_reading.py."""

from fractions import Fraction

import av

from xdc_tf.media.container import MediaError, find_stream, fraction, open_container
from xdc_tf.media.jpeg_encoder import EncoderThread, JpegEncoder
from xdc_tf.media.read_options import ReadOptions
from xdc_tf.media.video_track import output_size


class PictureShape:
  """The sizes of a stream's pictures, and an encoder for each."""

  def __init__(self, path: str, stream, options: ReadOptions, threads: int, changes: bool):
    """Looks at what is declared, before a picture is decoded.

    Args:
      path: of the file.
      stream: its video.
      options: the short side, the quality and the most pixels.
      threads: 1, or more: encoders have one of their own then.
      changes: whether the shape of pixels may change on the way, as in a recorded broadcast.

    Raises:
      MediaError: unreadable or too_large.
    """
    self._path, self._stream, self._options, self._threads, self._changes = path, stream, options, threads, changes
    context = stream.codec_context
    width, height = context.width, context.height
    if width <= 0 or height <= 0:
      # FFmpeg leaves the size open when a frame's header asks for more than it is allowed, and when there is no header.
      with open_container(path) as unlimited:
        first = find_stream(unlimited, 'video').codec_context
        width, height = first.width, first.height
    if width <= 0 or height <= 0:
      raise MediaError('unreadable', f'{path}: no frame tells the size of the picture.')
    if width * height > options.max_pixels:
      raise MediaError('too_large', f'{path} declares {width}x{height} pixels; at most {options.max_pixels} are read.')
    context.options = {'max_pixels': str(options.max_pixels)}  # The size may change on the way.
    # The file's own word on the shape of pixels comes before the codec's, which is asked where it changes.
    self._declared = width, height, fraction(stream.sample_aspect_ratio)
    self._codec_aspect = fraction(context.sample_aspect_ratio)
    self._encoders: dict[tuple[int, int], JpegEncoder | EncoderThread] = {}
    self.restart()
    self._size_of(*self._declared)

  def restart(self) -> None:
    """Forgets what was seen: the file is read from another place."""
    self._seen: list[tuple[Fraction | None, Fraction | None]] = [(None, self._codec_aspect)]

  def see(self, time: Fraction) -> None:
    """Notes what the codec says of the picture that has just come out, which is shown at `time`."""
    aspect = fraction(self._stream.codec_context.sample_aspect_ratio)
    if aspect != self._seen[-1][1]:
      self._seen.append((time, aspect))

  def encoder_of(self, frame: av.VideoFrame, time: Fraction) -> JpegEncoder | EncoderThread:
    """Returns the encoder that gives a picture its shape; raises MediaError('too_large') where it would become too large."""
    aspect = self._declared[2]
    # The picture of a call changes its size when a telephone is turned, in files that declare but one.
    width, height = frame.width, frame.height
    if self._changes or (width, height) != self._declared[:2]:
      latest = next(aspect for since, aspect in reversed(self._seen) if since is None or since <= time)
      aspect = aspect if latest == self._codec_aspect else latest
    size = self._size_of(width, height, aspect)
    if size not in self._encoders:
      encoder = JpegEncoder(size, self._options.jpeg_quality)
      self._encoders[size] = encoder if self._threads == 1 else EncoderThread(encoder)
    return self._encoders[size]

  def _size_of(self, width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    size, limit = output_size(width, height, aspect, self._options.short_side), self._options.max_pixels
    if size[0] * size[1] > limit:
      raise MediaError(
        'too_large',
        f'{self._path} is {width}x{height}, which would become {size[0]}x{size[1]}; at most {limit} pixels are read.',
      )
    return size
