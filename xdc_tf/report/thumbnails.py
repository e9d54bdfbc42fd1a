"""A clip as a thumbnail for a web page: a small looping video with its sound, a still picture (poster) and its spectrogram.

WebM with VP9 and Opus, and WebP for the pictures: every current browser plays them (Safari since 16, iOS since 17.4), those builds
of Chromium and Firefox without licensed codecs included, which do not play H.264 with AAC. Two seconds take about 15 kB.
The same clip gives the same bytes: one encoder thread, and a container without dates or random numbers.
"""

import dataclasses
import fractions
import io
from typing import Any

import av
import numpy as np
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Colorspace

from xdc_tf.report.spectrogram_picture import spectrogram_picture

HEIGHT = 112  # pixels; wide pictures are lower, so that they are at most twice as wide
FRAME_RATE = 15  # frames per second
SAMPLE_RATE = 16_000
_AUDIO_BIT_RATE = 24_000
# H.273 code point of the JPEGs' own colours (BT.601), so that no browser has to guess.
_BT601 = 6
# Constant quality: with a bit rate beside it, libvpx spends it on the first frame and starves the motion.
_VP9_OPTIONS = {
  'crf': '46',
  'deadline': 'good',
  'cpu-used': '4',
  'row-mt': '0',
  'auto-alt-ref': '1',
  'lag-in-frames': '16',
}


class UnreadablePictureError(ValueError):
  """A frame that is not a JPEG file."""


@dataclasses.dataclass(frozen=True)
class ClipMedia:
  """What is known of a clip: any of its pictures and sound may be missing.

  Attributes:
    frames: JPEG files; empty when there are no pictures.
    waveform: float32 [S] in [-1, 1], mono, 16 kHz; empty when there is no sound.
    frame_rate: frames per second.
    note: why there is neither picture nor sound, e.g. 'the source file is gone'.
  """

  frames: list[bytes]
  waveform: np.ndarray
  frame_rate: float = 30.0
  note: str = ''


@dataclasses.dataclass(frozen=True)
class Thumbnail:
  """An encoded clip.

  Attributes:
    video: a WebM file; empty when the clip is a single picture without sound, or nothing at all.
    poster: a WebP file; empty when there is neither picture nor sound.
    spectrogram: a WebP file of the sound in `video`; empty when there is none.
  """

  video: bytes
  poster: bytes
  spectrogram: bytes


