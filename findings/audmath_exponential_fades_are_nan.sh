#!/usr/bin/env bash
# What surprises: an exponential fade of audmath longer than 710 samples, 44 ms at 16 kHz, is silence that ends in NaN.
# Guessed before it was run: a fade rises from 0 to 1 over its length, whatever that is.
# Seen: of 101 or 710 samples, 7 are above .001; of 711 none, and the last is NaN; of 4,410, 3,700 are NaN.
# Reason: exp(n) of the sample's number is divided by that of the last one, which is infinite from 710 on.
# Versions: audmath 1.4.4, numpy 2.4.6, Python 3.12.
# What xdc-tf does: features and losses that are not finite are errors (xdc_tf/training/finite.py); sound is not faded.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check audmath==1.4.4 numpy==2.4.6
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import audmath
import numpy as np

print('audmath', importlib.metadata.version('audmath'))
np.seterr(all='ignore')
for samples, missing, risen in ((101, 0, 7), (710, 0, 7), (711, 1, 0), (4410, 3700, 0)):
  fade = audmath.window(samples, 'exponential', half='left')
  found = int(np.isnan(fade).sum()), int((fade > 0.001).sum())
  print(f'{samples} samples: NaN {found[0]}, above .001 {found[1]}, the last {fade[-1]}')
  assert found == (missing, risen)
PYTHON_END
