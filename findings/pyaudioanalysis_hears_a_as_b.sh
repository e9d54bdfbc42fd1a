#!/usr/bin/env bash
# What surprises: pyAudioAnalysis's chroma names nearly every note of an octave wrongly; its spectrogram begins a window early and has a row
#   of zeros at the end; the filters of its MFCC end at half of the frequency that they are meant for.
# Guessed before it was run: an A is an A; a tone that begins at 2.0 s begins there; filters up to 6.9 kHz.
# Seen: A is heard as B, B as C, D as D#: 11 of 12 are wrong; the tone begins at 1.95 s with windows of 50 ms and at 1.8 s with 200 ms; the
#   last bin that a filter takes is at 3.4 kHz.
# Reason: bins are named by the frequency of the next one; of a semitone's bins the last one overwrites the others instead of being added;
#   the loop begins at the second window and the times at the first; filters for as many bins as the window has get half as many.
# Versions: pyAudioAnalysis 0.3.14, numpy 2.4.6, scipy 1.18.1, Python 3.12.
# What xdc-tf does: log-mel is computed by xdc_tf/records/audio_ops.py, tested against librosa; pyAudioAnalysis is not used.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  numpy==2.4.6 scipy==1.18.1 matplotlib==3.11.2 tqdm==4.70.1
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps pyAudioAnalysis==0.3.14
"$tmp/venv/bin/python" - <<'PYTHON_END'
import contextlib
import importlib.metadata
import io

import numpy as np
from pyAudioAnalysis import ShortTermFeatures as features

print('pyAudioAnalysis', importlib.metadata.version('pyAudioAnalysis'))
rate, window = 16000, 800
time = np.arange(4 * rate) / rate
pitch_names = 'C C# D D# E F F# G G# A A# B'.split()
heard = {}
for midi in range(57, 69):
  tone = 10000 * np.sin(2 * np.pi * 440 * 2 ** ((midi - 69) / 12) * time)
  chroma, _, names = features.chromagram(tone, rate, window, window)
  heard[pitch_names[midi % 12]] = names[chroma[5].argmax()]
print('played: heard', heard)
assert sum(played != name for played, name in heard.items()) == 11 and heard['A'] == 'B'

tone = np.where((time >= 2) & (time < 2.2), 10000 * np.sin(2 * np.pi * 1000 * time), 0)
for size, expected in ((0.05, 1.95), (0.2, 1.8)):
  with contextlib.redirect_stdout(io.StringIO()):
    spectrum, times, _ = features.spectrogram(tone, rate, size * rate, size * rate)
  loud = spectrum.sum(1) > 0.01 * spectrum.sum(1).max()
  begins = times[np.flatnonzero(loud)[0]]
  print(f'a tone from 2 s on, windows of {size} s: begins at {begins:.2f} s; last row all zeros: {not spectrum[-1].any()}')
  assert abs(begins - expected) < 1e-6 and not spectrum[-1].any()

filters, edges = features.mfcc_filter_banks(rate, window // 2)
last = np.flatnonzero(filters.sum(0))[-1] * rate / window
print(f'filters up to {edges.max():.0f} Hz end at {last:.0f} Hz')
assert edges.max() > 6800 and last < 3500
PYTHON_END
