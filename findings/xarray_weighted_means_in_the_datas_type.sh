#!/usr/bin/env bash
# What surprises: xarray's weighted mean of a uint8 picture under a mask is .02 where its pixels are 100 to 249: products and sums are taken in the
#   data's own type. The mean of the same pixels by `where`, and the plain mean, are right. A mask of uint8 does the same to data of floats.
# Guessed before it was run: what numpy.average gives with the mask as weights, whatever the types.
# Seen: .017 in uint8 and 10.9 in int16 (times 100) for 187.04 and 18,703.8; floats under a mask of bool 187.04, under the same mask as uint8
#   1,394, seven times as much, because the weights, 887 of them, add up to 119.
# Versions: xarray 2026.9.0, numpy 2.4.6, pandas 3.1.1, Python 3.12.
# What xdc-tf does: not used; pixels become float32 before anything is computed (`normalize` in xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check xarray==2026.9.0 numpy==2.4.6 pandas==3.1.1
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import xarray as xr

print(f'xarray {xr.__version__}')
pixels = np.random.default_rng(0).integers(100, 250, (32, 32)).astype(np.uint8)
picture = xr.DataArray(pixels, dims=('y', 'x'))
mask = picture > 120
for data in (picture, picture.astype(np.int16) * 100, picture.astype(float)):
  mean, right = data.weighted(mask).mean().item(), np.average(data.values, weights=mask.values)
  print(f'{data.dtype}: weighted mean {mean:.4f}, of numpy.average {right:.4f}, by where {data.where(mask).mean().item():.4f}')
  np.testing.assert_allclose(data.where(mask).mean().item(), right)
  assert np.isclose(mean, right) if data.dtype == float else abs(mean) < right / 100
floats = picture.astype(np.float32)
for weights in (mask, mask.astype(np.uint8)):
  weighted = floats.weighted(weights)
  print(f'float32, mask of {weights.dtype}: {weighted.mean().item():.2f}, weights add up to {weighted.sum_of_weights().item()} of {int(mask.sum())}')
np.testing.assert_allclose(floats.weighted(mask).mean().item(), 187.04, atol=0.01)
assert floats.weighted(mask.astype(np.uint8)).mean().item() > 1000
PYTHON_END
