#!/usr/bin/env bash
# What surprises: pedalboard's `Convolution` has no use for the level of its impulse response: an impulse of 1 and one of .1 both make the
#   sound 18 dB quieter. Its `Reverb` with a dry level of 1 and a wet level of 0 makes it twice as loud.
# Guessed before it was run: convolving with a unit impulse changes nothing, nor does a reverb that is all dry.
# Seen: -18.06 dB for [1], [.1] and responses with an echo, where numpy.convolve gives 0, -20 and .96 dB; +6.02 dB for the dry reverb, whose
#   dry_level of .5 is the identity. A `mix` below 1 so blends sound and echo at another ratio than asked for.
# Versions: pedalboard 0.9.26 (0.9.12 too), numpy 2.4.6, Python 3.12.
# What xdc-tf does: not used; the rooms of AV digits are convolved by SciPy (xdc_tf/avdigits/sound.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pedalboard==0.9.26 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from pedalboard import Convolution, Reverb

print('pedalboard', importlib.metadata.version('pedalboard'))
sound = (np.random.default_rng(0).normal(size=48_000) * 0.1).astype(np.float32)


def level(found):
  return 20 * np.log10(found.std() / sound.std())


for response in ([1.0], [0.1], [1, 0, 0, 0, 0.5], [0.01, 0, 0, 0, 0.005]):
  impulse = np.array([response], np.float32)
  found, right = level(Convolution(impulse, 1.0, 48_000)(sound, 48_000)), level(np.convolve(sound, impulse[0])[:48_000])
  print(response, f'pedalboard {found:.2f} dB, numpy.convolve {right:.2f} dB')
  assert abs(found + 18.06) < 0.05
dry = [level(Reverb(wet_level=0, dry_level=share)(sound, 48_000)) for share in (1.0, 0.5)]
print('a dry reverb of 1 and of .5:', np.round(dry, 2), 'dB')
assert abs(dry[0] - 6.02) < 0.01 and abs(dry[1]) < 0.01
PYTHON_END
