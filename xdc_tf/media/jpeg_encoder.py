"""Decoded video frames -> JPEGs of one size. PyAV only; used by video_track.py."""

import collections
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.filter import Graph
from av.sidedata.sidedata import SideDataContainer
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

# AVColorSpace of frames in BT.709, as their tag says. Such frames are most of the world's video.
_TAG_709 = 1
# Decoded frames that wait for the encoder: enough to even out frames that take long, few enough for 8K.
_MAX_WAITING = 8


class JpegEncoder:
  """Scales frames and writes them as baseline JPEGs: full-range BT.601 4:2:0, as every JPEG reader expects.

  The planes go from the decoder to the encoder without a detour over RGB. A frame without colour tags is taken for
  BT.601, as FFmpeg does. The same frame always gives the same bytes: fixed quantiser, one thread, no version string.
  """

  def __init__(self, size: tuple[int, int], quality: int):
    """Sets up the scaler; `size` is (width, height) before rotation, `quality` FFmpeg's qscale (2 best .. 31)."""
    self._size, self._quality = size, quality
    self._reformatter = VideoReformatter()
    self._encoders: dict[Any, Any] = {}
    self._graphs: dict[Any, Any] = {}
    self._count = 0

  def encode(self, frame: av.VideoFrame) -> bytes:
    """Returns the JPEG of one decoded frame, turned and mirrored as the file's display matrix says."""
    scaled = self._scale(frame)
    matrix = display_matrix(frame)
    if scaled is frame or (matrix != _UPRIGHT).any():  # The decoder may still own the frame: its timestamp must stay.
      scaled = _turned(scaled, matrix)
    scaled.pts, scaled.time_base, scaled.pict_type = self._count, Fraction(1, 30), 0
    self._count += 1
    encoder = self._encoder(scaled.width, scaled.height, scaled.format.name)
    return b''.join(bytes(packet) for packet in encoder.encode(scaled))

  def _scale(self, frame: av.VideoFrame) -> av.VideoFrame:
    """Returns the frame in the size asked for, full-range BT.601, 8 bits, 4:2:0."""
    if any(side % 2 for side in self._size):
      return self._reformat(
        frame, 'yuvj420p', Colorspace.ITU601, ColorRange.JPEG
      )  # The colour filter wants even sides.
    # Asked for another matrix, swscale would go over RGB, which takes twice as long and is less exact. So the planes are
    # scaled as they are, and FFmpeg's colour filter changes matrix and range of the few pixels that are left.
    is_709 = frame.colorspace == _TAG_709
    is_full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith('yuvj')
    matrix = Colorspace.ITU709 if is_709 else Colorspace.ITU601
    color_range = ColorRange.JPEG if is_full else ColorRange.MPEG
    scaled = self._reformat(frame, 'yuv420p', matrix, color_range)
    if is_full and not is_709:
      return scaled
    graph = self._graph(is_709, is_full)
    graph.push(scaled)
    return graph.pull()  # type: ignore[return-value]

  def _reformat(self, frame: av.VideoFrame, pixel_format: str, matrix: int, color_range: int) -> av.VideoFrame:
    width, height = self._size
    shrinks = min(frame.width, frame.height) >= min(width, height)
    return self._reformatter.reformat(
      frame,
      width,
      height,
      pixel_format,
      dst_colorspace=matrix,
      dst_color_range=color_range,
      # Averaging is the most exact when shrinking and shows blocks when enlarging.
      interpolation=Interpolation.AREA if shrinks else Interpolation.BICUBIC,
      threads=1,
    )

  def _graph(self, is_709: bool, is_full: bool) -> Graph:
    """Returns the filter from one kind of scaled planes to full-range BT.601."""
    if (is_709, is_full) not in self._graphs:
      graph, (width, height) = Graph(), self._size
      graph.threads = 1
      matrix, color_range = 'bt709' if is_709 else 'smpte170m', 'pc' if is_full else 'tv'
      source = f'video_size={width}x{height}:pix_fmt=yuv420p:time_base=1/30:colorspace={matrix}:range={color_range}'
      # Primaries and transfer curve are named the same on both sides: RGB would not change, so neither is touched.
      same = ':'.join(f'{side}primaries=bt709:{side}trc=bt709' for side in ('i', ''))
      colours = f'ispace={matrix}:irange={color_range}:space=smpte170m:range=pc:format=yuv420p:{same}'
      graph.link_nodes(graph.add('buffer', source), graph.add('colorspace', colours), graph.add('buffersink'))
      graph.configure()
      self._graphs[is_709, is_full] = graph
    return self._graphs[is_709, is_full]

  def _encoder(self, width: int, height: int, pixel_format: str) -> av.VideoCodecContext:
    key = width, height, pixel_format
    if key not in self._encoders:
      encoder = av.CodecContext.create('mjpeg', 'w')
      encoder.width, encoder.height, encoder.pix_fmt = key
      encoder.color_range = ColorRange.JPEG
      encoder.time_base = Fraction(1, 30)
      encoder.qmin = encoder.qmax = self._quality
      encoder.thread_count = 1
      encoder.options = {'flags': '+bitexact'}
      self._encoders[key] = encoder
    return self._encoders[key]


