#!/usr/bin/env bash
# What surprises: a box in whole pixels moves by a pixel whenever torchvision turns it into centre and size and back.
# Guessed before it was run: to another format and back is the same box.
# Seen: after ten conversions a box of 11 x 7 is 10 pixels up and left and touches the old one no more; even sizes stay, floats stay.
#   A perspective that changes nothing moves boxes of centre and size by 1. torchvision.ops.box_convert makes floats, which stay.
# Reason: the centre is rounded down, and so is the corner that is computed from it (transforms/v2/functional/_meta.py).
# Versions: torchvision 0.29.1, torch 2.14.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; there are no boxes.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check torchvision==0.29.1 torch==2.14.1 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import torch
from torchvision import ops, tv_tensors
from torchvision.transforms.v2 import functional

size = (100, 120)


def there_and_back(corners, times):
  boxes = tv_tensors.BoundingBoxes(corners, format='XYXY', canvas_size=size)
  for _ in range(times):
    boxes = functional.convert_bounding_box_format(boxes, new_format='CXCYWH')
    boxes = functional.convert_bounding_box_format(boxes, new_format='XYXY')
  return boxes.as_subclass(torch.Tensor)


odd, even = torch.tensor([[50, 40, 61, 47]]), torch.tensor([[50, 40, 60, 48]])
for name, start in (('odd', odd), ('even', even), ('odd, in floats', odd.float())):
  ends = {times: there_and_back(start, times) for times in (1, 10)}
  overlap = float(ops.box_iou(start.float(), ends[10].float()))
  print(f'{name}: {start.tolist()[0]}, once {ends[1].tolist()[0]}, ten times {ends[10].tolist()[0]}, overlap {overlap:.2f}')
  walked = 10 if name == 'odd' else 0
  assert torch.equal(ends[10], start - walked) and torch.equal(ends[1], start - walked // 10)
assert ops.box_iou(odd.float(), there_and_back(odd, 10).float()) == 0

boxes = odd
for _ in range(10):
  boxes = ops.box_convert(ops.box_convert(boxes, 'xyxy', 'cxcywh'), 'cxcywh', 'xyxy')
print('by torchvision.ops, ten times:', boxes.tolist()[0])
assert torch.equal(boxes, odd.float())
corners = [[0, 0], [119, 0], [119, 99], [0, 99]]
for dtype in (torch.int64, torch.float32):
  boxes = tv_tensors.BoundingBoxes(torch.tensor([[55, 43, 11, 7]], dtype=dtype), format='CXCYWH', canvas_size=size)
  moved = functional.perspective(boxes, corners, corners).as_subclass(torch.Tensor)
  print('perspective onto itself:', boxes.tolist()[0], 'is', moved.tolist()[0])
  expected = [[54.0, 42, 11, 7]] if dtype == torch.int64 else [[55.0, 43, 11, 7]]
  assert torch.allclose(moved.float(), torch.tensor(expected), atol=1e-3)
PYTHON_END
