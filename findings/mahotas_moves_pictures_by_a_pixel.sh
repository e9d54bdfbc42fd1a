#!/usr/bin/env bash
# What surprises: `shift`, `zoom` and the resizes of mahotas never interpolate, move the picture by a pixel and blacken its last row and column.
# Guessed before it was run: "spline interpolation of the requested order, adapted from scipy.ndimage" gives what SciPy gives; a resize to the
#   same size changes nothing.
# Seen: 10, 20, ..., 80 shifted by 0 is 20, ..., 80, 0, shifted by .5 it is as it was, for orders 1 and 3; zoomed from 8 to 15 it is in steps
#   of ten and ends with 0. A picture resized to its own size has lost its first column; a white one of 12 x 12 ends with a black row.
#   The coordinate is rounded up to a whole number before the spline's weights are made.
# Versions: mahotas 1.4.19, scipy 1.18.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: FFmpeg scales a frame as a whole (xdc_tf/media/jpeg_encoder.py), TensorFlow crops (xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check mahotas==1.4.19 scipy==1.18.1 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import mahotas as mh
import numpy as np
import scipy.ndimage as nd
from mahotas.interpolate import shift

print('mahotas', importlib.metadata.version('mahotas'))
x = np.arange(10, 90, 10.0)
moved = {(s, order): shift(x, (s,), order=order).round(1).tolist() for s in (0.0, 0.5) for order in (1, 3)}
for (s, order), found in moved.items():
  print('shift by', s, 'order', order, 'mahotas', found, 'SciPy', nd.shift(x, s, order=order).round(1).tolist())
ramp = np.tile(x, (8, 1))
zoomed = mh.resize_to(ramp, (15, 15), order=1)[3].round(1).tolist()
print('zoom 8 to 15, mahotas', zoomed, 'SciPy', nd.zoom(ramp, 15 / 8, order=1)[3].round(1).tolist())
same, white = mh.resize_to(ramp, (8, 8)), mh.resize_to(np.full((6, 6), 200, np.uint8), (12, 12))
print('to the same size', same[3].round(1).tolist(), 'the last row of a white picture', white[-1].tolist())

assert all(nd.shift(x, 0.0, order=order).round(6).tolist() == x.tolist() for order in (1, 3))
assert moved[0.0, 1] == moved[0.0, 3] == [20, 30, 40, 50, 60, 70, 80, 0]
assert moved[0.5, 1] == moved[0.5, 3] == x.tolist()
assert zoomed == [20, 20, 30, 30, 40, 40, 50, 50, 60, 60, 70, 70, 80, 80, 0]
assert same[3].round(1).tolist() == [20, 30, 40, 50, 60, 70, 80, 0] and not same[-1].any() and not white[-1].any()
PYTHON_END
