#!/usr/bin/env bash
# What surprises: imageio reads 50 frames from a film of variable frame rate by its plugin pyav and 100 by its plugin FFMPEG,
#   whose own count_frames() says 50. Frame 25 of the one is not frame 25 of the other.
# Guessed before it was run: both plugins give the frames that are stored, 50, and the timestamps are lost in both.
# Seen: FFMPEG repeats frames until the rate is constant, 30 fps. It declares 15 fps for 3.33 s of MP4, so 50 frames, and 30 fps for
#   the same frames in Matroska, so 100; it gives 100 of both.
# Versions: imageio 2.38.1, imageio-ffmpeg 0.8.1 (FFmpeg 9.0), av 18.1.0, numpy 2.4.6, pillow 13.0.0, Python 3.11.
# What xdc-tf does: nothing with imageio, which it does not use; VideoTrack in xdc_tf/media/video_track.py puts frames on a regular
#   grid itself, by their timestamps, so the rate that a file declares does not matter.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3.11}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  imageio==2.38.1 imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.4.6 pillow==13.0.0
cd "$work"
"$work/venv/bin/python" - <<'PY'
from fractions import Fraction

import av
import imageio
import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np

print('imageio', imageio.__version__, 'imageio-ffmpeg', imageio_ffmpeg.__version__, 'PyAV', av.__version__)
# 20 frames at 30 fps, 10 at 5 fps (2 s), 20 at 30 fps, as from a screen recorder: 100 frame times of 1/30 s.
ticks = [*range(20), *range(20, 80, 6), *range(80, 100)]


def write(name):
  with av.open(name, 'w') as container:
    stream = container.add_stream('libx264', rate=30)
    stream.width, stream.height, stream.pix_fmt = 64, 64, 'yuv420p'
    stream.codec_context.time_base, stream.codec_context.options = Fraction(1, 30), {'qp': '4', 'bf': '0'}
    for number, tick in enumerate(ticks):
      frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 20 + 4 * number, np.uint8), format='rgb24')
      frame.pts = tick
      container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def numbers(name, plugin):
  return [round((float(frame.mean()) - 20) / 4) for frame in iio.imiter(name, plugin=plugin)]


for name, declared in (('a.mp4', 15), ('a.mkv', 30)):
  write(name)
  by_pyav, by_ffmpeg = numbers(name, 'pyav'), numbers(name, 'FFMPEG')
  with imageio.get_reader(name, format='FFMPEG') as reader:
    counted, meta = reader.count_frames(), reader.get_meta_data()
  print(f"{name} pyav {len(by_pyav)}, FFMPEG {len(by_ffmpeg)}, count_frames() {counted}, fps {meta['fps']}, "
        f"duration {meta['duration']}; frame 25: {by_pyav[25]} and {by_ffmpeg[25]}")
  assert len(ticks) == 50 and by_pyav == list(range(50))
  assert len(by_ffmpeg) == 100 and sorted(set(by_ffmpeg)) == list(range(50)) and by_ffmpeg == sorted(by_ffmpeg)
  assert counted == 50 and meta['fps'] == declared and meta['duration'] == 3.33
  assert by_pyav[25] == 25 and by_ffmpeg[25] in (20, 21)
PY
