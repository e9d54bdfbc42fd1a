#!/usr/bin/env bash
# What surprises: torcheval's binned multi-class AUROC compares the scores within a sample, not the samples of a class: a good classifier has .63.
# Guessed before it was run: with 10,000 bins the AUROC without bins, .915; with average=None one number a class.
# Seen: .631, and 2,000 numbers for 4 classes. The binned binary AUROC of logits is .701 where probabilities give .927; PSNR of two pictures of
#   noise is 27.9 dB as bytes and 7.8 dB as floats; R2 of 10,000 rows around 1,000, .751, is 1.41 in batches of 1 and .73 of 10 and 100.
# Reason: the sum runs over the axis of the classes; thresholds lie from 0 to 1; differences are taken in bytes; sums of squares in float32.
# Versions: torcheval 0.0.7, torch 2.13.0, Python 3.11.
# What xdc-tf does: accuracies are counted from the predictions of all clips (xdc_tf/evaluation/classification.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.11}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check torcheval==0.0.7 torch==2.13.0
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import torch
from torcheval.metrics import R2Score
from torcheval.metrics.functional import (
  binary_auroc,
  binary_binned_auroc,
  multiclass_auroc,
  multiclass_binned_auroc,
  peak_signal_noise_ratio,
  r2_score,
)

print('torcheval', importlib.metadata.version('torcheval'), 'torch', torch.__version__)
random = torch.Generator().manual_seed(0)
truth = torch.arange(2000) % 4
bias = torch.tensor([0.0, 2, 4, 6])  # Of classes, which an AUROC of one class against the rest does not mind.
logits = 2.0 * torch.nn.functional.one_hot(truth, 4) + torch.randn(2000, 4, generator=random) + bias
scores = logits.softmax(1)
exact = multiclass_auroc(scores, truth, num_classes=4).item()
binned = multiclass_binned_auroc(scores, truth, num_classes=4, threshold=10_000)[0].item()
each = multiclass_binned_auroc(scores, truth, num_classes=4, threshold=10_000, average=None)[0]
print(f'AUROC of 4 classes {exact:.3f}, in 10,000 bins {binned:.3f}; numbers without an average: {len(each)}')
assert exact > 0.9 and binned < 0.7 and len(each) == 2000

logits = 3 * torch.randn(5000, generator=random) - 2
truth = torch.bernoulli(logits.sigmoid(), generator=random).long()
rows = {'probabilities': logits.sigmoid(), 'logits': logits}
found = {name: (binary_auroc(x, truth).item(), binary_binned_auroc(x, truth)[0].item()) for name, x in rows.items()}
print('AUROC, and in bins:', found)
assert abs(found['probabilities'][1] - found['probabilities'][0]) < 0.01 and found['logits'][1] < found['logits'][0] - 0.1

one, two = (torch.randint(0, 256, (1, 3, 32, 32), generator=random, dtype=torch.uint8) for _ in range(2))
decibels = [peak_signal_noise_ratio(a, b, 255.0).item() for a, b in ((one, two), (one.float(), two.float()))]
print('PSNR of bytes and of the same as floats:', decibels)
assert decibels[0] > decibels[1] + 15

target = 1000 + torch.randn(10_000, generator=random)
guess = target + 0.5 * torch.randn(10_000, generator=random)
expected = r2_score(guess.double(), target.double()).item()
for batch in (1, 10, 100):
  metric = R2Score()
  for first in range(0, 10_000, batch):
    metric.update(guess[first : first + batch], target[first : first + batch])
  print(f'R2 in batches of {batch}: {metric.compute().item():.3f}, expected {expected:.3f}')
  assert abs(metric.compute().item() - expected) > 0.02
PYTHON_END
