#!/usr/bin/env bash
# What surprises: quantile recalibration of uncertainty-toolbox doubles a bias: prop_type='quantile' counts the share above where the share
#   below is documented.
# Guessed before it was run: after recalibration on the same data half of the values lie below the median.
# Seen, values of N(0, 1) and a model of N(-1, 1): .161 lie below its median and .839 are counted; recalibrated, .021 lie below the median (raw
#   .161), and .23 below the quantile .9 (raw .61).
# Reason: residuals are taken as prediction minus value, whose quantiles are those of the other side.
# Versions: uncertainty-toolbox 0.1.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: nothing: it predicts no deviations.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check uncertainty-toolbox==0.1.1 numpy==2.5.5
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import importlib.metadata

import numpy as np
import uncertainty_toolbox

print('uncertainty-toolbox', importlib.metadata.version('uncertainty-toolbox'))
values = np.random.default_rng(0).normal(size=5000)
means, deviations = np.full(5000, -1.0), np.ones(5000)
_, observed = uncertainty_toolbox.metrics_calibration.get_proportion_lists_vectorized(
  means, deviations, values, 101, prop_type='quantile'
)
below = np.mean(values <= means)
print(f'below the predicted median lie {below:.3f}, the library says {observed[50]:.3f}')
assert abs(observed[50] - (1 - below)) < 1e-6
quantile = uncertainty_toolbox.metrics_calibration.get_quantile
recalibrated = uncertainty_toolbox.recalibration.get_quantile_recalibrator(means, deviations, values)
for share in (0.1, 0.5, 0.9):
  shares = [np.mean(values <= function(means, deviations, share)) for function in (quantile, recalibrated)]
  print(f'below the quantile {share}: {shares[0]:.3f} raw, {shares[1]:.3f} recalibrated')
  assert shares[1] < shares[0] < share
PYTHON_END