def make_thumbnail(clip: ClipMedia) -> Thumbnail:
  """Encodes one clip. Sound without pictures gets its envelope as the poster.

  Raises:
    UnreadablePictureError: when a frame is not a JPEG file that can be decoded.
  """
  num_pictures, has_sound = len(clip.frames), len(clip.waveform) > 0
  if not num_pictures and not has_sound:
    return Thumbnail(b'', b'', b'')
  seconds = num_pictures / clip.frame_rate if num_pictures > 1 else len(clip.waveform) / SAMPLE_RATE
  num_frames = max(1, round(seconds * FRAME_RATE))
  waveform = _fitted_waveform(clip, num_frames / FRAME_RATE)
  spectrogram = _encode_webp(spectrogram_picture(waveform)) if has_sound else b''
  if not num_pictures:
    return Thumbnail(_encode_webm([], waveform), _encode_webp(_envelope(waveform)), spectrogram)
  times = np.arange(num_frames) / FRAME_RATE
  # The small term keeps a time that should fall on a frame from falling just before it.
  chosen = np.minimum((times * clip.frame_rate + 1e-6).astype(int), num_pictures - 1)
  pictures = _decode([clip.frames[i] for i in chosen])
  poster = _encode_webp(pictures[len(pictures) // 2])
  if num_pictures == 1 and not has_sound:
    return Thumbnail(b'', poster, b'')
  return Thumbnail(_encode_webm(pictures, waveform), poster, spectrogram)


def _fitted_waveform(clip: ClipMedia, seconds: float) -> np.ndarray:
  """Returns the sound of so many seconds, filled with zeros to its full length so that sound and pictures loop together."""
  if not len(clip.waveform):
    return clip.waveform
  length = round(seconds * SAMPLE_RATE)
  part = np.clip(clip.waveform[:length], -1.0, 1.0).astype(np.float32)
  return np.pad(part, (0, length - len(part)))


def _decode(jpegs: list[bytes]) -> list[av.VideoFrame]:
  """Decodes and shrinks JPEG files (BT.601, full range) to video frames (BT.601, limited range), all of one size."""
  decoder: Any = av.CodecContext.create('mjpeg', 'r')
  decoder.thread_count = 1
  frames: list[Any] = []
  width = height = 0
  for jpeg in jpegs:
    frame = _decode_one(decoder, jpeg)
    if not frames:
      width, height = _thumbnail_size(frame.width, frame.height)
    colours = {'src_color_range': ColorRange.JPEG, 'dst_color_range': ColorRange.MPEG}
    matrices = {'src_colorspace': Colorspace.ITU601, 'dst_colorspace': Colorspace.ITU601}
    frames.append(frame.reformat(width, height, 'yuv420p', interpolation='AREA', **colours, **matrices))
  return frames


def _decode_one(decoder: av.CodecContext, jpeg: bytes) -> av.VideoFrame:
  try:
    decoded = decoder.decode(av.Packet(jpeg))  # type: ignore[attr-defined]
  except av.FFmpegError as error:
    raise UnreadablePictureError(
      f'A frame of {len(jpeg)} bytes is no JPEG file that can be decoded: {error}'
    ) from error
  if len(decoded) != 1:
    raise UnreadablePictureError(f'A frame of {len(jpeg)} bytes holds {len(decoded)} pictures, expected one JPEG file.')
  return decoded[0]


def _thumbnail_size(width: int, height: int) -> tuple[int, int]:
  """Returns an even (width, height) of the same shape, at most HEIGHT high and twice as wide."""
  scale = min(HEIGHT / height, 2 * HEIGHT / width)
  width, height = (max(2, 2 * round(side * scale / 2)) for side in (width, height))
  return width, height


def _envelope(waveform: np.ndarray) -> av.VideoFrame:
  """Draws the loudness of a sound over time as bars around the middle line."""
  width, height = 16 * HEIGHT // 18 * 2, HEIGHT
  peaks = np.array([np.max(np.abs(part), initial=0.0) for part in np.array_split(waveform, width // 4)])
  half_heights = np.maximum(1, peaks / max(peaks.max(), 1e-3) * 0.4 * height)
  rows = np.abs(np.arange(height)[:, np.newaxis] - height / 2)
  columns = np.arange(width)
  inside = (rows < half_heights[np.minimum(columns // 4, len(peaks) - 1)]) & (columns % 4 < 2)
  image = np.where(inside[..., np.newaxis], np.array([206, 142, 62]), np.array([28, 28, 30])).astype(np.uint8)
  return av.VideoFrame.from_ndarray(image, 'rgb24').reformat(
    format='yuv420p', dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.MPEG
  )


def _encode_webp(frame: av.VideoFrame) -> bytes:
  encoder = av.CodecContext.create('libwebp', 'w')
  encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, 'yuv420p'
  encoder.time_base = fractions.Fraction(1, 1)
  encoder.options = {'quality': '60'}
  frame.pts, frame.time_base = 0, encoder.time_base
  return b''.join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def _encode_webm(frames: list[av.VideoFrame], waveform: np.ndarray) -> bytes:
  output = io.BytesIO()
  with av.open(output, 'w', format='webm', options={'fflags': '+bitexact'}) as container:
    video: Any = _add_video(container, frames[0]) if frames else None
    audio = container.add_stream('libopus', rate=SAMPLE_RATE, layout='mono') if len(waveform) else None
    if audio:
      audio.bit_rate = _AUDIO_BIT_RATE
    packets = []
    for number, frame in enumerate(frames):
      frame.pts, frame.time_base = number, fractions.Fraction(1, FRAME_RATE)
      # Decoded JPEGs call themselves key frames, and the encoder would obey: ten times the bytes.
      frame.pict_type = PictureType.NONE
      packets += video.encode(frame)
    packets += video.encode(None) if video else []
    if audio:
      sound = av.AudioFrame.from_ndarray(waveform[np.newaxis], format='flt', layout='mono')
      sound.sample_rate, sound.pts = SAMPLE_RATE, 0
      packets += [*audio.encode(sound), *audio.encode(None)]
    # In the order of time, so that a player need not look for the sound behind the pictures.
    for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
      container.mux(packet)
  return output.getvalue()


def _add_video(container, frame: av.VideoFrame):
  stream = container.add_stream('libvpx-vp9', rate=FRAME_RATE, options=_VP9_OPTIONS)
  stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, 'yuv420p'
  stream.bit_rate = 0
  context = stream.codec_context
  context.thread_count = 1
  context.colorspace = context.color_primaries = context.color_trc = _BT601
  context.color_range = ColorRange.MPEG
  return stream
