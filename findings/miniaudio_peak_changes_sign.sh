#!/usr/bin/env bash
# What surprises: miniaudio reads a sample of 1.0 in a float WAV as the most negative number of 32 bits: the loudest sample changes its sign.
#   As 16 bits silence is -1, and 8-bit silence is .004 as float.
# Guessed before it was run: a sound has the same signal in every format, cut off at its ends.
# Seen: 0, .5, .999, 1, -1 are 0, 2^30, ..., -2^31, -2^31 as SIGNED32 from `decode_file` and `wav_read_file_s32`, and -1, 16383, 32734,
#   32767, -32768 as SIGNED16; three samples of 8-bit silence (128) are .0039 as FLOAT32.
# Versions: miniaudio 1.71, scipy 1.18.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: sound is decoded to float32 (xdc_tf/media/audio_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check miniaudio==1.71 scipy==1.18.0 numpy==2.5.5
FOLDER="$tmp" "$tmp/venv/bin/python" - <<'PYTHON_END'
import os
import tempfile

import miniaudio
import numpy as np
from scipy.io import wavfile

print('miniaudio', miniaudio.__version__)
os.chdir(tempfile.mkdtemp(dir=os.environ['FOLDER']))
wavfile.write('a.wav', 16000, np.array([0, 0.5, 0.999, 1, -1], np.float32))
wavfile.write('b.wav', 16000, np.full(3, 128, np.uint8))


def samples(name, kind):
  kind = miniaudio.SampleFormat[kind]
  return list(miniaudio.decode_file(name, output_format=kind, nchannels=1, sample_rate=16000).samples)


found = {kind: samples('a.wav', kind) for kind in ('FLOAT32', 'SIGNED32', 'SIGNED16')}
read = list(miniaudio.wav_read_file_s32('a.wav').samples)
silence = samples('b.wav', 'FLOAT32')
for kind, values in found.items():
  print(kind, values)
print('wav_read_file_s32', read, '8-bit silence', silence)

assert np.allclose(found['FLOAT32'], [0, 0.5, 0.999, 1, -1])
assert found['SIGNED32'][:2] == [0, 1 << 30] and found['SIGNED32'][3:] == [-(1 << 31)] * 2 and read == found['SIGNED32']
assert found['SIGNED16'] == [-1, 16383, 32734, 32767, -32768]
assert np.allclose(silence, 0.00392, atol=1e-4)
PYTHON_END
