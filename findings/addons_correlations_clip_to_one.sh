#!/usr/bin/env bash
# What surprises: tensorflow-addons' PearsonsCorrelation, SpearmansRank and KendallsTauB cut all numbers off at 0 and 1 before they look at
#   them, without a word. Of ratings from 1 to 5 all three are NaN, of logits they are other numbers. They also take sample_weight and
#   make no use of it.
# Guessed before it was run: up to the width of their bins, each is what scipy computes, whatever the range.
# Seen (scipy in brackets): Pearson .840 (.840) for numbers in 0..1, .660 (.840) for the same ones as logits, NaN (.769) for stars from 1 to
#   5; with actual_min, actual_max, preds_min and preds_max set they are right again. Weights that leave one half out change nothing,
#   where the other half has .638.
# Versions: tensorflow-addons 0.22.0 with tensorflow 2.15.1, scipy 1.17.1, Python 3.11.
# What xdc-tf does: nothing; it takes no metric of tensorflow-addons.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.11}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  tensorflow==2.15.1 tensorflow-addons==0.22.0 scipy==1.17.1 numpy==1.26.4
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import numpy as np
import scipy
import tensorflow as tf
import tensorflow_addons as tfa
from scipy import stats

print(f'tensorflow-addons {tfa.__version__}, tensorflow {tf.__version__}, scipy {scipy.__version__}')
METRICS = {
  'PearsonsCorrelation': lambda x, y: stats.pearsonr(x, y).statistic,
  'SpearmansRank': lambda x, y: stats.spearmanr(x, y).statistic,
  'KendallsTauB': lambda x, y: stats.kendalltau(x, y).statistic,
}


def by_addons(name, pair, weights=None, **limits):
  metric = getattr(tfa.metrics, name)(**limits)
  metric.update_state(*(numbers.astype(np.float32) for numbers in pair), sample_weight=weights)
  return float(metric.result())


random = np.random.default_rng(0)
x = random.normal(size=500)
y = x + 0.7 * random.normal(size=500)
pairs = {
  'in 0..1': (np.clip((x + 4) / 8, 0, 1), np.clip((y + 4) / 8, 0, 1)),
  'logits': (4 * x, 4 * y),
  'stars': (np.clip(np.round(x + 3), 1, 5), np.clip(np.round(y + 3), 1, 5)),
}
limits = {f'{of}_{end}': value for of in ('actual', 'preds') for end, value in (('min', -20.0), ('max', 20.0))}
limits |= {'actual_cutpoints': 1000, 'preds_cutpoints': 1000}
positive = x > 0
found = {}
for name, right in METRICS.items():
  for kind, pair in pairs.items():
    found[name, kind] = by_addons(name, pair), right(*pair)
  found[name, 'logits, with limits'] = by_addons(name, pairs['logits'], **limits), right(*pairs['logits'])
  weighted = by_addons(name, pairs['in 0..1'], positive.astype(np.float32))
  found[name, 'in 0..1, weighted'] = weighted, right(x[positive], y[positive])
for (name, kind), (addons, expected) in found.items():
  print(f'{name} of {kind}: {addons:.3f} ({expected:.3f})')

for name in METRICS:
  for kind in ('in 0..1', 'logits, with limits'):
    assert abs(np.subtract(*found[name, kind])) < 0.02
  assert np.isnan(found[name, 'stars'][0])
  assert found[name, 'in 0..1, weighted'][0] == found[name, 'in 0..1'][0]
assert np.subtract(*found['PearsonsCorrelation', 'logits']) < -0.15
PYTHON_END
