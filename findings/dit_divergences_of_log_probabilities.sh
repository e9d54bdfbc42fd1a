#!/usr/bin/env bash
# What surprises: When dit stores a distribution as logarithms, its divergence from itself is -1.85 bits, and different distributions have a
#   Hellinger distance of 0.
# Guessed before it was run: `set_base(2)` changes how numbers are stored, and no result.
# Seen: entropy and mutual information stay; Kullback-Leibler is -1.846 for .259, the variational distance 1.585 for .2, Renyi's entropy -4.4 for
#   1.7, Tsallis' -20.2 for .7, a Renyi divergence NaN.
# Reason: these take logarithms for probabilities.
# Versions: dit 2.3, numpy 2.5.5, scipy 1.18.1, Python 3.12.
# What xdc-tf does: not used; NMI of counts (xdc_tf/clustering/metrics.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check dit==2.3 numpy==2.5.5 scipy==1.18.1 xarray==2026.9.0 pandas==3.1.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import warnings

import numpy as np

warnings.simplefilter('ignore')
import dit
from dit.divergences import cross_entropy, hellinger_distance, kullback_leibler_divergence, renyi_divergence, variational_distance
from dit.other import renyi_entropy, tsallis_entropy

print('dit', importlib.metadata.version('dit'))
p, q = np.array([0.3, 0.1, 0.2, 0.4]), np.array([0.1, 0.2, 0.3, 0.4])
measures = {
  'entropy': (lambda a, b: dit.shannon.entropy(a), -(p * np.log2(p)).sum()),
  'Kullback-Leibler': (kullback_leibler_divergence, (p * np.log2(p / q)).sum()),
  'Kullback-Leibler of p and p': (lambda a, b: kullback_leibler_divergence(a, a), 0),
  'cross entropy': (cross_entropy, -(p * np.log2(q)).sum()),
  'Hellinger distance': (hellinger_distance, np.sqrt(1 - np.sqrt(p * q).sum())),
  'variational distance': (variational_distance, abs(p - q).sum() / 2),
  'Renyi entropy of 2': (lambda a, b: renyi_entropy(a, 2), -np.log2((p**2).sum())),
  'Tsallis entropy of 2': (lambda a, b: tsallis_entropy(a, 2), 1 - (p**2).sum()),
  'Renyi divergence of 2': (lambda a, b: renyi_divergence(a, b, 2), np.log2((p**2 / q).sum())),
}
for name, (measure, expected) in measures.items():
  linear, logs = ([dit.Distribution(['00', '01', '10', '11'], list(values)) for values in (p, q)] for _ in range(2))
  for distribution in logs:
    distribution.set_base(2)
  found = float(measure(*linear)), float(measure(*logs))
  print(f'{name}: linear {found[0]:.4f}, logarithms {found[1]:.4f}')
  assert np.isclose(found[0], expected) and np.isclose(*found) == (name == 'entropy')
PYTHON_END
