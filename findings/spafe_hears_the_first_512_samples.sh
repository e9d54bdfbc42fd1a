#!/usr/bin/env bash
# What surprises: spafe's `extract_feats` describes a sound of any length by its first 512 samples, and says nothing of it; the mean and the root
#   of the mean square are complex numbers, and the spectral entropy is below zero.
# Guessed before it was run: features of the whole signal, which is what its page calls the argument; an entropy is at least 0.
# Seen: ten seconds that are 300 Hz for 32 ms and then 5 kHz have the features of 300 Hz, all of them to the last bit: centroid 1052 Hz (5 kHz: 6039),
#   entropy -514, spectral rms 15.1 + 4.9i.
# Versions: spafe 0.3.3, numpy 2.4.6, scipy 1.18.1, Python 3.12.
# What xdc-tf does: MFCC are of all frames of a clip, against SciPy and NumPy in tests (xdc_tf/deep_clustering/mfcc.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check spafe==0.3.3 numpy==2.4.6 scipy==1.18.1 setuptools==80.9.0
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import warnings
from importlib.metadata import version

warnings.simplefilter('ignore')  # Of its source's spelling of patterns.
import numpy as np
from spafe.features.spfeats import extract_feats

print(f'spafe {version("spafe")}')
seconds = np.arange(160_000) / 16_000
low, high = (np.sin(2 * np.pi * hertz * seconds) for hertz in (300, 5000))
sounds = {'300 Hz': low, '5 kHz': high, '300 Hz for 32 ms, then 5 kHz': np.where(np.arange(160_000) < 512, low, high)}
features = {name: extract_feats(sound, 16_000) for name, sound in sounds.items()}
for name, values in features.items():
  print(f'{name}: ' + ', '.join(f'{key} {np.round(values[f"spectral_{key}"], 1)}' for key in ('centroid', 'entropy', 'rms')))
short, long, joined = features.values()
assert all(np.array_equal(joined[key], value) for key, value in short.items() if key.startswith('spectral_'))
assert abs(joined['spectral_centroid'] - long['spectral_centroid']) > 4000
assert np.real(joined['spectral_entropy']) < -100 and abs(np.imag(joined['spectral_rms'])) > 1
PYTHON_END
