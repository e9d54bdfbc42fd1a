"""Decoded video frames -> JPEGs on a regular time grid. PyAV only; used by media.py."""

from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

# Timestamps are rounded by containers (to 1 ms by Matroska and Flash), so a frame may look up to this much too late.
# Not a round number of milliseconds, so that no rounded timestamp lies exactly on the border.
TIMESTAMP_TOLERANCE = Fraction(9, 10_000)


def output_size(width: int, height: int, pixel_aspect: Fraction | None, short_side: int) -> tuple[int, int]:
  """Returns (width, height) in square pixels: the short side exactly `short_side`, the long side rounded to even.

  Args:
    width: stored pixels in a row.
    height: stored rows.
    pixel_aspect: width of a pixel over its height; values that no camera makes are taken for 1.
    short_side: pixels.
  """
  if not pixel_aspect or not Fraction(1, 4) <= pixel_aspect <= 4:
    pixel_aspect = Fraction(1)
  shown_width = width * pixel_aspect
  if shown_width <= height:
    return short_side, max(short_side, 2 * round(short_side * height / shown_width / 2))
  return max(short_side, 2 * round(short_side * shown_width / height / 2)), short_side


class JpegEncoder:
  """Scales frames and writes them as baseline JPEGs: full-range BT.601 4:2:0, as every JPEG reader expects.

  The planes go from the decoder to the encoder without a detour over RGB. A frame without colour tags is taken for
  BT.601, as FFmpeg does. The same frame always gives the same bytes: fixed quantiser, one thread, no version string.
  """

  def __init__(self, size: tuple[int, int], quality: int):
    """Sets up the scaler; `size` is (width, height) before rotation, `quality` FFmpeg's qscale (2 best .. 31)."""
    self._size, self._quality = size, quality
    self._reformatter = VideoReformatter()
    self._encoders = {}
    self._count = 0

  def encode(self, frame: av.VideoFrame) -> bytes:
    """Returns the JPEG of one decoded frame, turned upright when the file carries rotation metadata."""
    width, height = self._size
    shrinks = min(frame.width, frame.height) >= min(width, height)
    scaled = self._reformatter.reformat(
      frame,
      width,
      height,
      'yuvj420p',
      dst_colorspace=Colorspace.ITU601,
      dst_color_range=ColorRange.JPEG,
      # Averaging is the most exact when shrinking and shows blocks when enlarging.
      interpolation=Interpolation.AREA if shrinks else Interpolation.BICUBIC,
    )
    quarter_turns = round(frame.rotation / 90) % 4
    if quarter_turns:
      scaled = _rotate(scaled, quarter_turns)
    elif scaled is frame:
      scaled = _rotate(frame, 0)  # The decoder still owns this frame: its timestamp must stay.
    scaled.pts, scaled.time_base, scaled.pict_type = self._count, Fraction(1, 30), 0
    self._count += 1
    return b''.join(bytes(packet) for packet in self._encoder(scaled.width, scaled.height).encode(scaled))

  def _encoder(self, width: int, height: int) -> av.VideoCodecContext:
    if (width, height) not in self._encoders:
      encoder = av.CodecContext.create('mjpeg', 'w')
      encoder.width, encoder.height, encoder.pix_fmt = width, height, 'yuvj420p'
      encoder.time_base = Fraction(1, 30)
      encoder.qmin = encoder.qmax = self._quality
      encoder.thread_count = 1
      encoder.options = {'flags': '+bitexact'}
      self._encoders[width, height] = encoder
    return self._encoders[width, height]


def _rotate(frame: av.VideoFrame, quarter_turns: int) -> av.VideoFrame:
  """Returns a copy of a planar 8-bit frame, turned counterclockwise."""
  size = (frame.width, frame.height) if quarter_turns % 2 == 0 else (frame.height, frame.width)
  turned = av.VideoFrame(*size, frame.format.name)
  turned.color_range, turned.colorspace = frame.color_range, frame.colorspace
  for source, target in zip(frame.planes, turned.planes, strict=True):
    pixels = np.frombuffer(source, np.uint8).reshape(-1, source.line_size)[: source.height, : source.width]
    rows = np.zeros((target.buffer_size // target.line_size, target.line_size), np.uint8)
    rows[: target.height, : target.width] = np.rot90(pixels, quarter_turns)
    target.update(rows.tobytes())
  return turned


class VideoTrack:
  """Collects the JPEG shown at every grid time start + k / frame_rate: the last frame that began by then.

  Attributes:
    frames: list of JPEG bytes so far. A frame shown at several grid times is encoded once.
    first_time: seconds of the first decoded frame, None before it.
    end_time: seconds at which the last decoded frame stops being shown, None before the first.
    gaps: list of (start, end) seconds for which a frame was held longer than it says.
    done: whether the grid is full up to `limit`.
  """

  def __init__(self, start: Fraction, limit: Fraction, frame_rate: Fraction, encoder: JpegEncoder):
    """Makes an empty grid over [start, limit) seconds."""
    self._start, self._limit, self._frame_rate, self._encoder = start, limit, frame_rate, encoder
    self._held = self._held_jpeg = self._held_time = None
    self.frames: list[bytes] = []
    self.first_time = self.end_time = None
    self.gaps: list[tuple[Fraction, Fraction]] = []
    self.done = False

  def add(self, frame: av.VideoFrame, time: Fraction | None, duration: Fraction) -> None:
    """Takes the next frame in showing order.

    Args:
      frame: the decoded frame.
      time: seconds since the file's start; None (no timestamp) means right after the frame before.
      duration: seconds that the frame is shown if none follows.
    """
    if time is None:
      time = Fraction(0) if self.end_time is None else self.end_time
    if self._held is not None:
      if time <= self._held_time:
        return  # Damaged timestamps that run backwards: what was shown stays.
      self._show_held(before=time)
      if time > self.end_time:
        self.gaps.append((self.end_time, time))
    else:
      self.first_time = time
    self._held, self._held_jpeg, self._held_time = frame, None, time
    self.end_time = time + duration
    self.done = len(self.frames) >= round((self._limit - self._start) * self._frame_rate)

  def finish(self, end: Fraction) -> list[bytes]:
    """Returns the round((end - start) * frame_rate) JPEGs of [start, end); the last frame stays to the end."""
    count = max(0, round((end - self._start) * self._frame_rate))
    if self._held is not None:
      self._show_held(count=count)
    return self.frames[:count]

  def _show_held(self, before: Fraction | None = None, count: int | None = None) -> None:
    count = round((self._limit - self._start) * self._frame_rate) if count is None else count
    while len(self.frames) < count:
      shown_at = self._start + len(self.frames) / self._frame_rate
      if before is not None and shown_at + TIMESTAMP_TOLERANCE >= before:
        return
      if self._held_jpeg is None:
        self._held_jpeg = self._encoder.encode(self._held)
      self.frames.append(self._held_jpeg)
