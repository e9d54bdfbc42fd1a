#!/usr/bin/env bash
# What surprises: OpenCV's conversion to I420 takes the colour of each block of 2 x 2 from its first pixel and ignores the other three.
# Guessed before it was run: the mean of the four, as FFmpeg's scaler does it; one red pixel in each block leaves a dark red, wherever it is.
# Seen: red at the first pixel comes back as (0, 0, 198), at any other one as grey (19, 19, 19); the mean of the picture is (0, 0, 64).
# Reason: U and V are computed where row and column are even.
# Versions: opencv-python-headless 5.0.0.93, numpy 2.5.5, Python 3.12.
# What xdc-tf does: FFmpeg's scaler makes the 4:2:0 pictures of its JPEGs (xdc_tf/media/jpeg_encoder.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import cv2
import numpy as np

print('OpenCV', cv2.__version__)
for place in ((0, 0), (0, 1), (1, 0), (1, 1)):
  picture = np.zeros((8, 8, 3), np.uint8)
  picture[place[0] :: 2, place[1] :: 2] = (0, 0, 255)
  planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
  back = cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420).mean((0, 1))
  chroma = planes[8:].ravel()[[0, -1]].tolist()
  print(f'red at {place}: U, V {chroma}, mean {picture.mean((0, 1)).round(1)}, after there and back {back.round(1)}')
  is_first = place == (0, 0)
  assert (chroma == [128, 128]) == (not is_first) and (np.ptp(back) > 100) == is_first
PYTHON_END
