#!/usr/bin/env bash
# What surprises: `rotate` and `transform` of Pillow with BILINEAR or BICUBIC give numbers below 256 for 16-bit pictures, in a picture that
#   still is of 16 bits. NEAREST is right, and so are the same numbers as mode I or F, and `resize`.
# Guessed before it was run: the picture, as the map moves nothing; or an error, as of `reduce` and `filter`.
# Seen, of columns from 20,000 to 40,000: moved by nothing 1 to 247; turned by 5 degrees the middle has a mean of 110.
# Reason, as read in one upstream version: bilinear filters take every picture that has rows of bytes for one of 8 bits.
# Versions: Pillow 13.0.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: nothing: frames are 8 bits and stay upright (xdc_tf/media/jpeg_encoder.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 numpy==2.4.6
"$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import PIL
from PIL import Image

print('Pillow', PIL.__version__)
depth = np.tile(np.linspace(20_000, 40_000, 64).astype(np.uint16), (64, 1))
still = (1, 0, 0, 0, 1, 0)
for name in ('NEAREST', 'BILINEAR', 'BICUBIC'):
  way = Image.Resampling[name]
  for kind in (np.uint16, np.int32, np.float32):
    picture = Image.fromarray(depth.astype(kind))
    same = np.asarray(picture.transform(picture.size, Image.Transform.AFFINE, still, way))
    turned = np.asarray(picture.rotate(5, way))[16:48, 16:48].mean()
    print(f'{name}, mode {picture.mode}: moved by nothing {same.min()} to {same.max()}, turned mean {turned:.0f}')
    if kind == np.uint16 and name != 'NEAREST':
      assert same.max() < 256 and turned < 256
    else:
      np.testing.assert_array_equal(same, depth)
      assert abs(turned - 30_000) < 400
small = np.asarray(Image.fromarray(depth).resize((32, 32), Image.Resampling.BICUBIC))
print('resize:', small.min(), 'to', small.max())
assert small.min() > 19_000
PYTHON_END
