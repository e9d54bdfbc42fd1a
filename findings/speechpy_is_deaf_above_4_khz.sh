#!/usr/bin/env bash
# What surprises: speechpy's mel features hear nothing above a quarter of the sampling rate; its deltas of a constant are not 0; it leaves
#   the last frame out.
# Guessed before it was run: bands from 0 to 8 kHz at 16 kHz, as documented; 0 of a constant and 1 of a ramp; 19 frames of 100 every 50 in
#   1,000 samples.
# Seen: of tones of 1 and 3 kHz 99.8 % of the energy is in the bands, of 5 kHz .2 %, of 7 kHz .01 %; the bands reach from 156 to 3,969 Hz.
#   First and second derivative of a constant 5: 1.5 and .45. 18 frames.
# Reason: bins are counted in halves of the spectrum in place of the whole; a minus stands at the begin of a statement of its own; the number
#   of frames lacks 1.
# Versions: speechpy 2.4, numpy 1.26.4, scipy 1.13.1, Python 3.12.
# What xdc-tf does: nothing: its log-mel is its own and tested against librosa's filters (xdc_tf/records/audio_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check speechpy==2.4 numpy==1.26.4 scipy==1.13.1
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import importlib.metadata

import numpy as np
import speechpy

print('speechpy', importlib.metadata.version('speechpy'))
rate = 16_000
seconds = np.arange(rate) / rate
shares = {}
for hertz in (1000, 3000, 5000, 7000):
  mel, energy = speechpy.feature.mfe(np.sin(2 * np.pi * hertz * seconds), rate)
  shares[hertz] = mel.sum() / energy.sum()
  print(f'{hertz} Hz: {shares[hertz]:.2%} of the energy is in the bands')
assert min(shares[1000], shares[3000]) > 0.99 and max(shares[5000], shares[7000]) < 0.01
covered = np.flatnonzero(speechpy.feature.filterbanks(40, 257, rate, 0, 8000).sum(axis=0))[[0, -1]] * rate / 512
print('bands for 0 to 8000 Hz cover', covered)
assert covered[0] > 100 and covered[1] < 4100
_, first, second = speechpy.feature.extract_derivative_feature(np.full((50, 13), 5.0))[25, 6]
print(f'derivatives of a constant 5: {first:.2f} and {second:.2f}')
assert abs(first) > 1
frames = speechpy.processing.stack_frames(np.arange(1, 1001.0), 1000, frame_length=0.1, frame_stride=0.05, zero_padding=True)
print('frames of 100 every 50 of 1,000 samples:', len(frames), 'the last sample in them is number', frames.max())
assert len(frames) == 18 and frames.max() == 950
PYTHON_END
