#!/usr/bin/env bash
# What surprises: tensorflow-io's `audio.trim` and `audio.split` hear only samples above epsilon: what lies below -epsilon counts as noise. A
#   sound that begins or ends with a negative half wave loses it, and one that is wholly below 0 is trimmed away, or split into no part.
# Guessed before it was run: noise is what is within epsilon of 0, as 'the max value to be considered as noise' says.
# Seen: a tone of 20 Hz that is louder than epsilon from sample 1026 to 2975 is trimmed to just that; turned over, which sounds the same, to
#   1426 to 2575, 400 samples less at both ends. A pulse of +.5 is found, one of -.5 not: trim gives [4000, 4000] and split no part.
# Versions: tensorflow-io 0.36.0 with tensorflow 2.15.1, Python 3.11.
# What xdc-tf does: not used; what is silent is told by its level in dB, whatever its sign (xdc_tf/media/emptiness.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.11}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.15.1 tensorflow-io==0.36.0 numpy==1.26.4
cd "$tmp"
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
import tensorflow as tf
import tensorflow_io as tfio

print(f'tensorflow-io {importlib.metadata.version("tensorflow-io")}, tensorflow {tf.__version__}')
tone, pulse = np.zeros((2, 4000), np.float32)
tone[1000:3000] = 0.5 * np.sin(2 * np.pi * 20 * np.arange(2000) / 16000)
pulse[1000:3000] = 0.5
found = {}
for name, sound in (('tone', tone), ('pulse', pulse)):
  for turned, samples in (('', sound), (', turned over', -sound)):
    ends = tfio.audio.trim(samples, axis=0, epsilon=0.1).numpy().tolist()
    parts = tfio.audio.split(samples, axis=0, epsilon=0.1).numpy().tolist()
    loud = np.flatnonzero(np.abs(samples) > 0.1)
    found[name + turned] = ends, parts
    print(f'{name}{turned}: louder than epsilon from {loud[0]} to {loud[-1] + 1}; trim {ends}, split {parts}')
assert found['pulse'] == ([1000, 3000], [[1000, 3000]])
assert found['pulse, turned over'] == ([4000, 4000], [])
assert found['tone'][0] == [1026, 2975] and found['tone, turned over'][0] == [1426, 2575]
PYTHON_END
