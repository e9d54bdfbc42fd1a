#!/usr/bin/env bash
# What surprises: `to_soundarray(fps=16000)` of MoviePy gives, of a file of 44.1 kHz, an array of the right length and dtype in which all
#   numbers are equal: the sample at one second. So does 8,000, and of files of little over a second every rate, their own too.
# Guessed before it was run: the tone, resampled somehow (nearest samples), at every rate.
# Seen: a tone of 440 Hz, 10 s at 44.1 kHz: 2,175 different values at 44,100 and 22,050, one at 16,000 and 8,000. With
#   `buffersize=5000` every rate is the tone.
# Reason: where a block of the output spans more than half of the reader's buffer, it splits the block by its mask of the times and not by
#   the times themselves: True is taken for 1.0 s.
# Versions: moviepy 2.2.1, imageio-ffmpeg 0.8.1 (FFmpeg 9.0.2), numpy 2.5.5, Python 3.12.
# What xdc-tf does: nothing: sound is decoded and resampled by PyAV (xdc_tf/media/audio_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check moviepy==2.2.1 imageio-ffmpeg==0.8.1 numpy==2.5.5
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import wave

import moviepy
import numpy as np

print('moviepy', importlib.metadata.version('moviepy'))
rate = 44_100


def tone(count, fps):
  return 16_000 / 32_768 * np.sin(2 * np.pi * 440 * np.arange(count) / fps)


for seconds in (1.05, 10):
  samples = np.round(32_768 * tone(round(rate * seconds), rate)).astype('<i2')
  with wave.open('tone.wav', 'wb') as file:
    file.setparams((2, 2, rate, 0, 'NONE', ''))
    file.writeframes(np.repeat(samples, 2).tobytes())
  for fps in (44_100, 22_050, 16_000, 8_000):
    errors = []
    for options in ({}, {'buffersize': 5_000}):
      sound = moviepy.AudioFileClip('tone.wav').to_soundarray(fps=fps, **options)[:, 0]
      assert abs(len(sound) - fps * seconds) <= 1
      errors.append(np.abs(sound - tone(len(sound), fps)).max())
      print(f'{seconds:5} s at {fps:6}, {options}: {len(np.unique(sound)):5} values, largest error {errors[-1]:.3f}')
    # The nearest sample in time is less than .016 off; a constant is off by the whole amplitude.
    assert errors[1] < 0.05
    assert (errors[0] > 0.45) == (seconds < 2 or fps < 20_000)
PYTHON_END
