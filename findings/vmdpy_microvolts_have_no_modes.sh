#!/usr/bin/env bash
# What surprises: Of 10 microvolts, written in volts, vmdpy finds three modes that are 0 everywhere; written in microvolts it finds them right.
# Guessed before it was run: the modes of a signal times 1e-5 are its modes times 1e-5.
# Seen: no power, and the centres with which it began (0, 166.7 and 333.3 Hz); in microvolts 20, 100 and 250 Hz with .999 of the power.
# Reason: the tolerance is compared with a power that is not divided by the signal's; what is returned is the step before the last, the start.
# Versions: vmdpy 0.2, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; log-mel features are normalised (xdc_tf/records/audio_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check vmdpy==0.2 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import warnings

import numpy as np
from vmdpy import VMD

warnings.simplefilter('ignore')
print('vmdpy', importlib.metadata.version('vmdpy'))
time = np.arange(1000) / 1000
sound = np.cos(2 * np.pi * 20 * time) + 0.5 * np.cos(2 * np.pi * 100 * time) + 0.2 * np.cos(2 * np.pi * 250 * time)
for tolerance in (1e-6, 1e-7):
  for name, unit in (('microvolts', 10), ('volts', 1e-5)):
    modes, _, centres = VMD(sound * unit, 2000, 0, 3, 0, 1, tolerance)
    share = np.square(modes.sum(axis=0)).sum() / np.square(sound * unit).sum()
    print(f'tolerance {tolerance}, in {name}: centres {(centres[-1] * 1000).round(1)} Hz, share of the power {share:.3f}')
    if name == 'volts':
      assert not modes.any() and np.allclose(centres[-1] * 1000, [0, 500 / 3, 1000 / 3])
    else:
      assert share > 0.98 and np.allclose(centres[-1] * 1000, [20, 100, 250], atol=0.5)
PYTHON_END
