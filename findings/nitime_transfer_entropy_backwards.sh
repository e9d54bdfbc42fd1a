#!/usr/bin/env bash
# What surprises: nitime's transfer entropy "from x to y" is that from y to x; its `boxcar_filter` smooths once however many rounds are asked
#   for, and overwrites what it was given.
# Guessed before it was run: where y repeats x a sample later, 1 bit from x to y and none back; ten rounds smooth more than one.
# Seen: .0008 and 1.0; a deviation of .4536 after 1, 2 and 10 rounds (.3698 is that of two); rows of two dimensions are changed in place.
# Reason: the future of x is predicted from the past of y; every round begins with the same padded signal.
# Versions: nitime 0.12.1, numpy 2.4.6, scipy 1.18.1, Python 3.12.
# What xdc-tf does: which modality tells of the other is said by NMI, which has no direction (xdc_tf/clustering/metrics.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check nitime==0.12.1 numpy==2.4.6 scipy==1.18.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from nitime.algorithms.entropy import transfer_entropy
from nitime.algorithms.filter import boxcar_filter

print('nitime', importlib.metadata.version('nitime'))
random = np.random.default_rng(0)
x = random.integers(0, 2, 5000)
y = np.roll(x, 1)
forward, back = float(transfer_entropy(x, y)), float(transfer_entropy(y, x))
print(f'y repeats x: from x to y {forward:.4f} bits, from y to x {back:.4f}')
assert forward < 0.01 and back > 0.99

noise = random.standard_normal(1000)
smoothed = {rounds: boxcar_filter(noise.copy(), ub=0.1, n_iterations=rounds) for rounds in (1, 2, 10)}
once = np.convolve(noise, np.ones(5) / 5, 'same')
twice = np.convolve(once, np.ones(5) / 5, 'same')
print('deviations:', {rounds: round(float(s.std()), 4) for rounds, s in smoothed.items()}, 'expected after two:', round(float(twice.std()), 4))
assert np.array_equal(smoothed[1], smoothed[2]) and np.array_equal(smoothed[1], smoothed[10])

rows = np.stack([noise, noise])
before = rows.copy()
boxcar_filter(rows, ub=0.1)
print('the given rows are as before:', np.array_equal(rows, before))
assert not np.array_equal(rows, before)
PYTHON_END
