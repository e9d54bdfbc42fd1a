#!/usr/bin/env bash
# What surprises: SciPy's `decimate`, `filtfilt` and `sosfiltfilt` of loud 16-bit sound begin and end with a click, though the result is float64.
# Guessed before it was run: the result of the same samples as floats.
# Seen: decimate(x, 4) is off by 20 % of the peak in fifteen samples at the two ends, filtfilt and sosfiltfilt by 7 to 15 %; of bytes by 10 %.
#   With padtype='even', or ftype='fir', the results are those of floats.
# Reason: the ends are mirrored as twice the last sample minus the others in the type of the data, which overflows.
# Versions: scipy 1.18.1, numpy 2.4.6, Python 3.12.
# What xdc-tf does: FFmpeg resamples in float32 (xdc_tf/media/audio_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check scipy==1.18.1 numpy==2.4.6
"$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import scipy
from scipy.signal import butter, decimate, filtfilt, sosfiltfilt

print('scipy', scipy.__version__)
RATE = 16000
loud = (30000 * np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE + 2)).astype(np.int16)
small = (loud // 256 + 128).astype(np.uint8)
sections, polynomials = butter(4, 1000, fs=RATE, output='sos'), butter(4, 1000, fs=RATE)
ways = {
  'decimate': lambda x: decimate(x, 4),
  'sosfiltfilt': lambda x: sosfiltfilt(sections, x),
  'filtfilt': lambda x: filtfilt(*polynomials, x),
  "filtfilt, padtype='even'": lambda x: filtfilt(*polynomials, x, padtype='even'),
  "decimate, ftype='fir'": lambda x: decimate(x, 4, ftype='fir'),
}
for name, way in ways.items():
  for samples in (loud, small):
    found, expected = way(samples), way(samples.astype(float))
    peak = np.abs(expected).max()
    wrong = np.flatnonzero(np.abs(found - expected) > 0.01 * peak)
    off = np.abs(found - expected).max() / peak
    print(f'{name:24} {samples.dtype}: off by {off:.1%} of the peak, {len(wrong)} samples by more than 1 %; {found.dtype}')
    assert found.dtype == np.float64
    if '=' in name:
      assert off < 1e-6
    else:
      assert off > 0.05 and np.all((wrong < 100) | (wrong > len(found) - 100))
PYTHON_END
