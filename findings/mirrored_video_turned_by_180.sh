#!/usr/bin/env bash
# What surprises: a film whose display matrix says "mirror left and right" has frame.rotation -180 in
#   PyAV, and OpenCV shows it upside down, turned by 180 degrees. The ffmpeg program shows what is meant.
# Guessed before it was run: frame.rotation is 0, since nothing is turned, and OpenCV mirrors as the ffmpeg program does.
# Seen: mirrored left-right: PyAV -180, OpenCV turns by 180; mirrored top-bottom: PyAV 0, OpenCV does nothing; so both get
#   both wrong. Turned by 90 and mirrored looks like turned by 90. And a turn by 30 degrees is 29 in PyAV.
# Versions: av 18.1.0, opencv-python-headless 5.0.0.93, imageio-ffmpeg 0.8.1 (FFmpeg 9.0), numpy 2.4.6, Python 3.11; av 19.0.2
#   gives the same rotations.
# What xdc-tf does: display_matrix() in xdc_tf/media/jpeg_encoder.py reads the matrix itself, and all eight orientations are obeyed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3.11}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  av==18.1.0 opencv-python-headless==5.0.0.93 imageio-ffmpeg==0.8.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import subprocess

import av
import cv2
import imageio_ffmpeg
import numpy as np

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
print('PyAV', av.__version__, 'OpenCV', cv2.__version__, 'ffmpeg', imageio_ffmpeg.get_ffmpeg_version())
COLOURS = {'R': (255, 0, 0), 'G': (0, 255, 0), 'B': (0, 0, 255), 'W': (255, 255, 255)}


def corners(image):
  """Names the colours of the four quarters of uint8 [H, W, 3], row by row."""
  height, width = image.shape[:2]
  quarters = [image[y, x].astype(int) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
  return ''.join(min(COLOURS, key=lambda name: abs(quarter - COLOURS[name]).sum()) for quarter in quarters)


def ffmpeg(*arguments):
  return subprocess.run([FFMPEG, '-v', 'error', '-y', *arguments], check=True, capture_output=True).stdout


image = np.zeros((64, 96, 3), np.uint8)
image[:32, :48], image[:32, 48:], image[32:, :48], image[32:, 48:] = (COLOURS[name] for name in 'RGBW')
with av.open('plain.mp4', 'w') as container:
  stream = container.add_stream('libx264', rate=25)
  stream.width, stream.height, stream.pix_fmt = 96, 64, 'yuv420p'
  for _ in range(5):
    container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format='rgb24')))
  container.mux(stream.encode(None))

seen = {}
turned = ('-display_rotation', '90')
for name, options in {'plain': (), 'turned 90': turned, 'mirrored left-right': ('-display_hflip',), 'mirrored top-bottom':
                      ('-display_vflip',), 'turned 90, mirrored': (*turned, '-display_hflip'), 'turned 30':
                      ('-display_rotation', '30')}.items():
  ffmpeg(*options, '-i', 'plain.mp4', '-c', 'copy', 'film.mp4')
  png = ffmpeg('-i', 'film.mp4', '-frames:v', '1', '-f', 'image2pipe', '-c:v', 'png', '-')
  shown = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR_RGB)
  with av.open('film.mp4') as container:
    rotation = next(container.decode(video=0)).rotation
  _, opened = cv2.VideoCapture('film.mp4').read()
  seen[name] = corners(shown), rotation, corners(opened[..., ::-1])
  print(f'{name:20s} ffmpeg {seen[name][0]}  PyAV rotation {rotation:4d}  OpenCV {seen[name][2]}')

assert seen['plain'] == ('RGBW', 0, 'RGBW')
assert seen['turned 90'] == ('GWRB', 90, 'GWRB')
assert seen['mirrored left-right'] == ('GRWB', -180, 'WBGR')
assert seen['mirrored top-bottom'] == ('BWRG', 0, 'RGBW')
assert seen['turned 90, mirrored'] == ('WGBR', 90, 'GWRB')
assert seen['turned 30'][1] == 29
PY
