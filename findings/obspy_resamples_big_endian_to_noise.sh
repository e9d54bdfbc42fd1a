#!/usr/bin/env bash
# What surprises: obspy resamples big-endian data to NaN or noise, and integrates 16-bit sound with sums that wrap around.
# Guessed before it was run: the byte order of a file changes nothing, and a half wave of a loud sine has the same integral as 16 bits and as
#   floats.
# Seen: a sine of amplitude 1,000 read from SAC files as little-endian has an amplitude of 994 behind resample(50), as big-endian NaN, and as
#   int32 1,222,726,463. The integral of a half wave is 3178.8 as float64 and 229.7 as the int16 that a WAV file gives; matching a piece
#   of it is NaN. The array is viewed, not converted, as native; trapezes are added in int16.
# Versions: obspy 1.5.1, scipy 1.18.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: FFmpeg's resampler, in float32 (xdc_tf/media/audio_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check obspy==1.5.1 scipy==1.18.1 numpy==2.5.5
FOLDER="$tmp" "$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import io
import os
import warnings

import numpy as np

warnings.simplefilter('ignore')
from obspy import Trace, read
from obspy.signal.cross_correlation import correlate_template

print('obspy', importlib.metadata.version('obspy'))
wave = 1000 * np.sin(2 * np.pi * 2 * np.arange(2000) / 100)
amplitude = {}
for order in '<>':
  file = io.BytesIO()
  Trace(wave.astype('f4'), {'sampling_rate': 100.0}).write(file, 'SAC', byteorder=order)
  file.seek(0)
  trace = read(file)[0]
  whole = trace.copy()
  whole.data = whole.data.round().astype(f'{order}i4')
  amplitude[order] = [abs(some.resample(50.0).data).max() for some in (trace, whole)]
  print(f'{order}: amplitude behind resample(50) of float32 and int32', amplitude[order])
path = os.path.join(os.environ['FOLDER'], 'a.wav')
Trace((20 * wave).astype('i2'), {'sampling_rate': 100.0}).write(path, 'WAV', width=2, framerate=100)
sound = read(path)[0]
real = sound.copy()
real.data = real.data.astype(float)
halves = [round(float(some.copy().integrate().data[25]), 1) for some in (real, sound)]
matches = [round(float(correlate_template(some.data, some.data[413:590]).max()), 3) for some in (real, sound)]
print('integral of a half wave as float64 and', sound.data.dtype, halves, 'a piece of itself matches by', matches)

assert all(990 < value < 1000 for value in amplitude['<'])
assert not np.isfinite(amplitude['>'][0]) or amplitude['>'][0] > 1e6
assert amplitude['>'][1] > 1e8
assert halves == [3178.8, 229.7] and matches[0] == 1 and np.isnan(matches[1])
PYTHON_END
