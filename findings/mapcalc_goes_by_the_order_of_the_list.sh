#!/usr/bin/env bash
# What surprises: mapcalc never looks at the scores: the mean average precision of the same detections is .5, .75 or 1, by their order in the
#   list.
# Guessed before it was run: detections are sorted by their scores, as the measure is defined.
# Seen: two right ones of scores .9 and .8, two wrong ones of .2 and .1: 1.0 in the order of the scores, .75 and .5 in two others.
# Reason: no line of it sorts; 'scores' is a documented entry that nothing reads.
# Versions: mapcalc 0.2.2, numpy 2.5.5, Python 3.12.
# What xdc-tf does: nothing: mean average precision sorts by score (xdc_tf/localization/mean_average_precision.py), tested against a slow truth.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check mapcalc==0.2.2 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from mapcalc import calculate_map

print('mapcalc', importlib.metadata.version('mapcalc'))
truth = {'boxes': [[10, 10, 50, 50], [100, 100, 150, 150]], 'labels': [1, 1]}
boxes = [[10, 10, 50, 50], [300, 300, 340, 340], [400, 400, 440, 440], [100, 100, 150, 150]]
scores = [0.9, 0.2, 0.1, 0.8]
found = {}
for order in ((0, 3, 1, 2), (0, 1, 2, 3), (2, 1, 3, 0)):
  detections = {'boxes': [boxes[i] for i in order], 'labels': [1] * 4, 'scores': [scores[i] for i in order]}
  found[order] = calculate_map(truth, detections, 0.5)
  print('scores', detections['scores'], 'mAP', found[order])
np.testing.assert_allclose(list(found.values()), [1.0, 0.75, 0.5])
PYTHON_END
