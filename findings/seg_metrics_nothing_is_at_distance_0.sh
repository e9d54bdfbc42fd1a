#!/usr/bin/env bash
# What surprises: Where nothing was found seg-metrics gives a Hausdorff distance of 0, the best there is and better than one voxel beside.
# Guessed before it was run: infinity, NaN or something large; false voxels give false positives.
# Seen: distances of 0 for nothing found, for something found where nothing is, and for everything, with a rate of false positives of 0; 1 for one
#   voxel beside; 1.8e19 for everything where there is something.
# Reason: distances to an empty mask are set to 0, and rates where there is no truth.
# Versions: seg-metrics 1.2.8, SimpleITK 2.5.7, numpy 2.5.5, pandas 3.1.1, Python 3.12.
# What xdc-tf does: classes that are tested and were never trained are named (xdc_tf/evaluation).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check seg-metrics==1.2.8 SimpleITK==2.5.7 numpy==2.5.5 pandas==3.1.1 medutils==0.1.21
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import logging

import numpy as np
from seg_metrics.seg_metrics import write_metrics

print('seg-metrics', importlib.metadata.version('seg-metrics'))
logging.disable(logging.WARNING)
z, y, x = np.mgrid[:24, :40, :48]


def ball(at):
  return ((z - 12) ** 2 + (y - 20) ** 2 + (x - at) ** 2 <= 36).astype(np.uint8)


def metrics(truth, found):
  result = write_metrics(labels=[1], gdth_img=truth, pred_img=found)
  result = result[0] if isinstance(result, list) else result
  return {name: round(float(result[name][0]), 3) for name in ('dice', 'fpr', 'hd', 'hd95', 'msd')}


truth = ball(20)
nothing, everything = truth * 0, truth * 0 + 1
cases = {
  'one voxel beside': metrics(truth, ball(21)),
  'nothing found': metrics(truth, nothing),
  'found where nothing is': metrics(nothing, truth),
  'everything where nothing is': metrics(nothing, everything),
  'everything': metrics(truth, everything),
}
for name, case in cases.items():
  print(f'{name}: {case}')
beside, *empty, all_of_it = cases.values()
assert beside['hd'] == 1 and all(case['hd'] == case['hd95'] == case['msd'] == 0 for case in empty)
assert empty[2]['fpr'] == 0 and all_of_it['fpr'] == 1 and all_of_it['hd'] > 1e18
PYTHON_END
