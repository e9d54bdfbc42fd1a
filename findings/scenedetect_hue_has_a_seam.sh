#!/usr/bin/env bash
# What surprises: PySceneDetect sees cuts between two reds that are hardly different, between two greys a level apart and in black, and none from red
#   to green or from grey 60 to grey 139.
# Guessed before it was run: nearly equal colours are no cut, red to green is one, by the default threshold of 27.
# Seen: scores of 59, 40 and 83 for the first three, 20, 20 and 26.3 for the others; a still dark picture with noise of 2 levels has 31 to 42 in every
#   frame.
# Reason: hue is a circle and is compared as a line, also where there is no colour, and a third of it counts.
# Versions: scenedetect 0.7.2, opencv-python-headless 5.0.0.93, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; spans have equal lengths or come from a list (xdc_tf/manifest/folder_and_csv.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check scenedetect==0.7.2 opencv-python-headless==5.0.0.93 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from scenedetect import AdaptiveDetector, ContentDetector, FrameTimecode

print('scenedetect', importlib.metadata.version('scenedetect'))


def cuts(frames, detector):
  found, scores = [], []
  for number, frame in enumerate(frames):
    found += [cut.frame_num for cut in detector.process_frame(FrameTimecode(number, 25.0), frame)]
    scores.append(getattr(detector, '_frame_score', 0) or 0)
  return found, max(scores)


def in_turns(one, other):  # Every 20 frames the other colour (RGB).
  return [np.full((72, 128, 3), (one, other)[i // 20 % 2][::-1], np.uint8) for i in range(100)]


greys = in_turns((128, 128, 129), (129, 128, 128))
for name, film, is_cut in (
  ('red and red with 12 of blue', in_turns((230, 6, 0), (230, 0, 12)), True),
  ('grey and grey, one level', greys, True),
  ('black and black, one level', in_turns((1, 1, 1), (1, 1, 2)), True),
  ('red and green', in_turns((255, 0, 0), (0, 255, 0)), False),
  ('green and blue', in_turns((0, 255, 0), (0, 0, 255)), False),
  ('grey 60 and grey 139', in_turns((60, 60, 60), (139, 139, 139)), False),
):
  found, score = cuts(film, ContentDetector())
  print(f'{name}: score {score:.1f}, cuts {found}')
  assert bool(found) == is_cut
assert cuts(greys, AdaptiveDetector())[0] == [20, 40, 60, 80]

noise = np.random.default_rng(0).integers(-2, 3, (50, 72, 128, 3))
for level in (3, 8):
  score = cuts((level + noise).astype(np.uint8), ContentDetector())[1]
  print(f'a still picture of {level} with noise of 2 levels: score {score:.1f}')
  assert score > 27
PYTHON_END
