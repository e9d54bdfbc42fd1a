#!/usr/bin/env bash
# What surprises: scikit-maad's `resample` makes one channel of two, one behind the other over all samples; `trim` with padding gives the
#   right channel alone; int16 that overshoots wraps around.
# Guessed before it was run: [2, 22050] of [2, 44100] at half of the rate, as with res_type='scipy'; both channels; 32,767 at most.
# Seen: [1, 44100] by the default way, with the tones of both channels in it; the padded sound equals the right channel; of a square wave of
#   32,000 samples of -32,180 follow on 31,158.
# Reason: the default resamples along the first axis, which is that of the channels; `trim` writes each channel over the one before; numbers
#   are cast back without a limit.
# Versions: scikit-maad 1.5.2, numpy 2.4.6, scipy 1.18.1, Python 3.12.
# What xdc-tf does: nothing: PyAV mixes and resamples (xdc_tf/media/audio_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check scikit-maad==1.5.2 numpy==2.4.6 scipy==1.18.1
cd "$tmp"
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from maad import sound

print('scikit-maad', importlib.metadata.version('scikit-maad'))
seconds = np.arange(44_100) / 44_100
left, right = np.sin(2 * np.pi * 440 * seconds), 0.5 * np.sin(2 * np.pi * 1000 * seconds)
stereo = np.stack([left, right])
by_fft = sound.resample(stereo, 44_100, 22_050, res_type='scipy')
resampled = sound.resample(stereo, 44_100, 22_050)
tones = np.flatnonzero(np.abs(np.fft.rfft(resampled[0])) > 1000)
print("stereo [2, 44100] at half of the rate: 'scipy'", by_fft.shape, 'default', resampled.shape, 'with tones of', tones, 'Hz')
assert by_fft.shape == (2, 22_050) and resampled.shape == (1, 44_100) and tones.tolist() == [440, 1000]
padded = sound.trim(stereo, 44_100, 0, 2, pad=True)
print('trimmed to 2 s:', padded.shape, 'equal to the right channel:', np.array_equal(padded[:44_100], right))
assert padded.shape == (88_200,) and np.array_equal(padded[:44_100], right)
square = (32_000 * np.sign(left)).astype(np.int16)
wave = sound.resample(square, 44_100, 22_050).astype(int)
print('a square wave of 32,000 in int16:', wave[20:26])
assert np.abs(np.diff(wave[2:20])).max() > 60_000 or np.abs(np.diff(wave[20:26])).max() > 60_000
PYTHON_END
