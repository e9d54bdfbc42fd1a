#!/usr/bin/env bash
# What surprises: scikit-image makes a picture of float16 all black by `img_as_uint`, and all white by adaptive histogram equalization.
# Guessed before it was run: nearly what it makes of float32, to three digits.
# Seen: means of 0 for 30,870 and of 1.0 for .498; in float32 `hessian` is at its maximum of 1 in 41 % of the pixels, in float64 in 16 %.
# Reason: uint16 is computed in a float of as many bytes, in which 65,535 is infinite; what underflows to 0 is set to 1.
# Versions: scikit-image 0.26.0, numpy 2.5.5, scipy 1.18.1, Python 3.12 (x86-64).
# What xdc-tf does: pictures are bytes or float32 (xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check scikit-image==0.26.0 numpy==2.5.5 scipy==1.18.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import warnings

import numpy as np
import skimage
from scipy.ndimage import gaussian_filter
from skimage import exposure, filters, util

warnings.simplefilter('ignore')
print('scikit-image', skimage.__version__)
picture = gaussian_filter(np.random.default_rng(0).random((64, 80)), 2)
picture = (picture - picture.min()) / np.ptp(picture)
found = {}
for dtype in (np.float16, np.float32, np.float64):
  x = picture.astype(dtype)
  found[dtype] = util.img_as_uint(x).mean(), exposure.equalize_adapthist(x).mean(), np.mean(filters.hessian(x) == 1)
  print('{}: img_as_uint {:.0f}, equalize_adapthist {:.3f}, share of the largest in hessian {:.3f}'.format(dtype.__name__, *found[dtype]))
half, single, double = found.values()
assert half[0] == 0 and double[0] > 30000 and half[1] == 1 and double[1] < 0.6 and single[2] > 2 * double[2]
PYTHON_END
