#!/usr/bin/env bash
# What surprises: with annotations numbered from 0, perfect detections have an average precision of .252 in pycocotools; numbered from 1 it
#   is 1.
# Guessed before it was run: the numbers are names, 0 as good as any.
# Seen: two boxes found exactly: ids 1 and 2 AP 1.0 and AR 1.0, ids 0 and 1 AP .252 and AR .5.
# Reason: what a detection was matched with is kept as that number, and 0 stands for no match.
# Versions: pycocotools 2.0.11, numpy 2.5.5, Python 3.12.
# What xdc-tf does: nothing: rows begin at 0 and "none" is -1 (xdc_tf/records/label_table.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pycocotools==2.0.11 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import contextlib
import importlib.metadata
import io

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

print('pycocotools', importlib.metadata.version('pycocotools'))
boxes = [[10, 10, 100, 100], [300, 300, 100, 100]]
detections = [{'image_id': 1, 'category_id': 1, 'bbox': box, 'score': 0.9 - 0.1 * i} for i, box in enumerate(boxes)]


def precision_and_recall(first):
  truth = COCO()
  truth.dataset = {
    'images': [{'id': 1, 'width': 1000, 'height': 1000}],
    'categories': [{'id': 1, 'name': 'a'}],
    'annotations': [
      {'id': first + i, 'image_id': 1, 'category_id': 1, 'bbox': box, 'area': box[2] * box[3], 'iscrowd': 0}
      for i, box in enumerate(boxes)
    ],
  }
  truth.createIndex()
  evaluation = COCOeval(truth, truth.loadRes([dict(found) for found in detections]), 'bbox')
  evaluation.evaluate()
  evaluation.accumulate()
  evaluation.summarize()
  return float(evaluation.stats[0]), float(evaluation.stats[8])


for first, expected in ((1, 1.0), (0, 0.252)):
  with contextlib.redirect_stdout(io.StringIO()):
    precision, recall = precision_and_recall(first)
  print(f'ids from {first}: AP {precision:.3f}, AR {recall:.3f}')
  assert abs(precision - expected) < 0.01
PYTHON_END
