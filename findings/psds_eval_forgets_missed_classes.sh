#!/usr/bin/env bash
# What surprises: the macro F of psds_eval is 1 for a detector that finds one class of three and nothing else; finding a cat as well makes it .55.
# Guessed before it was run: a class without a hit counts 0, so .333 for the first and .365 for the second.
# Seen: 1.000, .548 and .397 with a hit in none, one and both of the other classes. The PSDS by lines depends on the order in which the
#   thresholds are added (.793, .763, .792) and is below the one by steps (.857).
# Reason: the number of events of a class is computed back from its hits, 0 / 0, and the mean leaves NaN out; of points with the same rate of
#   false alarms the first is taken, not the best.
# Versions: psds_eval 0.5.3, pandas 2.3.3, numpy 2.4.6, Python 3.12.
# What xdc-tf does: classes without a prediction count 0 (xdc_tf/localization/mean_average_precision.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check psds_eval==0.5.3 pandas==2.3.3 numpy==2.4.6
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import warnings

import numpy as np
import pandas as pd

warnings.simplefilter('ignore')
from psds_eval import PSDSEval

print('psds_eval', importlib.metadata.version('psds_eval'))
COLUMNS = ['filename', 'onset', 'offset', 'event_label']
LABELS = ('dog', 'cat', 'car')
rows = [(f'{i}.wav', 2 * k, 2 * k + 1, label) for i in range(20) for k, label in enumerate(LABELS)]
events = pd.DataFrame(rows, columns=COLUMNS)
files = pd.DataFrame({'filename': [f'{i}.wav' for i in range(20)], 'duration': 10.0})


def evaluator():
  return PSDSEval(ground_truth=events, metadata=files, dtc_threshold=0.5, gtc_threshold=0.5, cttc_threshold=0.3)


dogs = events[events.event_label == 'dog']
cat, car = (events[events.event_label == label][:1] for label in ('cat', 'car'))
found = {'all dogs': dogs, '... and a cat': pd.concat([dogs, cat]), '... and a car': pd.concat([dogs, cat, car])}
macro = []
for name, detected in found.items():
  mean, each = evaluator().compute_macro_f_score(detected)
  expected = np.mean(np.nan_to_num([float(value) for value in each.values()]))
  macro.append(float(mean))
  print(f'{name:14}: macro F {mean:.3f}, expected {expected:.3f}')
assert macro[0] == 1 and 0.5 < macro[1] < 0.6 and 0.35 < macro[2] < 0.45

random = np.random.default_rng(0)
false = [(f'{i}.wav', 7, 8, label) for i in range(10) for label in LABELS]
scored = pd.concat([
  events.assign(score=random.uniform(0.3, 1, len(events))),
  pd.DataFrame(false, columns=COLUMNS).assign(score=random.uniform(0, 0.6, 30)),
])
thresholds, lines, steps = np.linspace(0, 0.99, 34), [], []
for order in (thresholds, thresholds[::-1], random.permutation(thresholds)):
  made = evaluator()
  for threshold in order:
    made.add_operating_point(scored[scored.score > threshold][COLUMNS])
  steps.append(made.psds().value)
  lines.append(made.psds(en_interp=True).value)
print('PSDS by steps', np.round(steps, 4), 'and by lines', np.round(lines, 4), 'for three orders of the thresholds')
assert np.ptp(steps) < 1e-9 and np.ptp(lines) > 0.01 and max(lines) < min(steps)
PYTHON_END
