#!/usr/bin/env bash
# What surprises: four times as loud is 2 dB louder by torchaudio's `loudness`; its biquad filters cut every peak to 1.
# Guessed before it was run: 12 dB; a tone of 100 Hz with a peak of 4 leaves a low pass at 8 kHz with a peak of 4.
# Seen: a tone of 997 Hz is at -3.3 LUFS, and at -1.4 four times as loud; a peak of 1.0, after an equalizer of 0 dB too.
# Reason: every biquad, the two of the loudness's weighting among them, calls `lfilter` with clamp=True.
# Versions: torchaudio 2.11.1, torch 2.14.1, Python 3.12.
# What xdc-tf does: waveforms are in [-1, 1] and are not filtered (xdc_tf/media/audio_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.14.1 torchaudio==2.11.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import math

import torch
import torchaudio
from torchaudio import functional

print('torchaudio', torchaudio.__version__.split('+')[0])
rate = 48000
time = torch.arange(3 * rate, dtype=torch.float64) / rate
tone = torch.sin(2 * math.pi * 997 * time)[None]
loudness = {factor: functional.loudness(factor * tone, rate).item() for factor in (0.125, 0.5, 1, 4)}
print('LUFS by factor:', {factor: round(value, 2) for factor, value in loudness.items()})
assert abs(loudness[0.5] - loudness[0.125] - 20 * math.log10(4)) < 0.05 and loudness[4] - loudness[1] < 3

loud = 4 * torch.sin(2 * math.pi * 100 * time)[None]
for name, filtered in (
  ('low pass at 8 kHz', functional.lowpass_biquad(loud, rate, 8000.0)),
  ('equalizer of 0 dB', functional.equalizer_biquad(loud, rate, 1000.0, 0.0)),
):
  peak = filtered.abs().max().item()
  print(f'a peak of 4 after a {name}: {peak:.3f}')
  assert abs(peak - 1) < 1e-6
PYTHON_END
