#!/usr/bin/env bash
# What surprises: tgt joins recordings as if one without a word had no length, so all later words come early; labels with ' = ' are cut when
#   the long form is read; its Fleiss' kappa of two annotators is another number than its Scott's pi.
# Guessed before it was run: three recordings of 10 s are 30 s, and the third begins at 20 s; what is written is read; of two annotators both
#   measures are the same by definition, .531.
# Seen: 20 s, and at 10 s; 'tempo = 120' is 'temp'; .138.
# Reason: the end moves only where there is an annotation; a line is split at every ' = '; a table of pairs is taken for one of counts.
# Versions: tgt 1.5, numpy 2.4.6, Python 3.12.
# What xdc-tf does: times of spans are the film's own (xdc_tf/manifest/); agreement is not measured.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tgt==1.5 numpy==2.4.6
FOLDER="$tmp" "$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import os

import numpy as np
import tgt
from tgt import Interval, IntervalTier, TextGrid

print('tgt', importlib.metadata.version('tgt'))


def recording(words):
  grid = TextGrid()
  grid.add_tier(IntervalTier(0, 10, 'words', [Interval(*word) for word in words]))
  return grid


grids = [recording([(0, 1, 'one')]), recording([]), recording([(0, 1, 'three')])]
joined = tgt.util.concatenate_textgrids(grids)
begins = {i.text: float(i.start_time) for i in joined.get_tier_by_name('words').intervals}
print('three recordings of 10 s, the second without a word:', begins, 'end', float(joined.end_time))
assert begins == {'one': 0.0, 'three': 10.0} and joined.end_time == 20


def tier(name, labels):
  return IntervalTier(0, len(labels), name, [Interval(i, i + 1, label) for i, label in enumerate(labels)])


one, two = tier('one', 'aabbccabca'), tier('two', 'aabbcaabbb')
counts = np.array([[(x.text + y.text).count(label) for label in 'abc'] for x, y in zip(one, two)])
observed = ((counts**2).sum(1) - 2).mean() / 2
chance = ((counts.sum(0) / counts.sum()) ** 2).sum()
expected = (observed - chance) / (1 - chance)
pi = float(np.ravel(tgt.agreement.agreement([one, two], 'scott-pi')[-1])[-1])
kappa = float(np.ravel(tgt.agreement.agreement([one, two], 'fleiss-kappa')[-1])[-1])
print(f"by the formula {expected:.4f}; Scott's pi {pi:.4f}, Fleiss' kappa {kappa:.4f}")
assert abs(pi - expected) < 1e-9 and abs(kappa - 0.1379) < 1e-3

grid = TextGrid()
grid.add_tier(tier('words', ['tempo = 120', 'plain']))
path = os.path.join(os.environ['FOLDER'], 'words.TextGrid')
for form, read in (('short', ['tempo = 120', 'plain']), ('long', ['temp', 'plain'])):
  tgt.write_to_file(grid, path, format=form)
  found = [i.text for i in tgt.read_textgrid(path).tiers[0]]
  print(f'written and read, {form} form:', found)
  assert found == read
PYTHON_END
