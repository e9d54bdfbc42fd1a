#!/usr/bin/env bash
# What surprises: Keras 3's RandomBrightness makes the brightest pixels of uint8 pictures dark: what is added wraps around before it is cut off at
#   255. The result is uint8 too, where the page says that the layer gives floats.
# Guessed before it was run: what the same picture gives as float32, cut off at 255, as the page says of whole numbers.
# Seen: a factor of .3 (always brighter) takes a light picture with a mean of 179.2 to 125.4 in uint8 and to 235.7 in float32; half of the
#   pixels become darker, none in float32.
# Versions: keras 3.15.1 with jax 0.12.0.1, numpy 2.4.6, Python 3.12.
# What xdc-tf does: not used; colours are not changed, and pixels become float32 first (xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 jax==0.12.0.1 jaxlib==0.12.0.1 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import os

os.environ['KERAS_BACKEND'] = 'jax'
import keras
import numpy as np
from keras import layers

print(f'keras {keras.__version__}, {keras.backend.backend()}')
picture = np.random.default_rng(0).integers(100, 256, (1, 32, 32, 3)).astype(np.uint8)
means, darker = {}, {}
for kind in ('uint8', 'float32'):
  given = picture.astype(kind)
  made = layers.RandomBrightness((0.3, 0.3), seed=0)(given, training=True)
  values = np.asarray(made, float)
  means[kind], darker[kind] = values.mean(), (values < given).mean()
  print(f'{kind} becomes {made.dtype}: mean {given.mean():.1f} becomes {means[kind]:.1f}, {darker[kind]:.0%} of the pixels darker')
assert darker['float32'] == 0 and means['float32'] > 230
assert darker['uint8'] > 0.4 and means['uint8'] < picture.mean() - 40
PYTHON_END
