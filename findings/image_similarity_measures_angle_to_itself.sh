#!/usr/bin/env bash
# What surprises: The spectral angle of a picture in uint8 to itself is 89.5 degrees in image-similarity-measures, as to noise; SRE of twice the
#   error is 3 dB less, and four copies of the picture have 3 dB more than one.
# Guessed before it was run: 0 degrees in every type; 6 dB less for twice the error, the same for four copies.
# Seen: 89.5 and 89.5 degrees in uint8, 0 and 34.5 as floats; SRE 51.1, 48.1 and 54.1 dB, where its paper's formula gives 20.0, 14.0 and 20.0.
# Reason: products are in the picture's type; the norm of the error is divided by n where its square had to be.
# Versions: image-similarity-measures 0.3.6, opencv-python 4.11.0.86, scikit-image 0.20.0, numpy 1.26.4, Python 3.11.
# What xdc-tf does: not used; pictures are floats before anything is multiplied (xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.11}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check image-similarity-measures==0.3.6 opencv-python==4.11.0.86 scikit-image==0.20.0 numpy==1.26.4 scipy==1.15.3
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from image_similarity_measures.quality_metrics import sam, sre

print('image-similarity-measures', importlib.metadata.version('image-similarity-measures'))
random = np.random.default_rng(0)
picture, noise = random.integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
for name, other in (('itself', picture), ('noise', noise)):
  whole, floats = sam(picture, other), sam(picture * 1.0, other * 1.0)
  print(f'angle to {name}: uint8 {whole:.1f} degrees, as floats {floats:.1f}')
  assert whole > 85 and floats < 40

error, plain = random.normal(0, 10, (128, 128, 3)), np.full((128, 128, 3), 100.0)


def expected(x, y):  # Lanaras et al. 2018: the squared mean over the mean squared error.
  return 10 * np.log10(np.mean([x[..., c].mean() ** 2 / np.mean((x[..., c] - y[..., c]) ** 2) for c in range(3)]))


found = []
for name, x, y in (
  ('one error', plain, plain + error),
  ('twice the error', plain, plain + 2 * error),
  ('four copies', np.tile(plain, (2, 2, 1)), np.tile(plain + error, (2, 2, 1))),
):
  found.append(float(sre(x, y)))
  print(f'SRE, {name}: {found[-1]:.1f} dB, by the formula {expected(x, y):.1f}')
assert np.allclose(np.diff(found), [-3.01, 6.02], atol=0.02)
PYTHON_END
