#!/usr/bin/env bash
# What surprises: in PyAV 19 the sound of a film in MP4 that was read once, and is read again behind `seek(0)`, begins a frame later: 1,024 samples of AAC
#   are gone.
# Guessed before it was run: `seek(0)` leads to the beginning, whence the same frames come as at first, as in PyAV 17 and 18.
# Seen: one second of H.264 and AAC at 44.1 kHz in MP4: read at once, the first frame begins at 0 in both; behind a seek at 0 in PyAV 18.1.0 and at 1024 in
#   19.0.2, with one frame less.
# Versions: av 18.1.0 and 19.0.2, numpy 2.4.6, Python 3.12.
# What xdc-tf does: a span at the beginning of a film is read from a newly opened file, or compared with its index (tests/media pass with both).
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

file = io.BytesIO()
with av.open(file, 'w', format='mp4') as container:
  film = container.add_stream('libx264', rate=30)
  film.width, film.height, film.pix_fmt = 64, 48, 'yuv420p'
  stream = container.add_stream('aac', rate=44_100, layout='mono')
  for number in range(30):
    container.mux(film.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), number * 8, np.uint8))))
  container.mux(film.encode(None))
  sound = np.sin(np.arange(44_100) * 0.05).astype(np.float32)[None]
  frame = av.AudioFrame.from_ndarray(sound, format='fltp', layout='mono')
  frame.sample_rate, frame.pts = 44_100, 0
  container.mux(stream.encode(frame))
  container.mux(stream.encode(None))
file.seek(0)
with av.open(file) as container:
  stamps = [[frame.pts for frame in container.decode(audio=0)]]
  container.seek(0)
  stamps.append([frame.pts for frame in container.decode(audio=0)])
print(f'PyAV {av.__version__}: first stamps {stamps[0][0]} and, behind seek(0), {stamps[1][0]}; frames {len(stamps[0])} and {len(stamps[1])}')
assert stamps[0][0] == 0 and stamps[1][0] == int(sys.argv[1]), stamps
PYTHON_END
for version in 18.1.0:0 19.0.2:1024; do
  "$tmp/venv/bin/pip" install --quiet --disable-pip-version-check "av==${version%:*}" numpy==2.4.6
  "$tmp/venv/bin/python" read.py "${version#*:}"
done
