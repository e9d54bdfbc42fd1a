#!/usr/bin/env bash
# What surprises: Soft-NMS of ensemble-boxes gives every duplicate back with its whole confidence; `nms` with weights multiplies them into the
#   caller's scores, so that every call gives other ones.
# Guessed before it was run: of one object found three times with .9, .8 and .7, .9, .12 and .02 come back, as in the paper; equal calls are equal.
# Seen: .9, .8 and .7 by both methods; three equal calls with weights 3 and 1 give .675 and .2, .506 and .05, .38 and .0125.
# Reason: a copy of the scores decays and is dropped; weights are assigned into the lists that were given.
# Versions: ensemble-boxes 1.0.9, numpy 2.5.5, Python 3.12.
# What xdc-tf does: its own soft-NMS (xdc_tf/localization/proposals.py), tested against a slow one.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check ensemble-boxes==1.0.9 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from ensemble_boxes import nms, soft_nms

print('ensemble-boxes', importlib.metadata.version('ensemble-boxes'))
boxes = [[[0.1, 0.1, 0.5, 0.5], [0.1, 0.1, 0.5, 0.51], [0.12, 0.1, 0.5, 0.5]]]  # One object, found three times.
scores, labels = [[0.9, 0.8, 0.7]], [[0, 0, 0]]


def overlap(a, b):
  inner = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
  return inner / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inner)


def by_the_paper(boxes, scores, sigma=0.5):
  boxes, scores, kept = list(boxes), list(scores), []
  while boxes:
    best = int(np.argmax(scores))
    box, score = boxes.pop(best), scores.pop(best)
    kept.append(score)
    scores = [s * np.exp(-(overlap(box, b) ** 2) / sigma) for s, b in zip(scores, boxes)]
  return np.array(kept)


expected = by_the_paper(boxes[0], scores[0])
for method in (1, 2):
  found = np.sort(soft_nms(boxes, scores, labels, method=method)[1])[::-1]
  print(f'method {method}: {found}; by the paper {expected.round(3)}')
  assert np.array_equal(found, scores[0]) and expected[1] < 0.15

mine, apart = [[0.9], [0.8]], [[[0.1, 0.1, 0.5, 0.5]], [[0.6, 0.6, 0.9, 0.9]]]
calls = [nms(apart, mine, [[0], [0]], weights=[3, 1])[1] for _ in range(3)]
print('three equal calls with weights:', *(call.round(4).tolist() for call in calls))
assert np.allclose(calls[1], calls[0] * [0.75, 0.25]) and np.allclose(np.concatenate(mine), calls[2])
PYTHON_END
