#!/usr/bin/env bash
# What surprises: seglearn counts 999 zero crossings in any 1,000 samples, silence too; its correlations of variables are those of the first
#   samples; a shuffle with a random_state is another one every time.
# Guessed before it was run: 60 of 3 Hz for 10 s, none in silence; 0 between a sine and a cosine; equal shuffles.
# Seen: 999 and 999; .95; unequal.
# Reason: a change counts from a threshold on that is 0, and every change is at least 0; the axes of time and variables are exchanged; the
#   state that is made of the seed is thrown away.
# Versions: seglearn 1.2.5, numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1, Python 3.12.
# What xdc-tf does: shuffles come from seeds that are derived and tested (xdc_tf/training/seeds.py); seglearn is not used.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  seglearn==1.2.5 numpy==2.4.6 scikit-learn==1.9.1 pandas==3.1.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from seglearn.feature_functions import corr2, zero_crossing
from seglearn.transform import Segment

print('seglearn', importlib.metadata.version('seglearn'))
time = np.arange(1000) / 100
tones = np.stack([np.sin(2 * np.pi * 3 * time), np.cos(2 * np.pi * 3 * time), -np.sin(2 * np.pi * 3 * time)], -1)
for name, segment in (('3 Hz', tones), ('silence', 0 * tones)):
  expected = (np.diff(np.sign(segment), axis=0) != 0).sum(0)
  found = zero_crossing()(segment[None])[0]
  print(f'{name}: {found} zero crossings, changes of sign {expected}')
  assert (found == 999).all() and expected.max() < 65

found = corr2(tones[None])[0]
variables = np.corrcoef(tones.T)[np.triu_indices(3, 1)]
samples = np.corrcoef(tones[:3])[np.triu_indices(3, 1)]
print('corr2:', found.round(3), 'of the variables', variables.round(3), 'of the first samples', samples.round(3))
assert np.allclose(found, samples) and not np.allclose(found, variables, atol=0.5)

rows = np.empty(2, dtype=object)
rows[:] = [tones, tones]
shuffled = [Segment(width=10, shuffle=True, random_state=0).fit(rows).transform(rows, np.arange(2))[0] for _ in range(2)]
print('two shuffles of random_state=0 are equal:', np.array_equal(*shuffled))
assert not np.array_equal(*shuffled)
PYTHON_END
