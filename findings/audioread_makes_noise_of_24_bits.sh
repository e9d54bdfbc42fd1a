#!/usr/bin/env bash
# What surprises: audioread's own reader makes noise of AIFF and AU files of 24 bits and of AIFF of 32 bits; WAV of 24 bits is right.
# Guessed before it was run: 16-bit samples of the sound, whatever the file has.
# Seen, of a tone against soundfile: correlation 1.000 for 16 bits of all three and 24 bits of WAV; -.05 for AIFF and AU of 24 bits, .05 for
#   AIFF of 32, -.78 for AIFF of 8.
# Reason: big-endian samples are narrowed in the machine's order, and their bytes exchanged only then: the lowest bytes are what stays.
# Versions: audioread 3.1.0, soundfile 0.14.0, numpy 2.4.6, Python 3.12 (whose aifc and sunau it uses).
# What xdc-tf does: nothing: PyAV decodes (xdc_tf/media/audio_track.py). librosa falls back to audioread where soundfile cannot read.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check audioread==3.1.0 soundfile==0.14.0 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import importlib.metadata

import audioread
import numpy as np
import soundfile

print('audioread', importlib.metadata.version('audioread'))
tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
right = {('WAV', 'PCM_16'), ('WAV', 'PCM_24'), ('AIFF', 'PCM_16'), ('AU', 'PCM_16')}
wrong = {('AIFF', 'PCM_S8'), ('AIFF', 'PCM_24'), ('AIFF', 'PCM_32'), ('AU', 'PCM_24')}
for form, subtype in sorted(right | wrong):
  path = f'tone.{form.lower()}'
  soundfile.write(path, tone, 16_000, subtype, format=form)
  with audioread.audio_open(path) as file:
    read = np.frombuffer(b''.join(file), '<i2')
  alike = np.corrcoef(read, soundfile.read(path)[0])[0, 1]
  print(f'{form} {subtype}: {len(read)} samples, correlation with the file {alike:.3f}')
  assert (alike > 0.999) == ((form, subtype) in right)
PYTHON_END
