#!/usr/bin/env bash
# What surprises: with distance='angular' PaCMAP takes the neighbours by angles seen from the mean of all rows, so that the length of a
#   row decides: rows of one direction and two lengths become two heaps.
# Guessed before it was run: angles do not depend on lengths, so neighbours and map are the same when half of the rows are multiplied.
# Seen: of rows of length 1, .52 of the neighbours are of the same half; when the second half has length 3, all are, and so is the nearest
#   point of the map. By angles it is .52 in both cases.
# Reason: `preprocess_X` scales the rows and takes the mean off before the neighbours are searched, whatever the distance is.
# Versions: pacmap 0.9.1, faiss-cpu 1.15.1, numba 0.68.1, scikit-learn 1.9.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: nothing: `xdc projector` writes features of length 1 for TensorBoard, and k-means divides rows by their lengths
#   (xdc_tf/clustering/kmeans.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  pacmap==0.9.1 faiss-cpu==1.15.1 numba==0.68.1 scikit-learn==1.9.1 numpy==2.5.5
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import contextlib
import importlib.metadata
import io

import numpy as np
import pacmap

print('pacmap', importlib.metadata.version('pacmap'))
random = np.random.default_rng(0)
direction = np.abs(random.normal(size=32))
rows = direction / np.linalg.norm(direction) + 0.05 * random.normal(size=(600, 32))
rows /= np.linalg.norm(rows, axis=1, keepdims=True)
second = np.repeat([False, True], 300)
nearest = np.argsort(-rows @ rows.T, axis=1)[:, 1:11]
by_angles = np.mean(second[nearest] == second[:, None])
for length, same in ((1, False), (3, True)):
  reducer = pacmap.PaCMAP(distance='angular', n_neighbors=10, random_state=0)
  with contextlib.redirect_stdout(io.StringIO()):
    points = reducer.fit_transform((rows * np.where(second, length, 1)[:, None]).astype(np.float32))
  found = np.mean(second[reducer.pair_neighbors[:, 0]] == second[reducer.pair_neighbors[:, 1]])
  distances = np.linalg.norm(points[:, None] - points, axis=-1)
  np.fill_diagonal(distances, np.inf)
  on_map = np.mean(second[distances.argmin(axis=1)] == second)
  print(
    f'second half of length {length}: neighbours of the same half {found:.2f} (by angles {by_angles:.2f}), on the map {on_map:.2f}'
  )
  assert (found > 0.95 and on_map > 0.95) if same else (found < 0.6 and on_map < 0.6)
assert by_angles < 0.6
PYTHON_END
