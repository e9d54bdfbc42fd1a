#!/usr/bin/env bash
# What surprises: mutagen says that three seconds of ADPCM in a WAV file last 1.5 thousandths of a second; MediaInfo says 12 s for an AU file.
# Guessed before it was run: 3 s for each, as soundfile, which wrote them, says.
# Seen: mutagen .0015 s for IMA ADPCM and .0094 s for GSM; MediaInfo 12 s for AU of 16 bits, 24 s for AU of floats and 1.5 s for stereo ADPCM. Both are
#   right for WAV of 16 bits.
# Reason: blocks are counted for samples; bytes of a frame are left out, or counted twice.
# Versions: mutagen 1.48.1, pymediainfo 7.0.1, soundfile 0.14.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: the length of a sound is that of what was decoded (xdc_tf/media/film_end.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  mutagen==1.48.1 pymediainfo==7.0.1 soundfile==0.14.0 numpy==2.4.6
FOLDER="$tmp" "$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import os

import mutagen
import numpy as np
import soundfile
from pymediainfo import MediaInfo

os.chdir(os.environ['FOLDER'])
print({name: importlib.metadata.version(name) for name in ('mutagen', 'pymediainfo', 'soundfile')})
noise = np.random.default_rng(0).normal(size=(3 * 48000, 2)) * 0.1
found = {}
for name, kind, subtype in (
  ('plain.wav', 'WAV', 'PCM_16'),
  ('ima.wav', 'WAV', 'IMA_ADPCM'),
  ('gsm.wav', 'WAV', 'GSM610'),
  ('plain.au', 'AU', 'PCM_16'),
  ('float.au', 'AU', 'FLOAT'),
):
  soundfile.write(name, noise[:, 0] if subtype == 'GSM610' else noise, 48000, format=kind, subtype=subtype)
  parsed = mutagen.File(name)
  info = MediaInfo.parse(name).audio_tracks[0].duration / 1000
  found[name] = (soundfile.info(name).duration, parsed.info.length if parsed is not None else None, info)
  print(f'{name}: soundfile, mutagen, MediaInfo:', found[name])
  assert abs(found[name][0] - 3) < 0.05
assert np.allclose(found['plain.wav'], 3)
assert found['ima.wav'][1] < 0.01 and found['gsm.wav'][1] < 0.05
assert np.allclose([found['plain.au'][2], found['float.au'][2], found['ima.wav'][2]], [12, 24, 1.5], atol=0.05)
PYTHON_END
