#!/usr/bin/env bash
# What surprises: mosaicml-streaming's encoding 'jpeg' stores the file that a Pillow picture was opened from: what was shrunk or painted over
#   since then is lost. 'pil' loses palettes, and 'ndarray' the byte order.
# Guessed before it was run: what is read is the picture that was written, up to JPEG's loss; arrays come back as they were.
# Seen: a picture that `thumbnail` made 64x48 is read as 640x480, one painted blue as red as its file; a red picture with a palette is
#   black; [0, 1, 2] of big-endian int16 is [0, 256, 512]. The encoder copies the file at `picture.filename`, which changes in place
#   keep; the palette and the byte order are not written.
# Versions: mosaicml-streaming 0.13.0, pillow 13.0.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: frames are encoded from their pixels (xdc_tf/media/jpeg_encoder.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check mosaicml-streaming==0.13.0 pillow==13.0.0
FOLDER="$tmp" "$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import os
import tempfile

import numpy as np
from PIL import Image
from streaming import LocalDataset, MDSWriter

print('mosaicml-streaming', importlib.metadata.version('mosaicml-streaming'))
os.chdir(tempfile.mkdtemp(dir=os.environ['FOLDER']))


def back(encoding, value):
  folder = tempfile.mkdtemp(dir='.')
  with MDSWriter(out=folder, columns={'x': encoding}) as writer:
    writer.write({'x': value})
  return LocalDataset(folder)[0]['x']


Image.new('RGB', (640, 480), (200, 0, 0)).save('picture.jpg')
small = Image.open('picture.jpg')
small.thumbnail((64, 64))
painted = Image.open('picture.jpg')
painted.paste((0, 0, 255), (0, 0, 640, 480))
palette = Image.new('RGB', (8, 8), (200, 0, 0)).convert('P', palette=Image.Palette.ADAPTIVE)
read_size = back('jpeg', small).size
read_colour = back('jpeg', painted).getpixel((5, 5))
read_palette = back('pil', palette).convert('RGB').getpixel((5, 5))
read_array = back('ndarray', np.arange(3, dtype='>i2')).tolist()
print('wrote', small.size, 'read', read_size)
print('wrote', painted.getpixel((5, 5)), 'read', read_colour)
print('wrote', palette.convert('RGB').getpixel((5, 5)), 'read', read_palette)
print('wrote [0, 1, 2] read', read_array)

assert small.size == (64, 48) and read_size == (640, 480)
assert painted.getpixel((5, 5)) == (0, 0, 255) and read_colour[0] > 190 and read_colour[2] < 10
assert palette.convert('RGB').getpixel((5, 5)) == (200, 0, 0) and read_palette == (0, 0, 0)
assert read_array == [0, 256, 512]
PYTHON_END
