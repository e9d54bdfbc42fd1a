#!/usr/bin/env bash
# What surprises: given a dict, RandomFlip, RandomCrop and Pipeline of Keras 3 write into it: two calls give two views that are one, and the
#   caller's pictures are gone. RandomRotation, RandomZoom, RandomBrightness and MixUp leave the dict alone.
# Guessed before it was run: two different views, and the input as it was, of all layers.
# Seen: of 64 pictures both views are equal to the last bit with these three, in calls outside of tf.data.
# Reason: `call` assigns data['images'] and returns data; these three are the ones that do not have their arguments converted, which makes
#   a new dict.
# Versions: keras 3.15.1, tensorflow 2.21.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: nothing: its augmentations are functions of tensors (xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import keras
import numpy as np

print('keras', keras.__version__)
pictures = np.random.RandomState(0).rand(64, 32, 32, 3).astype('float32')
layers = keras.layers
overwriting = {'RandomFlip', 'RandomCrop', 'Pipeline'}
for layer in (
  layers.RandomFlip(seed=0),
  layers.RandomCrop(24, 24, seed=0),
  layers.Pipeline([layers.RandomFlip(seed=0)]),
  layers.RandomRotation(0.2, seed=0),
  layers.RandomZoom(0.2, seed=0),
  layers.RandomBrightness(0.2, seed=0),
  layers.MixUp(seed=0),
):
  data = {'images': pictures.copy(), 'labels': np.eye(64, dtype='float32')}
  first, second = (layer(data, training=True) for _ in range(2))
  alike = np.array_equal(np.asarray(first['images']), np.asarray(second['images']))
  kept = np.array_equal(np.asarray(data['images']), pictures)
  name = type(layer).__name__
  print(f'{name}: both views are equal: {alike}; the caller still has his pictures: {kept}')
  assert (alike, kept) == ((True, False) if name in overwriting else (False, True))
PYTHON_END
