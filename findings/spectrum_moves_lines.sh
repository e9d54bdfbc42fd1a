#!/usr/bin/env bash
# What surprises: the library spectrum has a tone at -8 Hz at -7 Hz once its axis is centred, and a real tone of 8 Hz in bins 8 and 55 of 64;
#   the correlation of x with a longer y is that of y with itself.
# Guessed before it was run: -8; bins 8 and 56; x = 1, 2, 3 with y = 10, 0, 0, 0, 0 gives 10, 20, 30, 0, 0.
# Seen: -7; 55; 100, 0, 0, 0, 0.
# Reason: the halves are exchanged with one bin in the wrong one; the mirror lacks its first bin; x is replaced by a copy of y when it is padded.
# Versions: spectrum 0.10.0, numpy 2.4.6, scipy 1.18.1, Python 3.12.
# What xdc-tf does: spectra are TensorFlow's (xdc_tf/records/audio_ops.py), tested against librosa.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check spectrum==0.10.0 numpy==2.4.6 scipy==1.18.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
import spectrum

print('spectrum', importlib.metadata.version('spectrum'))
ordered = np.array([0, 1, 2, 3, -4, -3, -2, -1.0])
centred = spectrum.tools.twosided_2_centerdc(ordered)
print('centred:', np.asarray(centred).tolist(), 'expected', np.fft.fftshift(ordered).tolist())
assert list(centred) == [-1, -4, -3, -2, 0, 1, 2, 3]

place = np.arange(64)
tone = spectrum.Periodogram(np.exp(-2j * np.pi * 8 * place / 64), sampling=64)
tone()
tone.sides = 'centerdc'
peak = float(np.array(tone.frequencies())[np.argmax(tone.psd)])
print('a tone at -8 Hz is at', peak, 'Hz')
assert peak == -7

real = spectrum.Periodogram(np.cos(2 * np.pi * 8 * place / 64), sampling=64)
real()
real.sides = 'twosided'
bins = sorted(np.argsort(real.psd)[-2:].tolist())
print('a real tone of 8 Hz is in bins', bins, 'of 64')
assert bins == [8, 55]

found = spectrum.CORRELATION([1.0, 2, 3], [10.0, 0, 0, 0, 0], norm=None)
print('correlation of 1, 2, 3 with 10, 0, 0, 0, 0:', np.asarray(found).tolist())
assert np.allclose(found, [100, 0, 0, 0, 0])
PYTHON_END
