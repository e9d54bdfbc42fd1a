#!/usr/bin/env bash
# What surprises: once Bottleneck is installed, pandas' std of a float32 column with mean 1000 and deviation 1 is 8.96; without it 1.0007.
# Guessed before it was run: an accelerator changes digits at the end.
# Seen: 131 for mean 10,000; DataFrame.std too; bn.nanmean of 30 million ones is .56.
# Reason: pandas keeps only sums, products and means from Bottleneck for their loss of precision (core/nanops.py), and a deviation needs the same sum.
# Versions: bottleneck 1.6.0, pandas 3.1.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check bottleneck==1.6.0 pandas==3.1.1 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import bottleneck as bn
import numpy as np
import pandas as pd

noise = np.random.default_rng(0).normal(size=1_000_000)
seen = {}
for mean in (0, 100, 1000, 10_000):
  column = pd.Series((noise + mean).astype(np.float32))
  for used in (False, True):
    pd.set_option('compute.use_bottleneck', used)
    seen[mean, used] = column.std(), pd.DataFrame({'x': column}).std()['x']
  print(f'mean {mean}: pandas std {seen[mean, False][0]:.4f} without Bottleneck, {seen[mean, True][0]:.4f} with it; NumPy {column.to_numpy().std():.4f}')
assert abs(seen[1000, False][0] - 1) < 0.01 and seen[1000, True][0] > 5 and seen[10_000, True][1] > 50
ones = np.ones(30_000_000, np.float32)
print(f'mean of 30 million ones: NumPy {ones.mean()}, Bottleneck {bn.nanmean(ones):.3f}')
assert bn.nanmean(ones) < 0.6
PYTHON_END
