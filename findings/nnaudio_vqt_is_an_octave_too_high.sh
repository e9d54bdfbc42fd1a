#!/usr/bin/env bash
# What surprises: nnAudio's VQT hears every note an octave too high at 44.1 kHz, and other notes with fewer bins; its CQT2010v2 is up to eight
#   times too loud.
# Guessed before it was run: a tone 18 semitones above C1 is loudest in bin 18 by every constant-Q transform, as loud as by librosa ("more
#   or less the same" with and without early downsampling, says the docstring).
# Seen: VQT with its default of 84 bins has it in bin 18 at 22,050 Hz and in bin 30 at 44,100 Hz; with 60 bins in 42 and 54. CQT2010v2 of
#   24, 36, 60, 84 bins at 22,050 Hz is 5.6, 4, 2 and 1 times as loud as librosa's; CQT1992v2 is right. VQT downsamples the sound and makes
#   its kernels for the old rate; CQT2010v2 multiplies by the factor twice.
# Versions: nnAudio 0.3.4, librosa 0.11.0, torch 2.13.0, Python 3.11.
# What xdc-tf does: log-mel spectrograms by TensorFlow, tested against librosa (xdc_tf/records/audio_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.11}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 nnAudio==0.3.4 librosa==0.11.0
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import librosa
import numpy as np
import torch
from nnAudio import features

print('nnAudio', importlib.metadata.version('nnAudio'))


def loudest(layer, sound, bins, rate):
  column = layer(sr=rate, n_bins=bins, verbose=False)(torch.tensor(sound)[None])[0, :, 40]
  return int(column.argmax()), column.max().item()


vqt, louder = {}, {}
for rate in (22_050, 44_100):
  sound = np.sin(2 * np.pi * 32.7032 * 2**1.5 * np.arange(2 * rate) / rate).astype('float32')
  for bins in (24, 36, 60, 84):
    truth = abs(librosa.cqt(sound, sr=rate, n_bins=bins))[:, 40]
    assert truth.argmax() == loudest(features.CQT1992v2, sound, bins, rate)[0] == 18
    vqt[rate, bins] = loudest(features.VQT, sound, bins, rate)[0]
    louder[rate, bins] = round(loudest(features.CQT2010v2, sound, bins, rate)[1] / truth.max(), 1)
    print(f'{rate} Hz, {bins} bins: VQT bin {vqt[rate, bins]}, CQT2010v2 {louder[rate, bins]} times as loud as librosa')

assert vqt[22_050, 84] == 18 and vqt[44_100, 84] == 30 and vqt[22_050, 60] == 42 and vqt[44_100, 60] == 54
assert [louder[22_050, bins] for bins in (24, 36, 60, 84)] == [5.6, 3.9, 2.0, 1.0] and louder[44_100, 24] > 7.5
PYTHON_END
