#!/usr/bin/env bash
# What surprises: pydub's `reverse` exchanges left and right; its compressor never lets go; `speedup` by 1.0 is 18 times as fast.
# Guessed before it was run: left stays left; 50 ms after a loud second a quiet one is as it was; a speed of 1 changes nothing.
# Seen: the channels exchanged; -9.1 dB even 4.5 s after the loud second; 17.8 times as fast at 1.0 and 1.005, 1.01 at 1.01.
# Reason: samples are turned round, not frames; the release is computed from how far the sound is above the threshold, which is 0 below
#   it; the crossfade of chunks is -1 where nothing is left out.
# Versions: pydub 0.25.1, numpy 2.4.6, Python 3.12.
# What xdc-tf does: sound is decoded and resampled by FFmpeg, and never turned or compressed (xdc_tf/media/audio_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pydub==0.25.1 numpy==2.4.6
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import warnings

import numpy as np

warnings.simplefilter('ignore')
from pydub import AudioSegment, effects

print('pydub', importlib.metadata.version('pydub'))
RATE = 16000


def segment(samples):
  channels = 1 if samples.ndim == 1 else samples.shape[1]
  return AudioSegment(samples.astype('<i2').tobytes(), frame_rate=RATE, sample_width=2, channels=channels)


def samples(sound):
  return np.array(sound.get_array_of_samples()).reshape(-1, sound.channels)


seconds = np.arange(RATE) / RATE
stereo = np.stack([8000 * np.sin(700 * seconds), 2000 * np.sin(2000 * seconds)], 1).astype('<i2')
turned = samples(segment(stereo).reverse())
print('left stays left:', np.array_equal(turned, stereo[::-1]))
assert np.array_equal(turned, stereo[::-1, ::-1])

loud = np.concatenate([20000 * np.sin(1200 * seconds), 500 * np.sin(1200 * np.arange(5 * RATE) / RATE)])
after = samples(effects.compress_dynamic_range(segment(loud), release=50))[:, 0]
for second in (1.2, 3, 5.5):
  part = slice(int(second * RATE), int((second + 0.25) * RATE))
  change = 20 * np.log10(after[part].std() / loud[part].std())
  print(f'at {second} s, the loud sound having ended at 1 s: {change:.1f} dB')
  assert change < -8

rates = {speed: len(loud) / RATE * 1000 / len(effects.speedup(segment(loud), speed)) for speed in (1.0, 1.005, 1.01, 1.5)}
print('speeds that were asked for and got:', {asked: round(got, 2) for asked, got in rates.items()})
assert rates[1.0] > 15 and rates[1.005] > 15 and abs(rates[1.01] - 1.01) < 0.01 and abs(rates[1.5] - 1.5) < 0.1
PYTHON_END
