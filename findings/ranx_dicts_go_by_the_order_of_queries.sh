#!/usr/bin/env bash
# What surprises: Given dicts, ranx scores the n-th query of the run by the n-th of the judgements, whatever they are called: a perfect run has a
#   mean reciprocal rank of .09 when its dict has another order.
# Guessed before it was run: equal dicts give equal scores, and those of `Qrels` and `Run`.
# Seen: 1, 1 and 1 for MRR, NDCG and recall in one order, .09, .089 and .11 in the other; of three equal scores the dict takes the last, `Run` the
#   first.
# Reason: the names of the queries are thrown away; what checks them looks at sets of names.
# Versions: ranx 0.3.21, numpy 2.5.5, numba 0.68.1, Python 3.12.
# What xdc-tf does: recall at k by arrays of one order (xdc_tf/evaluation/retrieval.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check ranx==0.3.21 numpy==2.5.5 numba==0.68.1 pandas==3.1.1 scipy==1.18.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import warnings

import numpy as np

warnings.simplefilter('ignore')
from ranx import Qrels, Run, evaluate

print('ranx', importlib.metadata.version('ranx'))
random = np.random.default_rng(0)
# 200 queries over 50 documents, one of them relevant, which the system puts first.
relevant = {f'q{n}': f'd{random.integers(50)}' for n in range(200)}
judged = {query: {document: 1} for query, document in relevant.items()}
run = {q: {f'd{n}': float((f'd{n}' == right) * 3 + random.random()) for n in range(50)} for q, right in relevant.items()}
other = {query: run[query] for query in reversed(list(run))}
assert other == run
metrics = ['mrr', 'ndcg@10', 'recall@5']
found = {
  'Qrels and Run': evaluate(Qrels(judged), Run(other), metrics),
  'dicts in one order': evaluate(judged, run, metrics),
  'dicts, the run in reverse': evaluate(judged, other, metrics),
}
for name, scores in found.items():
  print(f'{name}: {({key: round(float(value), 3) for key, value in scores.items()})}')
*right, wrong = found.values()
assert all(min(scores.values()) == 1 for scores in right) and max(wrong.values()) < 0.3

tie = {'q': {'a': 1.0, 'b': 1.0, 'c': 1.0}}
by_dict, by_run = evaluate({'q': {'a': 1}}, tie, 'mrr'), evaluate(Qrels({'q': {'a': 1}}), Run(tie), 'mrr')
print(f'three equal scores: {by_dict:.3f} by dict, {by_run:.3f} by Run')
assert np.allclose((by_dict, by_run), (1 / 3, 1))
PYTHON_END
