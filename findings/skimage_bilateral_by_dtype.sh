#!/usr/bin/env bash
# What surprises: scikit-image's `denoise_bilateral` blurs the edges of uint16 pictures away, which it keeps in the same picture as floats or
#   uint8; and a frame of one colour comes back as it was given, uint8 up to 255, where every other one comes back as floats up to 1.
# Guessed before it was run: whole numbers give what the same picture gives as floats, as the documentation says of `sigma_color`.
# Seen: a step from .25 to .75 with noise, sigma_color .05: uint8 and float64 are off by .005 in the mean, uint16 by .020, and its columns
#   beside the edge are .33 and .37 in place of .25 and .75. A frame of 128 stays uint8 128, with one pixel of 129 in it it is .502.
# Versions: scikit-image 0.26.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: no frame is denoised; frames are uint8 until the encoder's `normalize` divides by 255 (xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check scikit-image==0.26.0 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import skimage
from skimage.restoration import denoise_bilateral

print(f'scikit-image {skimage.__version__}')
step = np.where(np.arange(64) < 32, 0.25, 0.75)[None].repeat(64, axis=0)
noise = np.random.default_rng(0).normal(scale=0.02, size=step.shape)
picture = np.round((step + noise) * 255).astype(np.uint8)
kinds = {'uint8': picture, 'float64': picture / 255, 'uint16': picture.astype(np.uint16) * 257}
denoised = {name: denoise_bilateral(pixels, sigma_color=0.05, mode='edge') for name, pixels in kinds.items()}
for name, pixels in denoised.items():
  print(name, 'across the edge:', pixels[:, 30:34].mean(axis=0).round(2), 'error:', np.abs(pixels - step).mean().round(4))
assert np.abs(denoised['uint8'] - denoised['float64']).max() < 0.01
assert np.abs(denoised['uint16'] - denoised['float64']).max() > 0.3

flat = np.full((64, 64), 128, np.uint8)
almost_flat = flat.copy()
almost_flat[0, 0] = 129
of_flat, of_almost_flat = denoise_bilateral(flat), denoise_bilateral(almost_flat)
print(f'one colour: {of_flat.dtype} {of_flat[5, 5]}; one other pixel: {of_almost_flat.dtype} {of_almost_flat[5, 5]:.3f}')
assert of_flat.dtype == np.uint8 and (of_flat == 128).all()
assert abs(of_almost_flat[5, 5] - 128 / 255) < 1e-6
PYTHON_END
