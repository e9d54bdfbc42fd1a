#!/usr/bin/env bash
# What surprises: the piecewise means of tslearn, which its symbols (SAX) are made of, leave out the end of a series whose length is no
#   multiple of the segments: of 19 samples in 10 segments the last 9 do not count.
# Guessed before it was run: segments of one and two samples, or an error.
# Seen: two series that differ in the last 9 of 19 samples alone have the distance 0; of 100 samples in 34 segments the last 32 do not count.
# Reason: a segment has length // segments samples, and what is left over is dropped.
# Versions: tslearn 0.10.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: nothing: windows end with the sound (`windows` in xdc_tf/records/audio_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tslearn==0.10.0 numpy==2.4.6
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from tslearn.piecewise import PiecewiseAggregateApproximation, SymbolicAggregateApproximation

print('tslearn', importlib.metadata.version('tslearn'))
for samples, segments, unseen in ((19, 10, 9), (100, 34, 32), (20, 10, 0)):
  series = np.random.default_rng(0).normal(size=(1, samples, 1))
  fitted = PiecewiseAggregateApproximation(n_segments=segments).fit(series)
  before, counting = fitted.transform(series), []
  for number in range(samples):
    changed = series.copy()
    changed[0, number] += 1
    if not np.array_equal(before, fitted.transform(changed)):
      counting.append(number)
  print(f'{samples} samples in {segments} segments: the last that counts is number {counting[-1] + 1}')
  assert samples - 1 - counting[-1] == unseen
first = np.random.default_rng(0).normal(size=(1, 19, 1))
second = first.copy()
second[0, 10:] += 5
distance = SymbolicAggregateApproximation(n_segments=10, alphabet_size_avg=8).fit(first).distance(first[0], second[0])
print(f'distance by symbols {distance:.3f}, Euclidean {np.linalg.norm(first - second):.1f}')
assert distance == 0
PYTHON_END
