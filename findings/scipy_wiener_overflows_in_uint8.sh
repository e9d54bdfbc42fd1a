#!/usr/bin/env bash
# What surprises: `scipy.signal.wiener` squares a picture or a sound in its own type: of uint8 and int16 the squares overflow, and the result,
#   which is float64, is worse than the noise that was to be taken out.
# Guessed before it was run: whole numbers and the same numbers as floats give the same; the documentation names no type.
# Seen: a noisy picture of 28 dB becomes one of 14 dB as uint8 and one of 35 dB as float64; of a sound in int16 with a peak of some 10,000
#   the largest sample is over a million. Where the squares are small, both agree.
# Versions: scipy 1.18.1 (1.14.1 too), numpy 2.4.6, Python 3.12.
# What xdc-tf does: not used; pictures and sounds are floats before anything is computed (xdc_tf/records/video_ops.py, audio_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check scipy==1.18.1 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import scipy
from scipy import signal

print(f'scipy {scipy.__version__}')
random = np.random.default_rng(0)
y, x = np.mgrid[:64, :64]
clean = 127 + 60 * np.sin(x / 6) * np.cos(y / 9)
noisy = np.clip(clean + 10 * random.normal(size=clean.shape), 0, 255).astype(np.uint8)


def decibels(picture):
  return 10 * np.log10(255**2 / ((np.asarray(picture, float) - clean) ** 2).mean())


found = [decibels(noisy), decibels(signal.wiener(noisy, 5)), decibels(signal.wiener(noisy.astype(float), 5))]
print('noisy, filtered as uint8, filtered as float64:', np.round(found, 1), 'dB')
assert found[1] < 20 < found[0] < 30 < found[2]
sound = (np.sin(np.arange(4000) * 0.05) * 8000 + random.normal(size=4000) * 800).astype(np.int16)
as_int, as_float = signal.wiener(sound, 9), signal.wiener(sound.astype(float), 9)
print('largest of the sound, as int16 and as float64:', np.abs(as_int).max(), np.abs(as_float).max())
assert np.abs(as_int).max() > 1e6 and np.abs(as_float).max() < 11_000 and as_int.dtype == np.float64
PYTHON_END
