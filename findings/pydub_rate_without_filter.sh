#!/usr/bin/env bash
# What surprises: pydub's `set_frame_rate` lowers the rate of a sound without a filter: what is above half of the new rate comes back at full
#   level as another tone.
# Guessed before it was run: a tone that the new rate cannot hold is gone, as with every resampler.
# Seen: 6,000 Hz at 8,000 samples a second is a tone of 2,000 Hz, 15,000 Hz at 16,000 one of 1,000 Hz, each as loud as before (0.0 dB);
#   soxr leaves less than -80 dB of them.
# Versions: pydub 0.25.1, audioop-lts not needed, soxr 1.1.0 beside it, numpy 2.4.6, Python 3.12.
# What xdc-tf does: not used; PyAV resamples (xdc_tf/media/audio_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pydub==0.25.1 soxr==1.1.0 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import warnings

warnings.simplefilter('ignore')  # pydub looks for ffmpeg, which raw samples do not need.
import numpy as np
import soxr
from pydub import AudioSegment

print('pydub', importlib.metadata.version('pydub'))
times = np.arange(48_000) / 48_000


def level(sound, tone):
  return 20 * np.log10(sound[200:-200].std() / tone.std())


for rate, pitch, seen_pitch in ((8000, 6000, 2000), (16_000, 11_000, 5000), (16_000, 15_000, 1000)):
  tone = np.round(16_000 * np.sin(2 * np.pi * pitch * times)).astype('<i2')
  segment = AudioSegment(tone.tobytes(), frame_rate=48_000, sample_width=2, channels=1).set_frame_rate(rate)
  found = np.array(segment.get_array_of_samples(), float)
  spectrum = np.abs(np.fft.rfft(found * np.hanning(len(found))))
  heard, filtered = spectrum.argmax() * rate / len(found), soxr.resample(tone.astype(float), 48_000, rate)
  print(f'{pitch} Hz to {rate}: {heard:.0f} Hz at {level(found, tone):.1f} dB; soxr {level(filtered, tone):.0f} dB')
  assert abs(heard - seen_pitch) < 5 and abs(level(found, tone)) < 0.2 and level(filtered, tone) < -80
PYTHON_END
