#!/usr/bin/env bash
# What surprises: outside of training Keras 3's RandomCrop gives pictures back as they are, 32 x 48 where 24 x 24 were asked for and are
#   promised by compute_output_shape. In training a crop as high as the picture is always the middle one, and boxes move by the start of
#   the rows in x and by that of the columns in y.
# Guessed before it was run: the middle 24 x 24, as documented ("resized and cropped"); a random column; boxes that stay on their object.
# Seen: (1, 32, 48, 1); 200 crops of 31 x 32 of 32 x 48 begin at columns 0 to 16, of 32 x 32 all at 8; an object at [30, 16, 40, 20] has the box
#   [26, 20, 36, 24].
# Reason: all cropping is in the branch of training; it is random where both sides are larger; h_start and w_start are exchanged for boxes.
# Versions: keras 3.15.1, tensorflow 2.21.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: nothing: its crops are its own (xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import keras
import numpy as np

print('keras', keras.__version__)
columns = np.tile(np.arange(48, dtype='float32')[None, None, :, None], (1, 32, 1, 1))  # Each pixel is its column.
layer = keras.layers.RandomCrop(24, 24)
shape, promised = tuple(layer(columns, training=False).shape), tuple(layer.compute_output_shape(columns.shape))
print('not in training:', shape, 'promised:', promised)
assert shape == columns.shape and promised == (1, 24, 24, 1)
starts = {}
for height in (31, 32):
  layer = keras.layers.RandomCrop(height, 32, seed=0)
  starts[height] = {int(np.asarray(layer(columns, training=True))[0, 0, 0, 0]) for _ in range(200)}
  print(f'200 crops of {height} x 32 of 32 x 48 begin at columns', sorted(starts[height]))
assert len(starts[31]) > 10 and starts[32] == {8}

picture = np.zeros((1, 32, 48, 1), 'float32')
picture[:, 20:24, 30:40] = 1
shifts = set()
for seed in range(6):
  boxes = {'boxes': np.array([[[30, 20, 40, 24]]], 'float32'), 'labels': np.zeros((1, 1))}
  layer = keras.layers.RandomCrop(28, 40, seed=seed, bounding_box_format='xyxy')
  cropped = layer({'images': picture, 'bounding_boxes': boxes}, training=True)
  rows, columns = np.where(np.asarray(cropped['images'])[0, :, :, 0] > 0)
  there = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
  box = np.asarray(cropped['bounding_boxes']['boxes']).ravel()
  print('object at', there.tolist(), 'box', box.tolist())
  # What the object has moved in x, the box has moved in y, and the other way round.
  np.testing.assert_array_equal((box - [30, 20, 40, 24])[:2], (there - [30, 20, 40, 24])[1::-1])
  shifts.add((there[0], there[1]))
assert len(shifts) > 2
PYTHON_END
