#!/usr/bin/env bash
# What surprises: MixUp of Keras 3 gives segmentation masks as many channels as the batch has pictures, and they are not the mix that the
#   pictures are; the labels of boxes get another shape than the boxes.
# Guessed before it was run: masks are mixed as their pictures are: of equal ones the results are equal.
# Seen: masks [4, 8, 8, 1] become [4, 8, 8, 4], up to .72 from the pictures; boxes [4, 2, 4] become [4, 4, 4], their labels [4, 2] become [8, 2].
# Reason: the other masks are taken without an axis, which takes single numbers, and broadcasting hides it; labels are joined along the
#   batch, boxes along the boxes.
# Versions: keras 3.15.1, tensorflow 2.21.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: nothing: it mixes no clips.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import keras
import numpy as np

print('keras', keras.__version__)
random = np.random.RandomState(0)
masks = random.randint(0, 2, (4, 8, 8, 1)).astype('float32')
boxes = {'boxes': random.rand(4, 2, 4).astype('float32'), 'labels': np.arange(8.0).reshape(4, 2)}
data = {'images': masks.copy(), 'segmentation_masks': masks, 'bounding_boxes': boxes}
mixed = keras.layers.MixUp(alpha=0.5, seed=0, bounding_box_format='xyxy')(data, training=True)
pictures, masks = np.asarray(mixed['images']), np.asarray(mixed['segmentation_masks'])
boxes, labels = (tuple(mixed['bounding_boxes'][name].shape) for name in ('boxes', 'labels'))
print('pictures', pictures.shape, 'masks', masks.shape, 'largest difference', np.abs(pictures - masks).max().round(2))
print('boxes', boxes, 'their labels', labels)
assert masks.shape == (4, 8, 8, 4) and np.abs(pictures - masks).max() > 0.1
assert boxes == (4, 4, 4) and labels == (8, 2)
PYTHON_END
