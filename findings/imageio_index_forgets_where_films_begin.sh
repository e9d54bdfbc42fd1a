#!/usr/bin/env bash
# What surprises: imageio's `index=` gives other frames in every film whose times do not begin at 0: of a transport stream frame 0 for 2, 10 and 30.
# Guessed before it was run: the frame that comes at that place when all are read in order.
# Seen: in order all are right. By index a film from 0 s is right; one that begins at .2 s gives 5, 25 and 44 for 10, 30 and 49, in MP4
#   and Matroska; a transport stream gives 0, 0 and the end of the film.
# Reason: the time that is sought is the number times a frame's duration, and the number is counted back from the time of the keyframe,
#   both without the time at which the stream begins.
# Versions: imageio 2.38.1, av 19.0.2, imageio-ffmpeg 0.8.1, numpy 2.4.6, Python 3.12.
# What xdc-tf does: times count from the first of the file (xdc_tf/media/span_reading.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  imageio==2.38.1 av==19.0.2 imageio-ffmpeg==0.8.1 numpy==2.4.6
FOLDER="$tmp" "$tmp/venv/bin/python" - <<'PYTHON_END'
import os
import subprocess

import av
import imageio
import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np

os.chdir(os.environ['FOLDER'])
print('imageio', imageio.__version__, 'av', av.__version__)
raw = b''.join(np.full((48, 64, 3), 10 + 4 * number, 'u1').tobytes() for number in range(50))
films = {
  'zero.mp4': [],
  'late.mp4': ['-vf', 'setpts=PTS+0.2/TB'],
  'late.mkv': ['-vf', 'setpts=PTS+0.2/TB'],
  'stream.ts': [],
}


def number(frame):
  return round((float(frame.mean()) - 10) / 4)


def at(name, index):
  try:
    return number(iio.imread(name, plugin='pyav', index=index))
  except StopIteration:
    return 'end'


found = {}
for name, options in films.items():
  source = [imageio_ffmpeg.get_ffmpeg_exe(), '-y', '-v', 'error', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', '64x48']
  command = [*source, '-r', '25', '-i', '-', '-c:v', 'libx264', '-pix_fmt', 'yuv420p', *options, name]
  subprocess.run(command, input=raw, check=True)
  assert [number(frame) for frame in iio.imiter(name, plugin='pyav')] == list(range(50))
  found[name] = [at(name, index) for index in (10, 30, 49)]
  print(name, 'frames 10, 30 and 49:', found[name])
assert found['zero.mp4'] == [10, 30, 49]
assert found['late.mp4'] == found['late.mkv'] == [5, 25, 44]
assert found['stream.ts'] == [0, 0, 'end']
PYTHON_END
