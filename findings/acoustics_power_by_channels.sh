#!/usr/bin/env bash
# What surprises: the power of a stereo `Signal` of acoustics is 160,000 where that of each channel is 1 and 9; `density_spectrum` of two
#   channels exchanges them.
# Guessed before it was run: 1 and 9, or their mean; the first row of the spectrum is that of the first channel.
# Seen: one number, 160,000.0, for four seconds; of a tone and silence, the first row is silence.
# Reason: the sum of all squares is divided by len(), which is the number of channels; fftshift without an axis moves the channels as well.
# Versions: acoustics 0.2.6, numpy 1.26.4, scipy 1.11.4, pandas 2.2.3, Python 3.12.
# What xdc-tf does: sound is mixed down to one channel first (xdc_tf/media/audio_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  acoustics==0.2.6 numpy==1.26.4 scipy==1.11.4 pandas==2.2.3
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from acoustics import Signal
from acoustics.signal import amplitude_spectrum, density_spectrum

print('acoustics', importlib.metadata.version('acoustics'))
rate = 8000
tone = np.sqrt(2) * np.sin(2 * np.pi * 1000 * np.arange(4 * rate) / rate)
alone, both = float(Signal(tone, rate).power()), float(Signal(np.stack([tone, 3 * tone]), rate).power())
print(f'power of a tone {alone:.3f}, of two channels of 1 and 9: {both:.1f}')
assert abs(alone - 1) < 1e-6 and abs(both - 160_000) < 1

sums = {f.__name__: np.abs(f(np.stack([tone, 0 * tone]), rate)[1]).sum(-1) for f in (amplitude_spectrum, density_spectrum)}
print('sums of the spectra of (a tone, silence):', {name: found.round(2).tolist() for name, found in sums.items()})
assert sums['amplitude_spectrum'][1] < 1e-6 < sums['amplitude_spectrum'][0]
assert sums['density_spectrum'][0] < 1e-6 < sums['density_spectrum'][1]
PYTHON_END
