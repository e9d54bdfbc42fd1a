#!/usr/bin/env bash
# What surprises: Pillow resizes a big-endian picture of 16 bits to noise, which a big-endian TIFF is when it is opened; as JPEG 2000 it is saved with
#   its bytes exchanged.
# Guessed before it was run: a picture is a picture in either order of bytes.
# Seen: correlations of .01 and -.01 with the truth, little-endian 1.00; the mean of 255 and 256 is 33,151.
# Reason: what asks for the order of bytes asks for the wrong one of the two modes.
# Versions: pillow 13.0.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: FFmpeg scales pictures (xdc_tf/media/picture_shape.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import io

import numpy as np
from PIL import Image, __version__

print('pillow', __version__)
pixels = np.random.default_rng(0).integers(0, 65536, (64, 64), dtype=np.uint16)
expected = pixels.reshape(32, 2, 32, 2).mean((1, 3))
as_floats = np.asarray(Image.fromarray(pixels.astype(np.float32)).resize((48, 48), Image.Resampling.LANCZOS))
for order in '<>':
  file = io.BytesIO()
  Image.fromarray(pixels.astype(order + 'u2')).save(file, 'TIFF')
  picture = Image.open(file)
  assert np.array_equal(np.asarray(picture), pixels)
  box = np.asarray(picture.resize((32, 32), Image.Resampling.BOX)).astype(float)
  lanczos = np.asarray(picture.resize((48, 48), Image.Resampling.LANCZOS)).astype(float)
  found = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in ((box, expected), (lanczos, as_floats))]
  print(f'{picture.mode}: correlation with the truth {found[0]:.2f} (BOX), {found[1]:.2f} (LANCZOS)')
  assert (min(found) > 0.99) == (order == '<') and (max(np.abs(found)) < 0.1) == (order == '>')

halves = np.full((64, 64), 255, '>u2')
halves[:, ::2] = 256
small = np.asarray(Image.fromarray(halves).resize((32, 32), Image.Resampling.BOX))
print('half 255, half 256:', small[0, 0])
assert abs(int(small[0, 0]) - 255.5) > 50

file = io.BytesIO()
Image.fromarray(pixels.astype('>u2')).save(file, 'JPEG2000')
back = np.asarray(Image.open(file))
print('as JPEG 2000:', back[0, :3], 'was', pixels[0, :3])
assert np.array_equal(back, pixels.byteswap())
PYTHON_END
