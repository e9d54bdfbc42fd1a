#!/usr/bin/env bash
# What surprises: pyssim's similarity of any two opaque pictures with an alpha channel is 1: of noise and other noise, of black and white.
# Guessed before it was run: a picture is as similar to another one as RGBA as it is as RGB, where alpha is 255 everywhere.
# Seen: 1.0000 where RGB gives .0008 and .0001; of noise as RGB and itself as RGBA 0. With an alpha of 254 it is right.
# Reason: what is opaque is made black; what is transparent was meant.
# Versions: pyssim 0.7.1, pillow 13.0.0, numpy 2.5.5, scipy 1.18.1, Python 3.12.
# What xdc-tf does: not used; pictures have three channels (xdc_tf/media/video_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pyssim==0.7.1 pillow==13.0.0 numpy==2.5.5 scipy==1.18.1 PyWavelets==1.10.0
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from PIL import Image
from ssim import compute_ssim

print('pyssim', importlib.metadata.version('pyssim'))
random = np.random.default_rng(0)
one, other = (Image.fromarray(random.integers(0, 256, (64, 64, 3), dtype=np.uint8)) for _ in range(2))
black, white = (Image.new('RGB', (64, 64), colour) for colour in ('black', 'white'))
for name, a, b in (('two noises', one, other), ('black and white', black, white)):
  as_rgb, as_rgba = compute_ssim(a, b), compute_ssim(a.convert('RGBA'), b.convert('RGBA'))
  print(f'{name}: RGB {as_rgb:.4f}, opaque RGBA {as_rgba:.4f}')
  assert as_rgb < 0.02 and as_rgba == 1
print(f'noise as RGB and itself as opaque RGBA: {compute_ssim(one, one.convert("RGBA")):.4f}')
assert compute_ssim(one, one.convert('RGBA')) < 0.02
nearly = [picture.convert('RGBA') for picture in (one, other)]
for picture in nearly:
  picture.putalpha(254)
print(f'two noises with an alpha of 254: {compute_ssim(*nearly):.4f}')
assert compute_ssim(*nearly) < 0.02
PYTHON_END
