#!/usr/bin/env bash
# What surprises: The columns of average recall in the file that globox writes hold average precision.
# Guessed before it was run: 'AR 10' and 'AR 100' of `save_csv` are what `ar_10()` and `ar_100()` return.
# Seen: .5 in the file and 1.0 by the methods, where all objects are found below two false alarms each and the precision is .5; 'AR M' is right.
# Reason: the recall at a number of detections is read under the key of the precision.
# Versions: globox 2.9.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: its own mean average precision (xdc_tf/localization/mean_average_precision.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check globox==2.9.0 numpy==2.5.5
FOLDER="$tmp" "$tmp/venv/bin/python" - <<'PYTHON_END'
import csv
import importlib.metadata
import os

from globox import Annotation, AnnotationSet, BoundingBox, COCOEvaluator

print('globox', importlib.metadata.version('globox'))


def box(place, confidence=None):
  return BoundingBox(label='cat', xmin=100 * place, ymin=0, xmax=100 * place + 50, ymax=50, confidence=confidence)


truth, found = AnnotationSet(), AnnotationSet()
for picture in '0123':  # All are found, below two false alarms.
  truth.add(Annotation(picture, (1000, 1000), [box(0), box(1)]))
  found.add(Annotation(picture, (1000, 1000), [box(5, 0.9), box(6, 0.8), box(0, 0.5), box(1, 0.4)]))
evaluator = COCOEvaluator(ground_truths=truth, predictions=found)
path = os.path.join(os.environ['FOLDER'], 'evaluation.csv')
evaluator.save_csv(path)
with open(path) as file:
  row = next(csv.DictReader(file))
for column, method in (('AP 50:95', 'ap'), ('AR 10', 'ar_10'), ('AR 100', 'ar_100'), ('AR M', 'ar_medium')):
  print(f'{column}: {row[column]} in the file, {getattr(evaluator, method)()} by {method}()')
assert evaluator.ar_100() == evaluator.ar_10() == 1 and row['AR 100'] == row['AR 10'] == row['AP 50:95'] == '0.5'
assert row['AR M'] == '1.0'
PYTHON_END
