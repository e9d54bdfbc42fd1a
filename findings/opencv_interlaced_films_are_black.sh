#!/usr/bin/env bash
# What surprises: OpenCV reads as many frames of an interlaced film as it has, all of them the same and none of the film: what was in
#   the buffer before, mostly black. It says nothing but a line of FFmpeg's on stderr; `read` returns True.
# Guessed before it was run: interlaced films (DV and AVCHD camcorders, DVD, 1080i broadcasts) are read as FFmpeg reads them.
# Seen: H.264 with its fields marked, MPEG-2 and DV: 25 of 25 frames, all equal, 127 of 255 levels off; the same film without the mark
#   has an error of 0. OpenCV 4.12.0 reads all four right, 4.13 and later do not: the conversion of FFmpeg 8 refuses to go from
#   interlaced to progressive frames, and its result is not looked at (retrieveFrame in cap_ffmpeg_impl.hpp).
# Versions: opencv-python-headless 4.12.0.88 and 5.0.0.93, imageio-ffmpeg 0.6.0, Python 3.12.
# What xdc-tf does: PyAV reads films (xdc_tf/media/span_reading.py), which gets them right in all versions of our range.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check imageio-ffmpeg==0.6.0
cat > "$tmp/show.py" <<'PYTHON_END'
import os
import subprocess

import tempfile

os.environ['OPENCV_FFMPEG_LOGLEVEL'] = '-8'
import cv2
import imageio_ffmpeg
import numpy as np

print(f'OpenCV {cv2.__version__}')
os.chdir(tempfile.mkdtemp(dir=os.environ['FOLDER']))
FILMS = {
  'progressive.mp4': '-c:v libx264',
  'interlaced.mp4': '-vf setfield=tff -flags +ilme+ildct -c:v libx264',
  'interlaced.mpg': '-vf setfield=tff -flags +ilme+ildct -c:v mpeg2video -q:v 2',
  'camcorder.dv': '-target pal-dv',
}


def frames_of(name):
  capture, frames = cv2.VideoCapture(name), []
  while True:
    there, frame = capture.read()
    if not there:
      return np.array(frames)
    frames.append(frame[..., ::-1].copy())


def truth(name):
  """FFmpeg itself, in a process of its own."""
  reader = imageio_ffmpeg.read_frames(name)
  width, height = next(reader)['size']
  return np.array([np.frombuffer(data, np.uint8).reshape(height, width, 3) for data in reader])


for name, options in FILMS.items():
  make = [imageio_ffmpeg.get_ffmpeg_exe(), '-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc=s=720x576:r=25:d=1']
  subprocess.run([*make, '-pix_fmt', 'yuv420p', *options.split(), name], check=True)
  found, expected = frames_of(name), truth(name)
  error, same = np.abs(found.astype(int) - expected).mean(), bool((found == found[0]).all())
  print(f'{name}: {len(found)} of {len(expected)} frames, all the same: {same}, mean error {error:.1f} levels')
  assert len(found) == len(expected) == 25
  wrong = name != 'progressive.mp4' and not cv2.__version__.startswith('4.12')
  assert (same and error > 30) if wrong else (not same and error < 3)
PYTHON_END
for version in opencv-python-headless==4.12.0.88 opencv-python-headless==5.0.0.93; do
  "$tmp/venv/bin/pip" install --quiet --disable-pip-version-check "$version"
  FOLDER="$tmp" "$tmp/venv/bin/python" "$tmp/show.py"
done
