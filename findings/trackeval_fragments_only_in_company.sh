#!/usr/bin/env bash
# What surprises: A track that is lost twice has no fragmentation in TrackEval, and two when another object is tracked beside it.
# Guessed before it was run: fragmentations of a track are its own.
# Seen: 0 alone, 2 beside an object that is never lost; misses are 2 in both.
# Reason: a frame in which nothing was found is skipped before the gap is noted.
# Versions: trackeval 1.3.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; nothing is tracked.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check trackeval==1.3.0 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import contextlib
import importlib.metadata
import io

import numpy as np
from trackeval.metrics import CLEAR

print('trackeval', importlib.metadata.version('trackeval'))


def evaluate(there, found):
  similarity = [np.equal.outer(np.array(t), np.array(f)).astype(float).reshape(len(t), len(f)) for t, f in zip(there, found)]
  data = {
    'num_timesteps': len(there),
    'gt_ids': [np.array(t, int) for t in there],
    'tracker_ids': [np.array(f, int) for f in found],
    'similarity_scores': similarity,
    'num_gt_dets': sum(map(len, there)),
    'num_tracker_dets': sum(map(len, found)),
    'num_gt_ids': 1 + max(map(max, there)),
    'num_tracker_ids': 1 + max(map(max, filter(None, found))),
  }
  with contextlib.redirect_stdout(io.StringIO()):
    return CLEAR().eval_sequence(data)


lost = (2, 5)  # Object 0 is lost twice in nine frames, object 1 never.
alone = evaluate([[0]] * 9, [[] if t in lost else [0] for t in range(9)])
beside = evaluate([[0, 1]] * 9, [[1] if t in lost else [0, 1] for t in range(9)])
print(f'fragmentations alone {alone["Frag"]:.0f}, beside another {beside["Frag"]:.0f}; misses {alone["CLR_FN"]} and {beside["CLR_FN"]}')
assert alone['Frag'] == 0 and beside['Frag'] == 2 and alone['CLR_FN'] == beside['CLR_FN'] == 2
PYTHON_END
