"""Decoded video frames -> JPEGs on a regular time grid. PyAV only; used by media.py."""

from collections.abc import Callable
from concurrent.futures import Future
from fractions import Fraction

import av

from xdc_tf.media.jpeg_encoder import EncoderThread, JpegEncoder

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


# Of a frame and its time, the encoder that gives its picture the right shape.
EncoderOf = Callable[[av.VideoFrame, Fraction], JpegEncoder | EncoderThread]


class VideoTrack:
  """Collects the JPEG shown at every grid time start + k / frame_rate: the last frame that began by then.

  Attributes:
    frames: list of JPEGs so far, bytes or to come. A frame shown at several grid times is encoded once.
    first_time: seconds of the first decoded frame, None before it.
    end_time: seconds at which the last decoded frame stops being shown, None before the first.
    gaps: list of (start, end) seconds for which a frame was held longer than it says.
    done: whether the grid is full up to `limit`.
  """

  def __init__(self, start: Fraction, limit: Fraction, frame_rate: Fraction, encoder_of: EncoderOf):
    """Makes an empty grid over [start, limit) seconds; all frames get the encoder of the first one that is shown."""
    self._start, self._limit, self._frame_rate, self._encoder_of = start, limit, frame_rate, encoder_of
    self._encoder: JpegEncoder | EncoderThread | None = None
    self._held: tuple[av.VideoFrame, Fraction] | None = None
    self._held_jpeg: bytes | Future | None = None
    self.frames: list[bytes | Future] = []
    self.first_time: Fraction | None = None
    self.end_time: Fraction | None = None
    self.gaps: list[tuple[Fraction, Fraction]] = []
    self.done = False

  def add(self, frame: av.VideoFrame, time: Fraction, duration: Fraction) -> None:
    """Takes the next frame in showing order.

    Args:
      frame: the decoded frame.
      time: seconds since the file's start, later than the frame before.
      duration: seconds that the frame is shown if none follows.
    """
    if self._held is not None and self.end_time is not None:
      self._show_held(*self._held, before=time)
      if time > self.end_time:
        self.gaps.append((self.end_time, time))
    else:
      self.first_time = time
    self._held, self._held_jpeg = (frame, time), None
    self.end_time = time + duration
    self.done = len(self.frames) >= round((self._limit - self._start) * self._frame_rate)

  def finish(self, end: Fraction) -> list[bytes]:
    """Returns the round((end - start) * frame_rate) JPEGs of [start, end); the last frame stays to the end."""
    count = max(0, round((end - self._start) * self._frame_rate))
    if self._held is not None:
      self._show_held(*self._held, count=count)
    return [jpeg.result() if isinstance(jpeg, Future) else jpeg for jpeg in self.frames[:count]]

  def _show_held(
    self, held: av.VideoFrame, began: Fraction, before: Fraction | None = None, count: int | None = None
  ) -> None:
    count = round((self._limit - self._start) * self._frame_rate) if count is None else count
    while len(self.frames) < count:
      shown_at = self._start + len(self.frames) / self._frame_rate
      if before is not None and shown_at + TIMESTAMP_TOLERANCE >= before:
        return
      if self._held_jpeg is None:
        self._encoder = self._encoder or self._encoder_of(held, began)
        self._held_jpeg = self._encoder.encode(held)
      self.frames.append(self._held_jpeg)
