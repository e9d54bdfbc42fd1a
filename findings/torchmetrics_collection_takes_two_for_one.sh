#!/usr/bin/env bash
# What surprises: torchmetrics' MetricCollection takes two metrics for one where their numbers are equal after the first batch, and gives both
#   the result of the first from then on, whatever their thresholds or ignored classes.
# Guessed before it was run: a collection computes what each of its metrics computes by itself; groups share work where arguments allow it.
# Seen: accuracies at the thresholds .5 and .9 are .714 and .570 each by itself and with the batches backwards, and .714 twice where the
#   first batch is easy; micro accuracy of all classes and without class 0 are .45 and .272, and .45 twice where the first batch lacks
#   class 0. Groups are formed by the values of the states after the first update, never by the arguments.
# Versions: torchmetrics 1.9.0, torch 2.13.0, Python 3.11.
# What xdc-tf does: accuracies are computed from the predictions of all clips (xdc_tf/evaluation/classification.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.11}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 torchmetrics==1.9.0
"$tmp/venv/bin/python" - <<'PYTHON_END'
import torch
import torchmetrics
from torchmetrics import MetricCollection
from torchmetrics.classification import BinaryAccuracy, MulticlassAccuracy

print('torchmetrics', torchmetrics.__version__)


def run(metrics, batches, **options):
  collection = MetricCollection(metrics(), **options)
  for found, labels in batches:
    collection.update(found, labels)
  return {name: round(value.item(), 3) for name, value in collection.compute().items()}


def thresholds():
  return {'at_half': BinaryAccuracy(threshold=0.5), 'at_nine_tenths': BinaryAccuracy(threshold=0.9)}


def classes():
  every = MulticlassAccuracy(4, average='micro')
  return {'all': every, 'without_0': MulticlassAccuracy(4, average='micro', ignore_index=0)}


generator = torch.Generator().manual_seed(0)
labels = torch.randint(0, 2, (100, 64), generator=generator)
scores = labels * 0.3 + torch.rand(100, 64, generator=generator) * 0.7
scores[0] = labels[0].float()  # The first batch is easy.
easy = list(zip(scores, labels))
labels = torch.arange(200).view(100, 2) % 4
found = torch.where(labels == 0, 0, torch.randint(0, 4, (100, 2), generator=generator))
found[0] = labels[0] = torch.tensor([1, 2])  # Class 0 does not occur in the first batch.
rare = list(zip(found, labels))
for metrics, batches, expected in ((thresholds, easy, [0.714, 0.57]), (classes, rare, [0.45, 0.272])):
  alone, together = run(metrics, batches, compute_groups=False), run(metrics, batches)
  print('each by itself', alone, 'in a collection', together)
  assert list(alone.values()) == expected and list(together.values()) == [expected[0]] * 2
backwards = run(thresholds, easy[::-1])
print('batches backwards', backwards)
assert list(backwards.values()) == [0.714, 0.57]
PYTHON_END
