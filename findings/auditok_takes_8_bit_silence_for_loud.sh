#!/usr/bin/env bash
# What surprises: auditok takes the samples of an 8-bit WAV file, which are 0 to 255 with silence at 128, for -128 to 127: silence is the loudest.
# Guessed before it was run: the same regions as of the same sound in 16 bits; the resolution costs nothing at such levels.
# Seen: of three seconds of tone with silence between them, in 16 bits the validator 'otsu' finds the tones, in 8 bits exactly the silences;
#   'percentile' and a threshold of 60 find the tones in 16 bits, and nothing in 8.
# Versions: auditok 0.5.2, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; PyAV knows that 8-bit WAV is unsigned, and what is silent is told by the samples (xdc_tf/media/emptiness.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check auditok==0.5.2 numpy==2.5.5
cd "$tmp"
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import wave
import auditok
import numpy as np

seconds = np.arange(6 * 16_000) / 16_000
sound = .01 * np.random.default_rng(0).standard_normal(len(seconds))
sound += .8 * np.sin(2 * np.pi * 300 * seconds) * (seconds % 2 < 1)  # A second of tone, a second of silence, three times.


def regions(width, **options):
  samples = np.round(sound * 127 + 128).clip(0, 255).astype(np.uint8) if width == 1 else np.round(sound * 32767).astype('<i2')
  with wave.open('sound.wav', 'wb') as file:
    file.setparams((1, width, 16_000, 0, 'NONE', ''))
    file.writeframes(samples.tobytes())
  return [(region.start, region.end) for region in auditok.split('sound.wav', max_silence=0, max_dur=9, **options)]


for options in ({'validator': 'otsu'}, {'validator': 'percentile'}, {'energy_threshold': 60}):
  print(options, '16 bits:', regions(2, **options), '8 bits:', regions(1, **options))
assert np.allclose(regions(2, validator='otsu'), [(0, 1), (2, 3), (4, 5)])
assert np.allclose(regions(1, validator='otsu'), [(1, 2), (3, 4), (5, 6)])  # The silences.
assert len(regions(2, energy_threshold=60)) == 3 and not regions(1, energy_threshold=60)
PYTHON_END
