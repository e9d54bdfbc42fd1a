#!/usr/bin/env bash
# What surprises: the second half of nlpaug's noise is the first half run backwards; `MaskAug` ignores its duration, and `ShiftAug` to the right
#   moves sound to the left and never by less than the most that is allowed.
# Guessed before it was run: halves of white noise have nothing in common, and noise is as loud whatever its length; .1 s of 10 s are masked;
#   shifts of up to 3 s in the direction asked for.
# Seen: a correlation of 1.000000, and half as loud for 4 s as for 1 s; 6 s are masked; what was at 5 s is at 2 s ("right") or 8 s ("left").
# Reason: the noise is the inverse transform of a spectrum without an imaginary part, divided by its length; the duration is never read; the
#   sign for "right" is the other one, and the maximum is taken for the shift.
# Versions: nlpaug 1.1.11, numpy 2.4.6, scipy 1.18.1, pandas 2.3.3, Python 3.12.
# What xdc-tf does: clips are shifted and jittered by its own operations (xdc_tf/records/), and noise is not added.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  nlpaug==1.1.11 numpy==2.4.6 scipy==1.18.1 pandas==2.3.3 setuptools==80.9.0
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import nlpaug.augmenter.audio as augmenters
import numpy as np

print('nlpaug', importlib.metadata.version('nlpaug'))
np.random.seed(0)
rate = 16000


def augmented(augmenter, sound):
  return np.asarray(augmenter.augment(sound)[0])


loudness = {}
for seconds in (1, 4, 16):
  # Of silence, noise alone is left.
  noise = augmented(augmenters.NoiseAug(zone=(0, 1), color='white'), np.zeros(rate * seconds))
  half = len(noise) // 2
  alike = np.corrcoef(noise[1:half], noise[half + 1 :][::-1])[0, 1]
  loudness[seconds] = noise.std()
  print(f'white noise of {seconds} s: deviation {noise.std():.5f}, first half against the second, turned around: {alike:.6f}')
  assert alike > 0.999999
assert 1.9 < loudness[1] / loudness[4] < 2.1

sound = np.random.default_rng(0).standard_normal(10 * rate) * 0.1
masked = augmented(augmenters.MaskAug(sampling_rate=rate, duration=0.1), sound)
seconds = (masked != sound).sum() / rate
print(f'MaskAug(duration=.1) of 10 s masks {seconds:.1f} s')
assert seconds > 5

clock = np.arange(1, 10 * rate + 1) / rate
for direction, expected in (('left', 8.0), ('right', 2.0)):
  moved = [augmented(augmenters.ShiftAug(sampling_rate=rate, duration=3, direction=direction), clock) for _ in range(20)]
  places = {float(np.flatnonzero(np.isclose(m, 5))[0] + 1) / rate for m in moved}
  print(f'{direction}, by 3 s at the most: what was at 5 s is at {places} s')
  assert places == {expected}
PYTHON_END
