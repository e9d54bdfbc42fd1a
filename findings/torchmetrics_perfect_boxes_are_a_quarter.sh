#!/usr/bin/env bash
# What surprises: IoU, GIoU and CIoU of perfect detections by torchmetrics are 1 / n for n objects of a class; one of four found is the same .25.
# Guessed before it was run: boxes that equal the true ones have an IoU of 1, as by the function `intersection_over_union`.
# Seen: of two boxes of one class IoU is .5, GIoU .111, CIoU .278, of four .25, -.392, -.169; with a class each they are 1. Three missed of
#   four are .25 as well, and 1 with iou_threshold=.5. The mean goes over all pairs of one class, not over those that belong together.
# Versions: torchmetrics 1.9.0, torchvision 0.28.0, torch 2.13.0, Python 3.11.
# What xdc-tf does: there are no boxes; segments in time are matched one by one (xdc_tf/localization).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.11}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 torchmetrics==1.9.0
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps torchvision==0.28.0 pillow==13.0.0
"$tmp/venv/bin/python" - <<'PYTHON_END'
import torch

library = torch.library.Library('torchvision', 'DEF')  # So that torchvision can be imported beside a torch without CUDA.
for name in ('nms', 'qnms'):
  library.define(f'{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')
import torchmetrics
from torchmetrics.detection import CompleteIntersectionOverUnion, GeneralizedIntersectionOverUnion, IntersectionOverUnion

print('torchmetrics', torchmetrics.__version__)
boxes = torch.tensor([[0.0, 0, 10, 10], [20, 20, 30, 30], [40, 40, 50, 50], [60, 60, 70, 70]])
metrics = {
  'iou': IntersectionOverUnion,
  'giou': GeneralizedIntersectionOverUnion,
  'ciou': CompleteIntersectionOverUnion,
}


def scores(count, labels):
  truth = [{'boxes': boxes[:count], 'labels': labels}]
  return [round(metric()(truth, truth)[name].item(), 3) for name, metric in metrics.items()]


of_one_class = {count: scores(count, torch.zeros(count).long()) for count in (1, 2, 4)}
of_a_class_each = scores(4, torch.arange(4))
print('perfect boxes of one class:', of_one_class, 'of a class each:', of_a_class_each)
found = [{'boxes': boxes[:1], 'labels': torch.tensor([0])}]
truth = [{'boxes': boxes, 'labels': torch.zeros(4).long()}]
missed = [IntersectionOverUnion(**options)(found, truth)['iou'].item() for options in ({}, {'iou_threshold': 0.5})]
print('three of four missed:', missed)

assert of_one_class == {1: [1, 1, 1], 2: [0.5, 0.111, 0.278], 4: [0.25, -0.392, -0.169]}
assert of_a_class_each == [1, 1, 1] and missed == [0.25, 1]
PYTHON_END
