#!/usr/bin/env bash
# What surprises: torch-audiomentations' pink noise falls as brown noise does, and ten seconds of its noise are the first one ten times.
# Guessed before it was run: 3 dB an octave for pink (f_decay=1) and 6 for brown (f_decay=2), as documented; noise that does not repeat.
# Seen: 5.7 and 11.2 dB an octave; every second equals the first, of white noise too.
# Reason: the amplitude is divided by f to f_decay where the power should be; as many samples as a second has are drawn and repeated.
# Versions: torch-audiomentations 0.12.0, torch 2.13.0, scipy 1.18.1, Python 3.12.
# What xdc-tf does: no noise is added; SpecAugment works on log-mel (xdc_tf/records/inputs.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  torch-audiomentations==0.12.0 torch==2.13.0 scipy==1.18.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import warnings

import numpy as np
import torch
from scipy.signal import welch

warnings.simplefilter('ignore')
from torch_audiomentations import AddColoredNoise

print('torch-audiomentations', importlib.metadata.version('torch-audiomentations'), 'torch', torch.__version__)
torch.manual_seed(0)
RATE = 16000
sound = 0.001 * torch.randn(1, 1, 10 * RATE)
for decay, colour in ((0, 'white'), (1, 'pink'), (2, 'brown')):
  add = AddColoredNoise(
    min_snr_in_db=0, max_snr_in_db=0, min_f_decay=decay, max_f_decay=decay, p=1.0, output_type='dict'
  )
  noise = (add(sound, sample_rate=RATE).samples - sound)[0, 0].numpy()
  frequencies, power = welch(noise, RATE, nperseg=4096)
  band = (frequencies > 200) & (frequencies < 6000)
  slope = 10 * np.polyfit(np.log2(frequencies[band]), np.log10(power[band]), 1)[0]
  seconds = noise.reshape(10, RATE) / noise.std()
  apart = np.abs(seconds - seconds[0]).max()
  print(f'{colour}: {slope:+.1f} dB an octave, expected {-3.01 * decay:+.1f}; seconds differ by {apart:.0e}')
  assert abs(slope + 5.65 * decay) < 0.4 and apart < 1e-3
PYTHON_END
