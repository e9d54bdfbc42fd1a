#!/usr/bin/env bash
# What surprises: PSNR-B of torchmetrics sinks with the number of pictures, and RASE grows with the square of its window.
# Guessed before it was run: the score of the same pair a thousand times is that of the pair; a constant error of 2 % is 2 % by any window.
# Seen: PSNR-B of one pair is 25.07 dB, of it twice 22.70, 32 times 11.35, 1,000 times -3.55, where PSNR stays 30.72. RASE is 8, 32, 128,
#   512 for windows of 2, 4, 8, 16. The blocking effect is summed over pictures and never divided; the mean of a window is divided by
#   its area once more.
# Versions: torchmetrics 1.9.0, torch 2.13.0, Python 3.11.
# What xdc-tf does: not used; films are compared by their pixels in tests.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.11}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 torchmetrics==1.9.0
"$tmp/venv/bin/python" - <<'PYTHON_END'
import torch
import torchmetrics
from torch.nn.functional import avg_pool2d, interpolate
from torchmetrics.functional.image import relative_average_spectral_error
from torchmetrics.image import PeakSignalNoiseRatio, PeakSignalNoiseRatioWithBlockedEffect

print('torchmetrics', torchmetrics.__version__)
picture = torch.linspace(0.1, 0.9, 64).view(1, 1, 64, 1).expand(1, 1, 64, 64).contiguous()
blocky = interpolate(avg_pool2d(picture, 8), scale_factor=8)
scores = {}
for copies in (1, 2, 32, 1000):
  metrics = PeakSignalNoiseRatio(1.0), PeakSignalNoiseRatioWithBlockedEffect(1.0)
  for _ in range(copies):
    for metric in metrics:
      metric.update(blocky, picture)
  scores[copies] = [round(metric.compute().item(), 2) for metric in metrics]
  print(copies, 'times the same pair: PSNR, PSNR-B', scores[copies])
target = torch.full((1, 3, 64, 64), 0.5)
errors = [relative_average_spectral_error(target + 0.01, target, window_size=window).item() for window in (2, 4, 8, 16)]
print('an error of 2 %, RASE by windows of 2, 4, 8, 16:', errors)

assert all(psnr == 30.72 for psnr, _ in scores.values())
assert [psnrb for _, psnrb in scores.values()] == [25.07, 22.7, 11.35, -3.55]
assert [round(error) for error in errors] == [8, 32, 128, 512]
PYTHON_END
