#!/usr/bin/env bash
# What surprises: H.264 with B-frames in AVI comes out of PyAV in the right order, but with timestamps that jump back and forth:
#   1, 3, 4, 2, 6, 7, 5. Who sorts by frame.pts, or drops what runs backwards, gets the pictures mixed up or loses a third.
# Guessed before it was run: decoded frames have rising pts, 0, 1, 2, ..., as from MP4 or Matroska.
# Seen: frame.pts is the number of a packet in decoding order, given to another picture; frame.dts rises by 1. The ffmpeg program
#   gives all frames in order from the same file, which is one that it wrote itself. MPEG-4 (XviD's kind) has rising pts.
# Versions: av 18.1.0 (FFmpeg 8.1), imageio-ffmpeg 0.8.1 (FFmpeg 9.0), numpy 2.4.6, Python 3.11; av 19.0.2 gives the same.
# What xdc-tf does: the n-th frame that comes out gets the n-th time (xdc_tf/media/avi_clock.py).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3.11}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 imageio-ffmpeg==0.8.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import subprocess

import av
import imageio_ffmpeg
import numpy as np

print('PyAV', av.__version__, 'FFmpeg', av.ffmpeg_version_info, 'ffmpeg', imageio_ffmpeg.get_ffmpeg_version())


def ffmpeg(*arguments, data=None):
  command = [imageio_ffmpeg.get_ffmpeg_exe(), '-v', 'error', *arguments]
  return subprocess.run(command, input=data, check=True, capture_output=True).stdout


def numbers(images):
  """Each picture is as bright as three times its number and 40 more."""
  return [round((float(image.mean()) - 40) / 3) for image in images]


pictures = np.broadcast_to(40 + 3 * np.arange(60, dtype=np.uint8)[:, None, None], (60, 64, 64))
raw = ('-f', 'rawvideo', '-pix_fmt', 'gray', '-s', '64x64', '-r', '30', '-i', '-')
h264 = ('-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-qp', '4', '-bf', '2', '-x264-params', 'b-adapt=0:scenecut=0:b-pyramid=none')
mpeg4 = ('-c:v', 'mpeg4', '-pix_fmt', 'yuv420p', '-bf', '2', '-qscale:v', '1')
seen = {}
for name, codec in {'h264.mkv': h264, 'h264.avi': h264, 'mpeg4.avi': mpeg4}.items():
  ffmpeg(*raw, *codec, name, data=np.ascontiguousarray(pictures).tobytes())
  with av.open(name) as container:
    frames = list(container.decode(video=0))
  shown = numbers(frame.to_ndarray(format='gray') for frame in frames)
  stamps = [round(float(frame.time) * 30) for frame in frames]
  print(f'{name:9s} pictures {shown[:8]} ... pts {stamps[:8]} ... dts {[frame.dts for frame in frames][:8]}')
  seen[name] = shown, stamps, [frame.dts for frame in frames]
out = np.frombuffer(ffmpeg('-i', 'h264.avi', '-f', 'rawvideo', '-pix_fmt', 'gray', '-'), np.uint8).reshape(-1, 64, 64)
print('ffmpeg    pictures', numbers(out)[:8], '... of', len(out))

assert seen['h264.mkv'][:2] == (list(range(60)), list(range(60)))
shown, stamps, decoded_at = seen['h264.avi']
assert shown == numbers(out) == list(range(60))
backwards = sum(later <= earlier for earlier, later in zip(stamps, stamps[1:], strict=False))
kept, last = 0, -1
for stamp in stamps:
  kept, last = (kept + 1, stamp) if stamp > last else (kept, last)
print('steps back:', backwards, 'frames left if those that run backwards are dropped:', kept)
assert backwards >= 15 and kept <= 45
known = [stamp for stamp in decoded_at if stamp is not None]
assert len(known) >= 57 and all(b == a + 1 for a, b in zip(known, known[1:], strict=False))
assert seen['mpeg4.avi'][1] == sorted(set(seen['mpeg4.avi'][1]))
PY
