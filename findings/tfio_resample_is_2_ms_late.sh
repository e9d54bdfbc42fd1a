#!/usr/bin/env bash
# What surprises: tfio.audio.resample delivers sound 2 milliseconds late, whatever the rates, even from a rate to the same rate, and
#   cuts as much off at the end; other resamplers make up for the delay of their filter.
# Guessed before it was run: a pulse stays at its time, as with soxr; to the same rate, the sound comes back as it was.
# Seen: a pulse at 0.5 s is 2.0 ms late for every pair of rates, soxr's is not late. A click 1 ms before the end is gone.
# Versions: tensorflow-io 0.36.0 with tensorflow 2.15.1, soxr 1.1.0, Python 3.11.
# What xdc-tf does: nothing: sound is resampled by PyAV (xdc_tf/media/audio_track.py), never by tensorflow-io.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.11}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  tensorflow==2.15.1 tensorflow-io==0.36.0 soxr==1.1.0 numpy==1.26.4
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
import soxr
import tensorflow as tf
import tensorflow_io as tfio

print(f'tensorflow-io {importlib.metadata.version("tensorflow-io")}, tensorflow {tf.__version__}, soxr {soxr.__version__}')


def by_tfio(sound, rate, new_rate):
  return tfio.audio.resample(tf.constant(sound[:, None]), rate, new_rate).numpy()[:, 0]


late = {}
for rate, new_rate in ((16000, 16000), (16000, 48000), (48000, 16000), (44100, 16000)):
  times = np.arange(rate) / rate
  pulse = np.exp(-0.5 * ((times - 0.5) / 0.001) ** 2).astype(np.float32)
  for name, resample in (('tfio', by_tfio), ('soxr', soxr.resample)):
    found = resample(pulse, rate, new_rate)
    assert len(found) == new_rate
    late[rate, new_rate, name] = (found.argmax() / new_rate - 0.5) * 1000
    print(f'{name} {rate} -> {new_rate}: peak {found.max():.3f}, {late[rate, new_rate, name]:.2f} ms late')

click = np.zeros(16000, np.float32)
click[-16] = 1
left = {name: float(np.abs(f(click, 16000, 16000)).max()) for name, f in (('tfio', by_tfio), ('soxr', soxr.resample))}
print(f'a click of 1 a millisecond before the end, 16000 -> 16000, leaves at most {left}')

for (*_, name), milliseconds in late.items():
  assert abs(milliseconds - (2 if name == 'tfio' else 0)) < 0.07
assert left['tfio'] < 0.1 and left['soxr'] > 0.9
PYTHON_END
