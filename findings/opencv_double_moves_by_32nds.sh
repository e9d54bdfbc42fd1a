#!/usr/bin/env bash
# What surprises: cv2.warpAffine moves float32 pictures of 1, 3 and 4 channels by exactly what is asked, and those of 2 or 5 channels, and
#   all of float64, by whole 32nds of a pixel: by .01 not at all. So the two channels of an optical flow stay where their picture moves.
# Guessed before it was run: float64 is at least as exact as float32, and channels are moved alike.
# Seen, after 100 moves by .01: float32 of 1, 3 and 4 channels have moved by one pixel (but for the blur of 100 interpolations); of 2 and 5
#   channels, and float64, they are the very picture.
# Reason, as far as behaviour tells: there are kernels with exact positions for some types and numbers of channels only; the others take
#   tables of 32 positions a pixel.
# Versions: opencv-python-headless 5.0.0.93, numpy 2.5.5, Python 3.12.
# What xdc-tf does: nothing: it warps nothing.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import cv2
import numpy as np

print('OpenCV', cv2.__version__)
wave = np.repeat(120 + 100 * np.sin(np.arange(200) / 5)[None], 50, axis=0)
move = np.array([[1, 0, 0.01], [0, 1, 0]])
for kind in (np.float32, np.float64):
  for channels in (1, 2, 3, 4, 5):
    moved = np.repeat(wave[..., None], channels, axis=2).astype(kind)
    for _ in range(100):
      moved = cv2.warpAffine(moved, move, (200, 50), borderMode=cv2.BORDER_REPLICATE).reshape(50, 200, channels)
    stayed = np.abs(moved[:, 20:-20] - wave[:, 20:-20, None]).max()
    went = np.abs(moved[:, 20:-20] - wave[:, 19:-21, None]).max()
    print(f'{np.dtype(kind)}, {channels} channels: {stayed:.2f} from the picture, {went:.2f} from the one moved by 1 pixel')
    is_exact = kind is np.float32 and channels in (1, 3, 4)
    assert (went < 3 and stayed > 15) if is_exact else (stayed < 0.01 and went > 15)
PYTHON_END
