#!/usr/bin/env bash
# What surprises: H.264 with B-frames in MXF, written and read by FFmpeg, comes out of PyAV in the right order with timestamps that jump back and
#   forth: every packet's pts is its dts. Whoever drops pictures that run backwards loses a third of them, in silence.
# Guessed before it was run: the timestamps that went in, as MP4 and Matroska give them back.
# Seen: 50 pictures come out in their order in all three; in MP4 and Matroska their timestamps rise by one frame each, in MXF 20 of 49 steps go
#   back. MPEG-2 in MXF is right.
# Versions: av 18.1.0 (FFmpeg 8.1), numpy 2.4.6, Python 3.12.
# What xdc-tf does: `decoding_offset` in xdc_tf/media/avi_clock.py notices it, and gives the n-th picture the n-th timestamp.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
from fractions import Fraction

import av
import numpy as np

print(f'av {av.__version__}, libavformat {av.library_versions["libavformat"]}')


def write(path, codec):
  """Fifty grey pictures, each brighter than the one before."""
  with av.open(path, 'w') as container:
    stream = container.add_stream(codec, rate=25)
    stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
    stream.codec_context.max_b_frames, stream.codec_context.gop_size, stream.codec_context.time_base = 3, 25, Fraction(1, 25)
    if codec == 'libx264':
      stream.codec_context.options = {'crf': '5', 'sc_threshold': '0', 'b-adapt': '0', 'bf': '3'}
    else:
      stream.codec_context.bit_rate = 4_000_000
    sound = container.add_stream('pcm_s16le', rate=48_000, layout='mono')
    packets = []
    for number in range(50):
      frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 20 + 4 * number, np.uint8))
      frame.pts, frame.time_base = number, Fraction(1, 25)
      packets += stream.encode(frame)
      silence = av.AudioFrame.from_ndarray(np.zeros((1, 1920), np.int16), 's16', 'mono')
      silence.pts, silence.sample_rate, silence.time_base = 1920 * number, 48_000, Fraction(1, 48_000)
      packets += sound.encode(silence)
    for packet in sorted([*packets, *stream.encode(None)], key=lambda packet: packet.dts * packet.time_base):
      container.mux(packet)


def read(path):
  """(brightness, frames by the timestamp) of every picture as it comes out."""
  with av.open(path) as container:
    stream = container.streams.video[0]
    pairs = [(frame.to_ndarray(format='gray').mean(), frame.pts * stream.time_base * 25) for frame in container.decode(stream)]
  return np.array(pairs, float).T


for name, codec in (('a.mp4', 'libx264'), ('a.mkv', 'libx264'), ('a.mxf', 'mpeg2video'), ('a.mxf', 'libx264')):
  write(name, codec)
  brightness, stamps = read(name)
  backwards = int((np.diff(stamps) <= 0).sum())
  print(f'{codec} in {name}: {len(stamps)} pictures, in order: {bool((np.diff(brightness) > 0).all())}, steps back: {backwards}')
  assert len(stamps) == 50 and (np.diff(brightness) > 0).all()
  assert backwards > 10 if (name, codec) == ('a.mxf', 'libx264') else backwards == 0
PYTHON_END
