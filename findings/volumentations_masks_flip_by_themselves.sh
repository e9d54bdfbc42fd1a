#!/usr/bin/env bash
# What surprises: volumentations-3D flips a volume and its mask along axes that it draws for each of them, so they fit in one of seven
#   cases; its Resize makes zeros of floats between 0 and 1; its random crop never takes the last place.
# Guessed before it was run: masks go with their images, as in albumentations, whose interface it has; a resized volume keeps its mean;
#   a crop of 16 of 17 frames begins at 0 or 1.
# Seen: the mask fits in 95 of 700 flips; a mean of .50 becomes uint8 zeros; 500 crops begin at 0.
# Reason: `Flip.apply` draws the axes, and is called once for the image and once for the mask. The default `resize_type=1` ends with
#   astype(uint8). The start is int((n - size) * random()).
# Versions: volumentations-3D 1.0.4, numpy 2.5.5, scipy 1.18.1, scikit-image 0.26.0, Python 3.12.
# What xdc-tf does: nothing: its augmentations are its own, drawn once a clip (xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  volumentations-3D==1.0.4 numpy==2.5.5 scipy==1.18.1 scikit-image==0.26.0
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import random

import numpy as np
import volumentations

print('volumentations-3D', importlib.metadata.version('volumentations-3D'))
random.seed(0)
np.random.seed(0)
volume = np.random.rand(10, 10, 10, 1).astype(np.float32)


def apply(transform, **inputs):
  return volumentations.Compose([transform])(**inputs)


pairs = [apply(volumentations.Flip(p=1), image=volume, mask=volume) for _ in range(700)]
fitting = sum(np.array_equal(pair['image'], pair['mask']) for pair in pairs)
print(f'the mask is flipped like its image in {fitting} of 700 flips')
assert 60 < fitting < 140

small = apply(volumentations.Resize((5, 5, 5)), image=volume)['image']
print(f'resized floats: {small.dtype}, mean {volume.mean():.2f} before and {small.mean():.2f} after')
assert small.dtype == np.uint8 and not small.any()

frames = np.arange(17.0, dtype=np.float32)[:, None, None] * np.ones((17, 4, 4), np.float32)
crop = volumentations.RandomCrop((16, 4, 4))
starts = {int(apply(crop, image=frames)['image'][0, 0, 0]) for _ in range(500)}
print(f'500 crops of 16 of 17 frames begin at {starts}')
assert starts == {0}
PYTHON_END
