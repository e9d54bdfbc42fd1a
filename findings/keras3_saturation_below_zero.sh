#!/usr/bin/env bash
# What surprises: RandomSaturation of Keras 3 makes numbers far below zero of pictures from 0 to 255, its default range: a factor of .8
#   gives half of all numbers, down to -762. The same pictures from 0 to 1 stay within their range.
# Guessed before it was run: the same picture, times 255.
# Seen, of noise: up to a factor of .5 alike; at .6 23 % of the numbers are negative, at .8 50 %, at .95 63 % (down to -4,572).
# Reason: the saturation, which is from 0 to 1 in any case, is cut off at the ends of the pictures' range.
# Versions: keras 3.15.1, tensorflow 2.21.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: nothing: its colours are its own (xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import keras
import numpy as np

print('keras', keras.__version__)
pictures = np.random.RandomState(0).rand(8, 32, 32, 3).astype('float32')
for factor in (0.3, 0.5, 0.6, 0.8, 0.95):
  unit = keras.layers.RandomSaturation((factor, factor), value_range=(0, 1))(pictures, training=True)
  bytes_ = keras.layers.RandomSaturation((factor, factor), value_range=(0, 255))(255 * pictures, training=True)
  unit, bytes_ = 255 * np.asarray(unit), np.asarray(bytes_)
  negative = (bytes_ < -1e-3).mean()
  print(
    f'factor {factor}: {unit.min():.0f} to {unit.max():.0f} of [0, 1], {bytes_.min():.0f} to {bytes_.max():.0f} of [0, 255], '
    f'{negative:.0%} below 0'
  )
  assert unit.min() > -0.01 and unit.max() < 255.01
  assert (negative == 0) if factor <= 0.5 else (negative > 0.15)
PYTHON_END
