#!/usr/bin/env bash
# What surprises: mosqito's `load` ignores the calibration for WAV files of float32, 26 dB here, and obeys it for int16 and float64;
#   `comp_spectrum` names every frequency one bin too high; `noverlap` is the step.
# Guessed before it was run: a peak of 10 Pa in all three; 1,000 Hz; blocks of 2,048 that overlap by 512.
# Seen: 10, 10 and .5 Pa; 1,020 Hz of 50 ms, 1,010 of 100 ms; blocks that overlap by 1,536.
# Reason: a sample of float32 is no Python float; the frequencies begin at 1 where the bins begin at 0; block l begins at l * noverlap.
# Versions: mosqito 1.2.1, pyuff 2.5.2, matplotlib 3.11.2, numpy 2.4.6, scipy 1.18.1, Python 3.12.
# What xdc-tf does: nothing: levels mean nothing to it.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  mosqito==1.2.1 pyuff==2.5.2 matplotlib==3.11.2 numpy==2.4.6 scipy==1.18.1
cd "$tmp"
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from mosqito.sound_level_meter import comp_spectrum
from mosqito.utils import load, time_segmentation
from scipy.io import wavfile

print('mosqito', importlib.metadata.version('mosqito'))
tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(48_000) / 48_000)
peaks = {}
for kind, scale in ((np.int16, 32_767), (np.float64, 1), (np.float32, 1)):
  wavfile.write('tone.wav', 48_000, (scale * tone).astype(kind))
  peaks[kind] = np.abs(load('tone.wav', wav_calib=20.0)[0]).max()
  print(f'{np.dtype(kind)} at 20 Pa of full scale: peak {peaks[kind]:.2f} Pa')
assert abs(peaks[np.int16] - 10) < 0.01 and abs(peaks[np.float64] - 10) < 0.01 and abs(peaks[np.float32] - 0.5) < 0.01
for length, named in ((2400, 1020), (4800, 1010), (48_000, 1001)):
  spectrum, hertz = comp_spectrum(tone[:length], 48_000, db=False)
  found = hertz[np.abs(spectrum).argmax()]
  print(f'1000 Hz for {length} samples has its peak at {found:.0f} Hz')
  assert abs(found - named) < 0.5
for overlap in (512, 1024, 1536):
  blocks, _ = time_segmentation(np.arange(10_000.0), 48_000, nperseg=2048, noverlap=overlap)
  print(f'noverlap={overlap}: blocks begin at {blocks[0, :3].astype(int)}')
  assert blocks[0, 1] == overlap
PYTHON_END
