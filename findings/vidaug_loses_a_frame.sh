#!/usr/bin/env bash
# What surprises: vidaug's `InverseOrder` of 16 frames has 15, without the first; its `TemporalRandomCrop` never takes the last frame;
#   behind its `RandomRotate`, `Add` and `Multiply` make clips black.
# Guessed before it was run: as many frames in the other order; each start equally often; a clip turned and then made lighter is lighter.
# Seen: 15 to 1; 2,000 crops of 12 of 16 begin at 0, 1, 2 or 3; a pixel of 200 that is turned is .784 of float64, and + 5 it is 5.
# Reason: the order is reversed from 1; the upper end of randint counts already; the rotation gives floats from 0 to 1, and the other two
#   cast these to whole numbers.
# Versions: vidaug 1.5, numpy 2.5.5, scipy 1.18.1, scikit-image 0.26.0, opencv-python-headless 5.0.0.93, Python 3.12.
# What xdc-tf does: nothing: its augmentations are its own (xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  vidaug==1.5 numpy==2.5.5 scipy==1.18.1 scikit-image==0.26.0 opencv-python-headless==5.0.0.93
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import random

import numpy as np
from vidaug import augmentors

print('vidaug', importlib.metadata.version('vidaug'))
random.seed(0)
clip = [np.full((8, 8, 3), number, np.uint8) for number in range(16)]


def numbers(frames):
  return [int(frame[0, 0, 0]) for frame in frames]


inverse = numbers(augmentors.InverseOrder()(clip))
print('InverseOrder of 0 to 15:', inverse)
assert inverse == list(range(15, 0, -1))
crops = [numbers(augmentors.TemporalRandomCrop(12)(clip)) for _ in range(2000)]
print('2,000 crops of 12 begin at', sorted({crop[0] for crop in crops}), 'and end at most at', max(map(max, crops)))
assert {crop[0] for crop in crops} == {0, 1, 2, 3}
grey = [np.full((32, 32, 3), 200, np.uint8)] * 2
turned = augmentors.RandomRotate(10)
lighter = augmentors.Sequential([turned, augmentors.Add(5)])(grey)[0][16, 16, 0]
print(f'200 turned: {turned(grey)[0][16, 16, 0]:.3f}, turned and + 5: {lighter}, + 5: {augmentors.Add(5)(grey)[0][16, 16, 0]}')
assert lighter == 5
PYTHON_END
