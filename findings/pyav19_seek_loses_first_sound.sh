#!/usr/bin/env bash
# What surprises: in PyAV 19 the sound of an MP4 lacks its first frame, 1,024 samples of AAC, behind `seek(0)`: in a file newly opened or whose
#   pictures were read, but not in one whose sound was read before.
# Guessed before it was run: `seek(0)` leads to the beginning, whatever was read before, and the same frames come as without it.
# Seen: a second of H.264 without B-frames and AAC at 44.1 kHz: behind the seek 44 frames of sound from 0 on in PyAV 18.1.0; in 19.0.2 they are 43,
#   from 1024 on, but 44 where the sound had been read before. With B-frames all 44 come in both.
# Versions: av 18.1.0 and 19.0.2, numpy 2.4.6, Python 3.12.
# What xdc-tf does: a span is sought with a lead, by the stamps of what comes (xdc_tf/media/span_reading.py); tests/media pass with both.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
cd "$tmp"
cat > read.py <<'PYTHON_END'
import io
import sys

import av
import numpy as np


def film(b_frames: int) -> io.BytesIO:
  file = io.BytesIO()
  with av.open(file, 'w', format='mp4') as container:
    video = container.add_stream('libx264', rate=30, options={'bf': str(b_frames)})
    video.width, video.height, video.pix_fmt = 64, 48, 'yuv420p'
    audio = container.add_stream('aac', rate=44_100, layout='mono')
    frame = av.AudioFrame.from_ndarray(np.sin(np.arange(44_100) * 0.05).astype(np.float32)[None], 'fltp', 'mono')
    frame.sample_rate, frame.pts = 44_100, 0
    pictures = [av.VideoFrame.from_ndarray(np.full((48, 64, 3), 8 * n, np.uint8)) for n in range(30)]
    packets = [packet for picture in [*pictures, None] for packet in video.encode(picture)]
    packets += [packet for piece in (frame, None) for packet in audio.encode(piece)]
    for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
      container.mux(packet)
  return file


def stamps_behind_a_seek(file: io.BytesIO, first: str) -> list[int]:
  file.seek(0)
  with av.open(file) as container:
    if first != 'nothing':
      list(container.decode(**{first: 0}))
    container.seek(0)
    return [frame.pts for frame in container.decode(audio=0)]


for b_frames in (0, 2):
  file = film(b_frames)
  for first in ('nothing', 'audio', 'video'):
    stamps = stamps_behind_a_seek(file, first)
    print(f'PyAV {av.__version__}, {b_frames} B-frames, {first} read first: {len(stamps)} frames of sound from {stamps[0]} on')
    is_cut = sys.argv[1] == 'cut' and b_frames == 0 and first != 'audio'
    assert (len(stamps), stamps[0]) == ((43, 1024) if is_cut else (44, 0))
PYTHON_END
for version in 18.1.0:whole 19.0.2:cut; do
  "$tmp/venv/bin/pip" install --quiet --disable-pip-version-check "av==${version%:*}" numpy==2.4.6
  "$tmp/venv/bin/python" read.py "${version#*:}"
done