class EncoderThread:
  """Lets a JpegEncoder work in a thread of its own, a few frames behind the decoder; the thread ends with this object."""

  def __init__(self, encoder: JpegEncoder):
    """Starts no thread before the first frame."""
    self._encoder, self._pool = encoder, ThreadPoolExecutor(1)
    self._waiting: collections.deque = collections.deque()

  def encode(self, frame: av.VideoFrame) -> Future:
    """Returns the JPEG to come; waits when the encoder has fallen behind. The frame must not be changed any more."""
    if len(self._waiting) == _MAX_WAITING:
      self._waiting.popleft().result()
    self._waiting.append(self._pool.submit(self._encoder.encode, frame))
    return self._waiting[-1]


_UPRIGHT = np.eye(2, dtype=np.int64)


def display_matrix(frame: av.VideoFrame) -> np.ndarray:
  """Returns where a stored pixel is shown: int [2, 2] of -1, 0 and 1; (x, y) goes to (x, y) @ matrix, but for a shift.

  Any of the eight orientations: PyAV's frame.rotation knows nothing of mirrors. Turns that are no multiple of 90 degrees count as
  the nearest one.
  """
  try:
    # Not frame.side_data: before PyAV 19 the frame keeps that, and it keeps the frame, so that all that was decoded stays until the
    # garbage collector comes: gigabytes.
    data = SideDataContainer(frame).get('DISPLAYMATRIX')  # type: ignore[call-arg]
  except ValueError:  # PyAV 17 and 18 do not know the type of EXIF, which pictures carry.
    data = None
  if data is None:
    return _UPRIGHT
  values = np.frombuffer(bytes(data), np.int32).reshape(3, 3)[:2, :2].astype(np.float64)
  along, across = np.abs(np.diag(values)).sum(), np.abs(np.diag(values[::-1])).sum()
  return (np.sign(values) * (np.eye(2) if along >= across else np.eye(2)[::-1])).astype(np.int64)


def _turned(frame: av.VideoFrame, matrix: np.ndarray) -> av.VideoFrame:
  """Returns a copy of a planar 8-bit frame, turned and mirrored as a display matrix says."""
  is_transposed = not matrix[0, 0]
  turned = av.VideoFrame(
    *((frame.height, frame.width) if is_transposed else (frame.width, frame.height)), frame.format.name
  )
  turned.color_range, turned.colorspace = frame.color_range, frame.colorspace
  flips = tuple(slice(None, None, -1 if matrix[:, axis].sum() < 0 else 1) for axis in (1, 0))  # Of rows and columns.
  for source, target in zip(frame.planes, turned.planes, strict=True):
    pixels = np.frombuffer(source, np.uint8).reshape(-1, source.line_size)[: source.height, : source.width]  # type: ignore[call-overload]
    rows = np.zeros((target.buffer_size // target.line_size, target.line_size), np.uint8)
    rows[: target.height, : target.width] = (pixels.T if is_transposed else pixels)[flips]
    target.update(rows.tobytes())
  return turned
