#!/usr/bin/env bash
# What surprises: The signal to noise ratio of every frequency is 0 dB in scikit-maad, beside 26.5 dB of the whole; rows that are scaled to 0 .. 1
#   have NaN and infinity.
# Guessed before it was run: the bin of a loud tone stands out; every row runs from 0 to 1.
# Seen: 0.0 to 0.0 dB; what is documented as energy in dB by bin is between 0 and .02; [[NaN, -.6], [inf, 1]] of [[1, 2], [5, 10]].
# Reason: the energy is subtracted from itself; the least and largest of rows are taken from columns.
# Versions: scikit-maad 1.5.2, numpy 2.5.5, scipy 1.18.1, Python 3.12.
# What xdc-tf does: not used; every clip is scaled by what its data set has (xdc_tf/records/audio_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check scikit-maad==1.5.2 numpy==2.5.5 scipy==1.18.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import warnings

import numpy as np
from maad import sound, util

warnings.simplefilter('ignore')
print('scikit-maad', importlib.metadata.version('scikit-maad'))
rate = 22050
time = np.arange(4 * rate) / rate
wave = 0.01 * np.random.default_rng(0).standard_normal(len(time))
wave[rate : 2 * rate] += 0.5 * np.sin(2 * np.pi * 3000 * time[:rate])
power = sound.spectrogram(wave, rate)[0]
_, _, ratio, energies, backgrounds, ratios = sound.spectral_snr(power)
print(f'SNR {ratio:.1f} dB, of the bins {ratios.min()} to {ratios.max()}; energies {energies.min():.1e} to {energies.max():.1e}', end=', ')
print(f'background {backgrounds.min():.0f} to {backgrounds.max():.0f} dB')
assert ratio > 20 and not ratios.any() and energies.min() > 0 and backgrounds.max() < -60
rows = np.array([[1.0, 2.0], [5.0, 10.0]])
print('columns from 0 to 1:', util.linear_scale(rows, axis=0).tolist(), 'rows:', util.linear_scale(rows, axis=1).tolist())
assert np.isinf(util.linear_scale(rows, axis=1)).any() and util.linear_scale(rows, axis=0).tolist() == [[0, 0], [1, 1]]
PYTHON_END
