#!/usr/bin/env bash
# What surprises: tf.image.decode_and_crop_jpeg does not give the same pixels as decoding the JPEG and cutting the window out: the
#   outermost columns of the window differ in colour, because the chroma is smoothed over the picture in one case and over the window
#   in the other. With fancy_upscaling=False the two are equal.
# Guessed before it was run: the two are equal pixel by pixel, and the first is only faster.
# Seen: a picture of 80 x 80 pixels with coloured blocks of 5 pixels, windows of 32 x 32: only the first and the last column differ,
#   by more than 10 of 255 levels.
# Versions: tensorflow 2.21.0, Python 3.12 (tensorflow 2.15.1 does the same).
# What xdc-tf does: xdc_tf/records/video_ops.py, JPEG_OPTIONS, decodes without fancy upscaling, so a window does not depend on how it was read.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import tensorflow as tf

print(f'tensorflow {tf.__version__}')
blocks = np.random.default_rng(0).integers(0, 255, (16, 16, 3))
picture = blocks.repeat(5, axis=0).repeat(5, axis=1).astype(np.uint8)
jpeg = tf.io.encode_jpeg(picture)


def differences(window, **options):
  """Returns [height, width]: how far the two ways are apart at each pixel, in the worst colour."""
  y, x, height, width = window
  cropped = tf.image.decode_and_crop_jpeg(jpeg, window, **options).numpy().astype(int)
  cut_out = tf.io.decode_jpeg(jpeg, **options).numpy().astype(int)[y : y + height, x : x + width]
  return np.abs(cropped - cut_out).max(axis=2)


for options in ({}, {'dct_method': 'INTEGER_ACCURATE'}, {'fancy_upscaling': False}):
  for window in ([16, 16, 32, 32], [32, 32, 32, 32]):
    apart = differences(window, **options)
    columns = np.flatnonzero(apart.max(axis=0)).tolist()
    print(f'{options} window {window}: up to {apart.max()} of 255 levels, in the columns {columns}')
    if options.get('fancy_upscaling', True):
      assert columns and set(columns) <= {0, 31} and apart.max() > 10
    else:
      assert not columns
PYTHON_END
