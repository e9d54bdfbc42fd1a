#!/usr/bin/env bash
# What surprises: tf.signal.hann_window(n, periodic=True) is periodic for even n only; for odd n it is the symmetric window, whatever
#   `periodic` says, and so is hamming_window. tf.signal.stft, whose default window is this one, then differs from scipy and librosa.
# Guessed before it was run: the periodic window of n is the symmetric one of n + 1 without its last number, for every n, as in scipy.
# Seen: 400, 512: equal to scipy's periodic window to 1e-6. 399, 551 (25 ms at 22,050 Hz): equal to scipy's symmetric one to 1e-6, up to
#   .006 and .004 off the periodic one; periodic=True and periodic=False give the same bits.
# Versions: tensorflow 2.21.0, scipy 1.17.1, Python 3.12.
# What xdc-tf does: xdc_tf/records/audio_ops.py takes the symmetric window of n + 1 without its last number.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 scipy==1.17.1
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import scipy
import tensorflow as tf
from scipy import signal

print(f'tensorflow {tf.__version__}, scipy {scipy.__version__}')
ours = {'hann': tf.signal.hann_window, 'hamming': tf.signal.hamming_window}
for name, window in ours.items():
  for length in (400, 512, 399, 551):
    found = window(length, periodic=True).numpy()
    off = {kind: float(np.abs(found - signal.get_window(name, length, fftbins=kind == 'periodic')).max()) for kind in ('periodic', 'symmetric')}
    same = bool((found == window(length, periodic=False).numpy()).all())
    print(f'{name} {length}: off the periodic one by {off["periodic"]:.1e}, off the symmetric one by {off["symmetric"]:.1e}; periodic=False the same: {same}')
    odd = length % 2 == 1
    assert same == odd
    assert off['symmetric' if odd else 'periodic'] < 2e-6 and off['periodic' if odd else 'symmetric'] > 1e-3
PYTHON_END
