#!/usr/bin/env bash
# What surprises: the generalized Dice score of a picture by torchmetrics depends on the pictures beside it in its batch, from .99 to .0025.
# Guessed before it was run: the function returns one score a picture, which is that of the picture alone.
# Seen: a picture scores .9895 alone, .9038, .0025 and .9662 beside one, the other and both of two more; the mean of the three is .9928,
#   .6637 and .9768 in batches of 1, 2 and 3. A class that a picture lacks gets the largest weight of the batch, laid out by class where
#   the weights are by picture.
# Versions: torchmetrics 1.9.0, torch 2.13.0, Python 3.11.
# What xdc-tf does: nothing is segmented.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.11}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 torchmetrics==1.9.0
"$tmp/venv/bin/python" - <<'PYTHON_END'
import torch
import torchmetrics
from torchmetrics.functional.segmentation import generalized_dice_score
from torchmetrics.segmentation import GeneralizedDiceScore

print('torchmetrics', torchmetrics.__version__)


def scene(**rows):
  """A label map of 16 rows, 0 where nothing is said."""
  labels = torch.zeros(16, 16).long()
  for name, where in rows.items():
    labels[where] = int(name[1:])
  return labels


top, bottom, corner = slice(0, 4), slice(8, 16), (0, 0)
truth = torch.stack([scene(_1=top), scene(_2=top), scene(_3=bottom, _1=corner)])
found = torch.stack([scene(_1=top, _2=4), scene(_2=top, _1=4), scene(_3=bottom, _1=corner, _2=7)])
beside, means = {}, {}
for others in ((), (1,), (2,), (1, 2)):
  scores = generalized_dice_score(found[[0, *others]], truth[[0, *others]], 4, input_format='index')
  beside[others] = round(scores[0].item(), 4)
for size in (1, 2, 3):
  metric = GeneralizedDiceScore(4, input_format='index')
  for part, labels in zip(found[[0, 2, 1]].split(size), truth[[0, 2, 1]].split(size)):
    metric.update(part, labels)
  means[size] = round(metric.compute().item(), 4)
print('picture 0 beside others:', beside, 'the three in batches of 1, 2, 3:', means)

assert beside == {(): 0.9895, (1,): 0.9038, (2,): 0.0025, (1, 2): 0.9662}
assert means == {1: 0.9928, 2: 0.6637, 3: 0.9768}
PYTHON_END
