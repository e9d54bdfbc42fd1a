#!/usr/bin/env bash
# What surprises: noisereduce in its stationary form takes one profile of noise for all channels, that of the mean of their waves: a channel that is
#   20 dB quieter becomes silence, and two of opposite sign keep all of their noise. One by one, and not stationary, they come out right.
# Guessed before it was run: each channel is cleaned as it would be alone; the page wants noise of the shape (channels, frames) too.
# Seen: channels of .129 and .0129 rms are .0244 and .0025 one by one, .0311 and 0 together, with a row of noise for each .0302 and 0; a pair of
#   opposite sign keeps its .129.
# Versions: noisereduce 3.0.3, numpy 2.4.6, scipy 1.18.1, Python 3.12.
# What xdc-tf does: nothing is taken out of a sound; channels are averaged (xdc_tf/media/audio_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check noisereduce==3.0.3 numpy==2.4.6 scipy==1.18.1
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
from importlib.metadata import version

import noisereduce
import numpy as np

print(f'noisereduce {version("noisereduce")}')
generator, seconds = np.random.default_rng(0), np.arange(48_000) / 16_000
tone = np.sin(2 * np.pi * 700 * seconds) * (np.sin(2 * np.pi * 1.5 * seconds) > 0.5)
loud = (tone * 0.3 + generator.normal(size=48_000) * 0.01).astype(np.float32)
quiet = (tone * 0.03 + generator.normal(size=48_000) * 0.001).astype(np.float32)


def levels(channels):
  return np.array([channel.std() for channel in channels], float)


def cleaned(sound, **options):
  return noisereduce.reduce_noise(sound, 16_000, **options)


for stationary in (True, False):
  alone = levels([cleaned(channel, stationary=stationary) for channel in (loud, quiet)])
  together = levels(cleaned(np.stack([loud, quiet]), stationary=stationary))
  opposite = levels(cleaned(np.stack([loud, -loud]), stationary=stationary))
  print(f'stationary {stationary}: before {levels([loud, quiet]).round(4)}, one by one {alone.round(4)}, together {together.round(4)}, opposite signs {opposite.round(4)}')
  if stationary:
    assert together[1] == 0 and alone[1] > 0.002 and opposite[0] > 0.99 * loud.std() and alone[0] < 0.3 * loud.std()
  else:
    np.testing.assert_allclose(together, alone, rtol=1e-3)
    np.testing.assert_allclose(opposite, alone[0], rtol=1e-3)
noise = np.stack([loud[:8000], quiet[:8000]])
own = levels(cleaned(np.stack([loud, quiet]), stationary=True, y_noise=noise))
print(f'with a row of noise for each channel: {own.round(4)}')
assert own[1] == 0
PYTHON_END
