#!/usr/bin/env bash
# What surprises: cut to a window of time, mirdata's piano roll leaves out a note that sounds throughout it.
# Guessed before it was run: a window of the roll is the same rows of the whole one.
# Seen: of notes at 0 to 10, 4 to 4.5, 0 to 4 and 5 to 10 s, the window from 3 to 6 s has 0, 6, 11 and 10 frames; the whole has 30, 6, 11, 10
#   there.
# Reason: a time outside of the window is -1, and a note whose both ends are -1 is skipped as one that does not touch it.
# Versions: mirdata 1.0.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: actions that reach beyond a window of localisation are cut to it (xdc_tf/localization/windows.py), with a test.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check mirdata==1.0.0 numpy==2.4.6
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from mirdata.annotations import NoteData

print('mirdata', importlib.metadata.version('mirdata'))
spans = np.array([[0, 10.0], [4, 4.5], [0, 4], [5, 10]])
notes = NoteData(spans, 's', np.array([440.0, 523.25, 659.26, 783.99]), 'hz')
pitches = 440 * 2 ** ((np.arange(57, 82) - 69) / 12)
rows = [12, 15, 19, 22]
whole = notes.to_matrix(np.arange(0, 10, 0.1), 's', pitches, 'hz')
found = {}
for begin, end in ((0, 6), (3, 6), (3, 10)):
  part = notes.to_matrix(np.arange(begin, end, 0.1), 's', pitches, 'hz')
  expected = whole[begin * 10 : end * 10].sum(0)[rows].astype(int).tolist()
  found[begin, end] = part.sum(0)[rows].astype(int).tolist()
  print(f'{begin} to {end} s: frames of four notes {found[begin, end]}, in the whole {expected}')
  assert found[begin, end][1:] == expected[1:] and expected[0] == 10 * (end - begin)
assert found[0, 6][0] == 60 and found[3, 6][0] == found[3, 10][0] == 0
PYTHON_END
