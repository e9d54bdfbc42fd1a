#!/usr/bin/env bash
# What surprises: the Hausdorff distance of miseval is 0 for a mask that is moved down, by 5 rows or by 40, and 3.2 for one moved to the
#   right, by any number of columns; its boundary distance of a mask to itself is 7.4.
# Guessed before it was run: 5, 40, 5, 40 and 0.
# Seen, a square of 10 x 10 in 64 x 64: 0, 0, 3.16, 3.16; 7.36 for equal masks, whose Dice is 1.
# Reason: the two-dimensional masks are handed over as lists of points, whose coordinates then are the rows' zeros and ones.
# Versions: miseval 1.3.0, scipy 1.18.1, numpy 2.4.6, Python 3.12.
# What xdc-tf does: nothing: it segments nothing.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check miseval==1.3.0 scipy==1.18.1 numpy==2.4.6
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from miseval import evaluate
from scipy.spatial.distance import directed_hausdorff

print('miseval', importlib.metadata.version('miseval'))
mask = np.zeros((64, 64), int)
mask[10:20, 10:20] = 1
for move in ((0, 0), (5, 0), (40, 0), (0, 5), (0, 40)):
  moved = np.roll(mask, move, (0, 1))
  found = float(evaluate(mask, moved, 'HausdorffDistance'))
  expected = max(directed_hausdorff(*map(np.argwhere, pair))[0] for pair in ((mask, moved), (moved, mask)))
  print(f'moved by {move}: {found:.2f}, of the pixels {expected:.2f}')
  assert expected == max(move) and abs(found - (10**0.5 if move[1] else 0)) < 1e-6
of_equals = float(evaluate(mask, mask, 'BoundaryDistance'))
print(f'boundary distance of equal masks {of_equals:.2f}, Dice {float(evaluate(mask, mask, "Dice"))}')
assert of_equals > 7
PYTHON_END
