#!/usr/bin/env bash
# What surprises: `Quantize(how='quantile')` of tsaug makes a whole series its minimum; 'uniform', the default, is off by a whole level.
# Guessed before it was run: four levels, each of a quarter of the samples; an error of half a level at the most.
# Seen: two levels of .05 with 1 and 399 samples, where the mean is 112.6; a ramp from 0 to 1 has errors of .25, twice the half level, and a mean
#   of .593.
# Reason: quantiles are divided by 100 where they have to be multiplied; values are rounded before half a level is added, not rounded down.
# Versions: tsaug 0.2.1, numpy 2.4.6, scipy 1.18.1, Python 3.12.
# What xdc-tf does: sound is not quantized; pictures are, by FFmpeg (xdc_tf/media/jpeg_encoder.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tsaug==0.2.1 numpy==2.4.6 scipy==1.18.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
import tsaug

print('tsaug', importlib.metadata.version('tsaug'))
series = np.random.default_rng(0).exponential(100, (1, 400))
found, counts = np.unique(tsaug.Quantize(4, how='quantile').augment(series), return_counts=True)
print(f'levels {found.round(2)} with {counts} samples; least {series.min():.2f}, mean {series.mean():.1f}')
assert found.max() < 1 < series.mean() and counts.max() == 399

ramp = np.linspace(0, 1, 401)[None]
coarse = tsaug.Quantize(4).augment(ramp)
error = np.abs(coarse - ramp).max()
print(f'a ramp in four levels: largest error {error:.3f}, mean {coarse.mean():.3f}')
assert error > 0.24 and coarse.mean() > 0.59
PYTHON_END
