#!/usr/bin/env bash
# What surprises: soundfile writes float sound into WAV, AIFF, W64 and ALAC by rounding down, not to the nearest step: the mean moves by
#   half a step, and a negative number too small to hear becomes a whole step. FLAC and 32-bit WAV are rounded to the nearest.
# Guessed before it was run: 16 bits are rounded to the nearest step in every format; the mean stays.
# Seen: mean error -0.5 steps in WAV and AIFF of 8, 16 and 24 bits, in W64 and in ALAC, 0.0 in FLAC of the same bits and in WAV of 32. In
#   8 bits that is a constant of -0.004. -1e-9 comes back as -1/32768 from 16 bits and as -1/128 from 8, as 0 from FLAC.
#   Sound that lies on the steps already, such as what was read from such a file, is kept in all.
# Versions: soundfile 0.14.0 (libsndfile 1.2.2), numpy 2.4.6, Python 3.12.
# What xdc-tf does: nothing: it writes no WAV; its made sound goes to AAC as float (xdc_tf/avdigits/mp4.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check soundfile==0.14.0 numpy==2.4.6
"$tmp/venv/bin/python" - <<'PYTHON_END'
import io

import numpy as np
import soundfile

print(f'soundfile {soundfile.__version__}, {soundfile.__libsndfile_version__}')


def written_and_read(sound, kind, subtype):
  file = io.BytesIO()
  soundfile.write(file, sound, 16000, format=kind, subtype=subtype)
  file.seek(0)
  return soundfile.read(file)[0]


noise = np.random.default_rng(0).uniform(-0.5, 0.5, 100_000)
for kind, subtype, bits, rounds_down in (
  ('WAV', 'PCM_U8', 8, True),
  ('AIFF', 'PCM_S8', 8, True),
  ('WAV', 'PCM_16', 16, True),
  ('AIFF', 'PCM_16', 16, True),
  ('W64', 'PCM_16', 16, True),
  ('CAF', 'ALAC_16', 16, True),
  ('WAV', 'PCM_24', 24, True),
  ('WAV', 'PCM_32', 32, False),
  ('FLAC', 'PCM_S8', 8, False),
  ('FLAC', 'PCM_16', 16, False),
  ('FLAC', 'PCM_24', 24, False),
):
  step = 2.0 ** (1 - bits)
  found = written_and_read(noise, kind, subtype)
  errors = (found - noise) / step
  tiny = written_and_read(np.full(100, -1e-9), kind, subtype)[50] / step
  print(f'{kind:4} {subtype:7}: error in steps {errors.mean():6.3f} ({errors.min():.2f} to {errors.max():.2f}); -1e-9 is {tiny:.0f} steps')
  assert abs(errors.mean() - (-0.5 if rounds_down else 0)) < 0.02
  assert errors.min() < -0.95 if rounds_down else errors.min() > -0.55
  assert errors.max() < 0.05 if rounds_down else errors.max() < 0.55
  assert tiny == (-1 if rounds_down else round(-1e-9 / step))
  if bits <= 24:
    np.testing.assert_array_equal(written_and_read(found, kind, subtype), found)
PYTHON_END
