"""Frames and a waveform as the bytes of an .mp4 file: H.264 and AAC, both from time 0."""

import io
from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import VideoReformatter

# Visually without loss at this quality; the digit's strokes stay sharp. One thread, so that the bytes are nearly always the same:
# one of 150 to 500 encodings of the same frames is another one, by up to 14 of 255 levels, and why is not known. No frames out of
# order, so that the first is at 0 for every reader.
_H264 = {'crf': '18', 'preset': 'veryfast'}
_AAC_BITS_PER_SECOND = 64_000


def encode(frames: np.ndarray, frame_rate: int, waveform: np.ndarray, sample_rate: int) -> bytes:
  """Encodes one clip.

  Args:
    frames: uint8 [T, H, W, 3] RGB, H and W even.
    frame_rate: frames per second.
    waveform: float32 [S] in [-1, 1], mono.
    sample_rate: hertz.

  Returns:
    the file's content.
  """
  buffer = io.BytesIO()
  with av.open(buffer, 'w', format='mp4') as container:
    video = container.add_stream('libx264', rate=frame_rate)
    video.height, video.width = frames.shape[1:3]
    video.pix_fmt = 'yuv420p'
    video.codec_context.thread_count, video.codec_context.max_b_frames = 1, 0
    video.codec_context.options = _H264
    audio = container.add_stream('aac', rate=sample_rate, layout='mono')
    audio.codec_context.bit_rate = _AAC_BITS_PER_SECOND
    packets = _video_packets(video, frames, frame_rate) + _audio_packets(audio, waveform, sample_rate)
    container.start_encoding()
    # In the order of time over both tracks, as players read them.
    for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):  # type: ignore[operator]
      container.mux(packet)
  return buffer.getvalue()


def _video_packets(stream: av.VideoStream, frames: np.ndarray, frame_rate: int) -> list[av.Packet]:
  packets, converter = [], VideoReformatter()
  for number, image in enumerate(frames):
    rgb = av.VideoFrame.from_ndarray(image, format='rgb24')
    frame = converter.reformat(rgb, format='yuv420p', dst_colorspace='ITU601', threads=1)  # type: ignore[arg-type]
    frame.pts, frame.time_base = number, Fraction(1, frame_rate)
    packets += stream.encode(frame)
  return packets + stream.encode(None)


def _audio_packets(stream: av.AudioStream, waveform: np.ndarray, sample_rate: int) -> list[av.Packet]:
  pieces = av.AudioResampler('fltp', 'mono', sample_rate, frame_size=stream.codec_context.frame_size or 1024)
  frame = av.AudioFrame.from_ndarray(waveform[None].astype(np.float32), format='fltp', layout='mono')
  frame.sample_rate, frame.time_base, frame.pts = sample_rate, Fraction(1, sample_rate), 0
  packets = []
  for piece in [*pieces.resample(frame), *pieces.resample(None)]:
    packets += stream.encode(piece)
  return packets + stream.encode(None)
