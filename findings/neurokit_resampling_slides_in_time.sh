#!/usr/bin/env bash
# What surprises: NeuroKit2's default resampling slides in time, by 9 ms at the end of a second; `signal_smooth` of whole numbers does not smooth;
#   changes of a mean are found or not by the unit.
# Guessed before it was run: a sine of 10 Hz stays in place from 1,000 to 100 Hz; a boxcar of whole numbers gives what it gives of the same
#   numbers as floats; a step of 10 deviations is found in any unit.
# Seen: the largest error of the sine is .588 by 'interpolation', the default, and 0 by 'numpy' and 'fft'. A step smoothed with a boxcar of
#   five is still a step of 0 and 1 for integers, and .2, .4, .6, .8 for floats. Of changes at 100 and 200 the first is found, and none of
#   the same signal times 10. First and last samples are laid on each other; fractions are cut off; squares are taken for absolutes.
# Versions: neurokit2 0.3.0, scipy 1.18.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; FFmpeg resamples sound (xdc_tf/media/audio_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check neurokit2==0.3.0 scipy==1.18.1 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import neurokit2 as nk
import numpy as np

print('neurokit2', importlib.metadata.version('neurokit2'))
sine, expected = (np.sin(2 * np.pi * 10 * np.arange(rate) / rate) for rate in (1000, 100))
errors = {}
for method in ('interpolation', 'numpy', 'fft'):
  found = nk.signal_resample(sine, sampling_rate=1000, desired_sampling_rate=100, method=method)
  errors[method] = round(float(abs(found - expected).max()), 3)
print('largest error of a 10 Hz sine', errors)
step = np.repeat([0, 1, 0], 8)
smooth = {kind.__name__: np.unique(nk.signal_smooth(step.astype(kind), kernel='boxcar', size=5).round(1)).tolist() for kind in (int, float)}
print('values of a smoothed step', smooth)
random = np.random.default_rng(0)
random.normal(size=150)
x = np.r_[random.normal(0, 1, 100), random.normal(10, 1, 100), random.normal(3, 1, 100)]
changes = [np.asarray(nk.signal_changepoints(factor * x, change='mean')).tolist() for factor in (1, 10)]
print('changes at 100 and 200, found in x and in 10 x:', changes)

assert errors['interpolation'] > 0.5 and errors['numpy'] < 0.01 and errors['fft'] < 0.01
assert smooth == {'int': [0, 1], 'float': [0, 0.2, 0.4, 0.6, 0.8, 1]}
assert changes == [[100], []]
PYTHON_END
