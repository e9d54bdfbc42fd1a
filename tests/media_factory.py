"""Small real videos for tests, and the way back: each frame carries its number as a bar code, the sound is a known function.

write_video(path, seconds=3.0)                      # 30 fps, 96x64, H.264 with B-frames, AAC stereo tone
frame_number(decoded_jpeg)                          # 0, 1, 2 ... whatever the size, the codec and the JPEG quality
"""

import pathlib
import struct
from collections.abc import Callable, Sequence
from fractions import Fraction

import av
import numpy as np

_BITS = 12
_VIDEO_CLOCK = 30_000  # Ticks per second; MPEG-4 allows at most 65,535.


def pattern(number: int, size: tuple[int, int]) -> np.ndarray:
  """Returns uint8 [height, width, 3]: above a bar code of `number`, below a red bar that moves over blue and green."""
  width, height = size
  image = np.zeros((height, width, 3), np.uint8)
  edges = np.linspace(0, width, _BITS + 1).round().astype(int)
  for bit in range(_BITS):
    image[: height // 2, edges[bit] : edges[bit + 1]] = 235 if number >> bit & 1 else 20
  image[height // 2 :, : width // 2] = (20, 40, 200)
  image[height // 2 :, width // 2 :] = (30, 160, 40)
  bar = number * 3 % (width - width // 8)
  image[height // 2 :, bar : bar + width // 8] = (220, 30, 30)
  return image


def frame_number(image: np.ndarray) -> int:
  """Returns the number that `pattern` drew, read from uint8 [H, W, 3] of any size."""
  height, width = image.shape[:2]
  edges = np.linspace(0, width, _BITS + 1)
  row = image[height // 8 : height * 3 // 8].mean(axis=(0, 2))
  return sum(1 << bit for bit in range(_BITS) if row[int((edges[bit] + edges[bit + 1]) / 2)] > 128)


def tone(pitch: float, amplitude: float = 0.5) -> Callable[[np.ndarray], np.ndarray]:
  """Returns the function seconds -> sample of a sine; `pitch` in hertz."""
  return lambda seconds: amplitude * np.sin(2 * np.pi * pitch * seconds)


def write_video(
  path,
  seconds: float = 2.0,
  frame_rate: float | Fraction = 30,
  size: tuple[int, int] = (96, 64),
  audio_rate: int | None = 44_100,
  pitch: float = 440.0,
  *,
  video: bool = True,
  sound: Callable[[np.ndarray], np.ndarray] | None = None,
  audio_seconds: float | None = None,
  video_start: float = 0.0,
  audio_start: float = 0.0,
  frame_times: Sequence[float] | None = None,
  images: Sequence[np.ndarray] | None = None,
  video_codec: str = 'libx264',
  audio_codec: str = 'aac',
  layout: str = 'stereo',
  gop: int = 12,
  b_frames: int = 2,
  pixel_aspect: Fraction | None = None,
  colour: str = 'ITU601',
  container_options: dict[str, str] | None = None,
) -> str:
  """Writes a video file; the suffix of `path` chooses the container.

  Args:
    path: where to; folders exist.
    seconds: length of both tracks.
    frame_rate: frames per second.
    size: (width, height) in stored pixels.
    audio_rate: hertz; None for no audio track.
    pitch: hertz of the tone.
    video: whether there is a video track.
    sound: function seconds -> samples in [-1, 1] instead of the tone; time 0 is the audio track's start.
    audio_seconds: length of the audio track if it differs.
    video_start: timestamp of the first frame.
    audio_start: timestamp of the first sample.
    frame_times: timestamps of the frames, for variable frame rates; default regular.
    images: uint8 [H, W, 3] frames to show instead of `pattern`.
    video_codec: FFmpeg's name.
    audio_codec: FFmpeg's name.
    layout: 'mono', 'stereo', '5.1' ...; the sound is the same in all channels.
    gop: frames from keyframe to keyframe.
    b_frames: bidirectional frames in a row.
    pixel_aspect: width over height of a pixel.
    colour: matrix 'ITU601' (untagged) or 'ITU709' (tagged), limited range.
    container_options: for the muxer.

  Returns:
    the path as a string.
  """
  if frame_times is None:
    frame_times = [i / float(frame_rate) for i in range(round(seconds * float(frame_rate)))]
  with av.open(str(path), 'w', options=container_options or {}) as container:
    video_stream = audio_stream = None
    if video:
      video_stream = _add_video(container, video_codec, frame_rate, size, gop, b_frames, pixel_aspect, colour)
    if audio_rate:
      audio_stream = container.add_stream(audio_codec, rate=audio_rate, layout=layout)
      if audio_codec in ('aac', 'libopus', 'libmp3lame', 'ac3', 'mp2', 'wmav2'):
        audio_stream.codec_context.bit_rate = 96_000 * av.AudioLayout(layout).nb_channels
    packets = []
    if video_stream:
      packets += _video_packets(video_stream, frame_times, size, images, video_start, colour)
    if audio_stream:
      length = seconds if audio_seconds is None else audio_seconds
      packets += _audio_packets(audio_stream, sound or tone(pitch), length, audio_start, audio_rate, layout)
    container.start_encoding()
    # In decoding order over both tracks: real files are interleaved.
    for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
      container.mux(packet)
  return str(path)


def _add_video(container, codec, frame_rate, size, gop, b_frames, pixel_aspect, colour):
  frame_rate = Fraction(frame_rate).limit_denominator(1001)
  stream = container.add_stream(codec, rate=frame_rate)
  stream.width, stream.height = size
  stream.pix_fmt = 'yuv420p'
  context = stream.codec_context
  # AVI knows frame numbers only: a finer clock would make it write thousands of empty frames.
  context.time_base = 1 / frame_rate if container.format.name == 'avi' else Fraction(1, _VIDEO_CLOCK)
  context.gop_size, context.max_b_frames, context.thread_count = gop, b_frames, 1
  if codec == 'libx264':
    context.options = {'crf': '12', 'preset': 'veryfast', 'bf': str(b_frames), 'sc_threshold': '0'}
  else:
    context.bit_rate = 3_000_000
  if pixel_aspect:
    context.sample_aspect_ratio = pixel_aspect
  if colour == 'ITU709':
    context.colorspace = context.color_primaries = context.color_trc = 1
    context.color_range = 1
  return stream


def _video_packets(stream, frame_times, size, images, start, colour):
  packets = []
  for number, seconds in enumerate(frame_times):
    image = pattern(number, size) if images is None else images[number]
    frame = av.VideoFrame.from_ndarray(image, format='rgb24').reformat(format='yuv420p', dst_colorspace=colour)
    frame.time_base = Fraction(1, _VIDEO_CLOCK)
    frame.pts = round((start + seconds) * _VIDEO_CLOCK)
    packets += stream.encode(frame)
  return packets + stream.encode(None)


def _audio_packets(stream, sound, seconds, start, rate, layout):
  samples = sound(np.arange(round(seconds * rate)) / rate)
  channels = av.AudioLayout(layout).nb_channels
  fifo = av.AudioResampler(
    format=stream.codec_context.format, layout=layout, rate=rate, frame_size=stream.codec_context.frame_size or 1024
  )
  frame = av.AudioFrame.from_ndarray(np.repeat(samples, channels)[None].astype(np.float32), format='flt', layout=layout)
  frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), round(start * rate)
  packets = []
  for piece in [*fifo.resample(frame), *fifo.resample(None)]:
    packets += stream.encode(piece)
  return packets + stream.encode(None)


def truncate(path, share: float) -> str:
  """Cuts a file to its first `share` of bytes, as a broken download is."""
  data = pathlib.Path(path).read_bytes()
  pathlib.Path(path).write_bytes(data[: int(len(data) * share)])
  return str(path)


def damage(path, first_share: float, last_share: float, seed: int = 0) -> str:
  """Overwrites the bytes between two shares of a file with noise."""
  data = bytearray(pathlib.Path(path).read_bytes())
  first, last = int(len(data) * first_share), int(len(data) * last_share)
  data[first:last] = np.random.default_rng(seed).bytes(last - first)
  pathlib.Path(path).write_bytes(data)
  return str(path)


def write_empty(path) -> str:
  """Writes a file of zero length."""
  pathlib.Path(path).write_bytes(b'')
  return str(path)


def write_absurd_size(path, width: int = 16_000, height: int = 12_000) -> str:
  """Writes a file of a few bytes that declares huge frames; FFmpeg knows the format whatever the suffix."""
  pathlib.Path(path).write_bytes(b'YUV4MPEG2 W%d H%d F25:1 Ip C420\nFRAME\n' % (width, height) + bytes(1000))
  return str(path)


def set_rotation(path, degrees_clockwise: int) -> str:
  """Writes rotation metadata into the video track of an .mp4, as telephones do: players turn the picture clockwise."""
  cosine, sine = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees_clockwise]
  return set_display_matrix(path, (cosine, sine, -sine, cosine))


def set_display_matrix(path, values: tuple[int, int, int, int]) -> str:
  """Writes the display matrix (a, b, c, d) of the video track of an .mp4: (x, y) is shown at (a x + c y, b x + d y)."""
  a, b, c, d = values
  matrix = struct.pack('>9i', *(v << 16 for v in (a, b, 0, c, d, 0, 0, 0)), 1 << 30)
  data = bytearray(pathlib.Path(path).read_bytes())
  header = data.index(b'tkhd')  # The video track is the first. Version 0: the matrix follows 44 bytes after the name.
  data[header + 44 : header + 80] = matrix
  pathlib.Path(path).write_bytes(data)
  return str(path)


def remux(sources: Sequence[tuple[str, str]], path, streams: Callable = lambda output: None) -> str:
  """Copies one stream of each source, ('video' or 'audio', path), into a new file.

  Args:
    sources: kind and file.
    path: where to.
    streams: gets the list of the new streams, to set languages and dispositions.
  """
  with av.open(str(path), 'w') as output:
    inputs = [av.open(source) for _, source in sources]
    found = [getattr(file.streams, kind)[0] for file, (kind, _) in zip(inputs, sources, strict=True)]
    made = [output.add_stream_from_template(stream) for stream in found]
    streams(made)
    packets = [
      (packet, new)
      for file, stream, new in zip(inputs, found, made, strict=True)
      for packet in file.demux(stream)
      if packet.size
    ]
    for packet, new in sorted(packets, key=lambda p: (p[0].pts if p[0].dts is None else p[0].dts) * p[0].time_base):
      packet.stream = new
      output.mux(packet)
    for file in inputs:
      file.close()
  return str(path)
