#!/usr/bin/env bash
# What surprises: To libfmp no two segments of a NumPy array of labels have the same label: compared with itself a segmentation has an F-measure of
#   0. What its chord evaluation returns as false alarms are the misses.
# Guessed before it was run: 1, whatever holds the labels; of twenty chords ten are found, so ten are missed.
# Seen: 7 equal pairs and 1.0 for a list of literals, 0 pairs, NaN and 0 for an array, a list of it, numbers, and the words of a line; num_FN 0 and
#   num_FP 10 for ten misses.
# Reason: labels are compared by identity; three numbers are returned in another order than they are documented in.
# Versions: libfmp 1.3.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; labels are numbers of a table (xdc_tf/records/label_table.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check libfmp==1.3.0 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import warnings

import numpy as np
from libfmp import c4, c5

warnings.simplefilter('ignore')
print('libfmp', importlib.metadata.version('libfmp'))
labels = ['A', 'A', 'B', 'B', 'A', 'A']
for name, held in (
  ('a list', labels),
  ('an array', np.array(labels)),
  ('a list of an array', list(np.array(labels))),
  ('numbers', list(np.array([1, 1, 2, 2, 1, 1]))),
  ('words of a line', 'verse verse chorus chorus verse verse'.split()),
):
  pairs = c4.compare_pairwise(held)
  precision, recall, f_measure = c4.evaluate_pairwise(pairs, pairs)[:3]
  print(f'{name}: {int(pairs.sum())} of 7 pairs are equal; compared with itself {precision}, {recall}, {f_measure}')
  assert (pairs.sum(), f_measure) == ((7, 1) if name == 'a list' else (0, 0))
truth, found = np.zeros((24, 10), int), np.zeros((24, 10), int)
truth[:2], found[0] = 1, 1
precision, recall, _, hits, misses, false_alarms = c5.compute_eval_measures(truth, found)
print(f'ten of twenty found, none wrong: precision {precision}, recall {recall}, num_FN {misses}, num_FP {false_alarms}')
assert (misses, false_alarms) == (0, 10)
PYTHON_END
