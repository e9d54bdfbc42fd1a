#!/usr/bin/env bash
# What surprises: torchmetrics' retrieval measures take documents with scores of 0 and below for irrelevant: MAP, MRR, precision and recall of
#   negative distances, or of cosines, are too low or too high, down to 0 for all.
# Guessed before it was run: a ranking is judged by its order; a constant that is added to all scores changes nothing.
# Seen: MAP is .8835, .9789 and 0 for the same order with scores plus 0, -.75 and -2, MRR 1, 1, 0, recall 1, .7037, 0; nDCG and AUROC
#   do not move. Labels are set to 0 where the score is not above 0; "estimated probabilities" is all that is said of it.
# Versions: torchmetrics 1.9.0, torch 2.13.0, Python 3.11.
# What xdc-tf does: nearest videos go by cosine of any sign (xdc_tf/evaluation/retrieval.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.11}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 torchmetrics==1.9.0
"$tmp/venv/bin/python" - <<'PYTHON_END'
import torch
import torchmetrics
from torchmetrics import retrieval

print('torchmetrics', torchmetrics.__version__)
generator = torch.Generator().manual_seed(0)
query = torch.arange(20).repeat_interleave(10)
relevant = torch.randint(0, 2, (200,), generator=generator)
scores = torch.rand(200, generator=generator) + 0.5 * relevant
found = {}
for name in ('MAP', 'MRR', 'Precision', 'Recall', 'NormalizedDCG', 'AUROC'):
  metric = getattr(retrieval, f'Retrieval{name}')
  found[name] = [round(metric()(scores + shift, relevant, query).item(), 4) for shift in (0, -0.75, -2)]
  print(name, 'with scores plus 0, -.75, -2:', found[name])

assert found['MAP'] == [0.8835, 0.9789, 0] and found['MRR'] == [1, 1, 0] and found['Recall'] == [1, 0.7037, 0]
assert found['Precision'][1] < found['Precision'][0] and found['Precision'][2] == 0
assert len(set(found['NormalizedDCG'])) == len(set(found['AUROC'])) == 1
PYTHON_END
