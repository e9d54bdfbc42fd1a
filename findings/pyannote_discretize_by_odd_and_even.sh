#!/usr/bin/env bash
# What surprises: pyannote.core's `discretize` makes three frames of one second when the second is odd, and one when it is even.
# Guessed before it was run: speech from 1 to 2 s is one frame of 1 s.
# Seen: 0-1 s is frame 0, 1-2 s are frames 0, 1 and 2, 2-3 s is frame 2, 3-4 s are frames 2, 3 and 4. Of 1,000 segments in frames of 10 ms
#   half begin a frame early, and they are longer by a frame in the mean.
# Reason: the closest frame is rounded from an exact half, which goes to the even number; the frame closest to the end is taken too.
# Versions: pyannote.core 6.1.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: a proposal counts by the share of time that it has in common with an action (xdc_tf/localization/targets.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pyannote.core==6.1.0 numpy==2.4.6
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from pyannote.core import Annotation, Segment

print('pyannote.core', importlib.metadata.version('pyannote.core'))


def frames(start, end, resolution, duration):
  annotation = Annotation()
  annotation[Segment(start, end)] = 'speech'
  return annotation.discretize(Segment(0, duration), resolution=resolution, duration=duration).data[:, 0]


found = [np.flatnonzero(frames(second, second + 1, 1.0, 8)).tolist() for second in range(6)]
print('frames of each second:', found)
assert found == [[0], [0, 1, 2], [2], [2, 3, 4], [4], [4, 5, 6]]

random, early, longer = np.random.default_rng(0), [], []
centres = (np.arange(1000) + 0.5) * 0.01
for _ in range(1000):
  start = random.uniform(0, 9)
  end = start + random.uniform(0.05, 1)
  seen, inside = frames(start, end, 0.01, 10), (centres >= start) & (centres < end)
  early.append(np.argmax(inside) - np.argmax(seen))
  longer.append(seen.sum() - inside.sum())
print(f'begin a frame early: {np.mean(np.array(early) == 1):.1%}; longer by {np.mean(longer):.2f} frames')
assert set(early) <= {0, 1} and 0.4 < np.mean(early) < 0.6 and 0.9 < np.mean(longer) < 1.1
PYTHON_END
