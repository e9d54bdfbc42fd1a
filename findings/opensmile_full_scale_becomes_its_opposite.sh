#!/usr/bin/env bash
# What surprises: the sample 1.0 is -1.0 to opensmile: of a voice that is normalised to a peak of 1 the jitter is 2 %, where it is 0.
# Guessed before it was run: a voice times .999 has the same features, up to its level.
# Seen: with a peak of 1 each period has a click: jitter .0207 for .000006, harmonics to noise 7.1 for 10.6 dB, flux 1.5 for .43. A WAV file of
#   floats with that peak, read by process_file, has the same. The loudness of a square wave of 1 and -1 is .65, and 4.94 at .999.
# Reason: _extract multiplies by 32768 and casts to int16, where 32768 wraps to -32768 (core/smile.py).
# Versions: opensmile 2.6.0, numpy 2.5.5, soundfile 0.14.0, pandas 3.1.1, Python 3.12, x86-64.
# What xdc-tf does: not used; sound stays float32 from the decoder on (xdc_tf/media/audio_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check opensmile==2.6.0 numpy==2.5.5 soundfile==0.14.0 pandas==3.1.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import pathlib
import tempfile
import warnings

import numpy as np

warnings.filterwarnings('ignore')
import opensmile
import soundfile

rate = 16000
times = np.arange(2 * rate) / rate
voice = sum(np.sin(2 * np.pi * 150 * h * times + 0.7 * h) / h for h in range(1, 40))
voice = (voice / voice.max()).astype(np.float32)
smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
features = {scale: smile.process_signal(voice * np.float32(scale), rate).iloc[0] for scale in (1, 0.999, 0.99)}
path = pathlib.Path(tempfile.mkdtemp()) / 'voice.wav'
soundfile.write(path, voice, rate, subtype='FLOAT')
features['file'] = smile.process_file(str(path)).iloc[0]
names = (
  'jitterLocal_sma3nz_amean', 'HNRdBACF_sma3nz_amean', 'spectralFlux_sma3_amean',
  'mfcc1_sma3_amean', 'equivalentSoundLevel_dBp',
)
for name in names:
  print(f'{name}:', {scale: round(float(row[name]), 5) for scale, row in features.items()})
jitter, noise = ({scale: row[name] for scale, row in features.items()} for name in names[:2])
assert jitter[1] > 0.015 and jitter['file'] > 0.015 and jitter[0.999] < 1e-4 and jitter[0.99] < 1e-4
assert noise[1] < noise[0.999] - 3 and abs(noise[0.999] - noise[0.99]) < 0.1

square = np.where(np.arange(2 * rate) % 160 < 80, 1, -1).astype(np.float32)
rows = {scale: smile.process_signal(square * np.float32(scale), rate).iloc[0] for scale in (1, 0.999)}
loudness = {scale: round(float(row['loudness_sma3_amean']), 2) for scale, row in rows.items()}
print('loudness of a square wave:', loudness)
assert loudness[1] < 1 and loudness[0.999] > 4
PYTHON_END
