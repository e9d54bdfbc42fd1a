#!/usr/bin/env bash
# What surprises: Pillow's `ImageStat` of a picture of numbers from 1000 to 1100 says a mean of 127.5 and extrema of 0 and 255 (modes 'I' and
#   'F'), or 78.75 and 3 to 232 ('I;16'); `getextrema` of the same pictures is right.
# Guessed before it was run: 1050, a deviation of 50.
# Seen: as above; the deviation is 127.5 or 93.3.
# Reason: statistics are made of a histogram of 256 bins, over the range of the picture or of the numbers' bytes, and bins are taken for values.
# Versions: Pillow 13.0.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: frames are of 8 bits; sums and deviations are NumPy's.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check Pillow==13.0.0 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import PIL
from PIL import Image, ImageStat

print('Pillow', PIL.__version__)
numbers = np.full((64, 64), 1000)
numbers[:32] = 1100
for dtype, mean in ((np.uint16, 78.75), (np.int32, 127.5), (np.float32, 127.5)):
  picture = Image.fromarray(numbers.astype(dtype))
  found = ImageStat.Stat(picture)
  print(f'{picture.mode}: mean {found.mean}, deviation {found.stddev}, extrema {found.extrema}; getextrema {picture.getextrema()}')
  assert found.mean == [mean] and tuple(map(float, picture.getextrema())) == (1000, 1100)
PYTHON_END
