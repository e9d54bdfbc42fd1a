#!/usr/bin/env bash
# What surprises: `phash_simple` of imagehash sees the top quarter of a picture only; by `colorhash` pink is light green, and red is farther from
#   red with a touch of blue than from yellow.
# Guessed before it was run: pictures that differ below the top third have other hashes; near colours are nearer than far ones.
# Seen: 1 of 64 bits differs, where the other hashes differ in 22 to 32; (255, 85, 85) and (85, 255, 85) in none, a level stronger in 6; red and
#   (255, 0, 3) in 6, red and (255, 252, 0) in none; half black and three quarters black in none.
# Reason: the cosine transform goes along rows alone, then the first 8 of 32 rows are taken; a saturation of 170 is neither weak nor strong; bins
#   of hues begin at the pure colours; counts lose a bit.
# Versions: ImageHash 4.3.2, pillow 13.0.0, numpy 2.5.5, scipy 1.18.1, Python 3.12.
# What xdc-tf does: not used; films are told apart by their paths (xdc_tf/manifest/manifest.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check ImageHash==4.3.2 pillow==13.0.0 numpy==2.5.5 scipy==1.18.1 PyWavelets==1.10.0
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import imagehash
import numpy as np
from PIL import Image

print('ImageHash', importlib.metadata.version('imagehash'))
blocks = np.random.default_rng(0).integers(0, 256, (2, 16, 16), dtype=np.uint8)
blocks[1, :5] = blocks[0, :5]  # Another picture below the top.
one, other = (Image.fromarray(np.kron(block, np.ones((16, 16), np.uint8))) for block in blocks)
differ = {name: getattr(imagehash, name)(one) - getattr(imagehash, name)(other) for name in ('phash_simple', 'phash', 'dhash', 'whash')}
print('bits of 64 that differ:', {name: int(bits) for name, bits in differ.items()})
assert differ.pop('phash_simple') <= 2 and min(differ.values()) > 15


def colour(*rgb):
  return imagehash.colorhash(Image.new('RGB', (32, 32), rgb))


pairs = {
  'pink and light green': ((255, 85, 85), (85, 255, 85)),
  'one level stronger': ((255, 84, 84), (84, 255, 84)),
  'red and red with 3 of blue': ((255, 0, 0), (255, 0, 3)),
  'red and yellow': ((255, 0, 0), (255, 252, 0)),
}
bits = {name: int(colour(*a) - colour(*b)) for name, (a, b) in pairs.items()}
print('colorhash:', bits)
assert list(bits.values()) == [0, 6, 6, 0]


def partly_black(share):
  pixels = np.full((80, 10, 3), (0, 255, 40), np.uint8)
  pixels[: int(80 * share)] = 0
  return imagehash.colorhash(Image.fromarray(pixels))


print('half black and three quarters black are equal:', partly_black(0.5) == partly_black(0.75))
assert partly_black(0.5) == partly_black(0.75)
PYTHON_END
