#!/usr/bin/env bash
# What surprises: The refined composite multiscale fuzzy entropy of EntropyHub is 0 for noise as for a random walk, and sometimes below.
# Guessed before it was run: well above 0 for noise, as its unrefined one, and nearly 0 for the walk.
# Seen: -.001 to .002 for white noise where .48 to .60 is right by hand; the cross entropy is 0 too; the spectral entropy of a tone of 16 bits is .98,
#   of the same numbers as floats .21.
# Reason: both counts are of matches of m + 1 samples, so their ratio is 1; the convolution is in the signal's type.
# Versions: EntropyHub 2.0, numpy 2.4.6, scipy 1.18.1, Python 3.12.
# What xdc-tf does: not used.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check EntropyHub==2.0 numpy==2.4.6 scipy==1.18.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import contextlib
import importlib.metadata
import io
import warnings

import EntropyHub
import numpy as np

warnings.simplefilter('ignore')
print('EntropyHub', importlib.metadata.version('EntropyHub'))
noise = np.random.default_rng(0).normal(size=1200)
how = {'m': 2, 'r': (0.2, 2)}


def by_hand(series, scale):
  deviations = np.lib.stride_tricks.sliding_window_view(series, scale).std(1)
  deviations = deviations[: len(deviations) // scale * scale]
  matches = [EntropyHub.FuzzEn(deviations[k::scale], **how)[1:] for k in range(scale)]
  return np.log(sum(m[0][-2] for m in matches) / sum(m[1][-1] for m in matches))


for name, series in (('white noise', noise), ('random walk', noise.cumsum() / 20)):
  with contextlib.redirect_stdout(io.StringIO()):
    kind, cross_kind = EntropyHub.MSobject('FuzzEn', **how), EntropyHub.MSobject('XFuzzEn', **how)
    plain, refined = (EntropyHub.cMSEn(series, kind, Scales=4, Refined=choice)[0][1:] for choice in (False, True))
    cross = EntropyHub.cXMSEn(series, series[::-1], cross_kind, Scales=4, Refined=True)[0][1:]
  hand = np.array([by_hand(series, scale) for scale in (2, 3, 4)])
  print(f'{name}, scales 2 to 4: composite {plain.round(3)}, refined {refined.round(4)}, by hand {hand.round(4)}, cross {cross.round(4)}')
  assert (np.abs(refined) < 0.01 * hand).all() and hand.min() > 0.001 and np.abs(cross).max() < 0.005

sound = (np.sin(2 * np.pi * 440 * np.arange(1200) / 16000) * 20000 + 100 * noise).astype(np.int16)
floats, whole = (float(EntropyHub.SpecEn(sound.astype(kind))[0]) for kind in (float, np.int16))
print(f'spectral entropy of a tone: {floats:.3f} as floats, {whole:.3f} as int16')
assert floats < 0.5 and whole > 0.9
PYTHON_END
