#!/usr/bin/env bash
# What surprises: SciPy's `distance.cosine` of two rows of bytes is 0, `distance.euclidean` 3,458 and `distance.cityblock` 68,163, where `cdist`
#   of the same rows says .215, 2,236 and 40,979; of int16 the cosine distance is 2.
# Guessed before it was run: each function of a pair gives what cdist gives.
# Seen: as above; `distance.sqeuclidean` and `distance.correlation` agree.
# Reason: products and differences are taken in the type of the rows, where they wrap; the result is then clipped to 0 to 2. cdist, and those
#   two, make floats first.
# Versions: scipy 1.18.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: embeddings are float32, made so from any type in xdc_tf/evaluation/retrieval.py.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check scipy==1.18.1 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import warnings

import numpy as np
import scipy
from scipy.spatial import distance

warnings.simplefilter('ignore')
print('scipy', scipy.__version__)
random = np.random.default_rng(0)
one, two = random.integers(0, 256, size=(2, 512)).astype(np.uint8)
for name in ('sqeuclidean', 'correlation', 'cosine', 'euclidean', 'cityblock'):
  found, expected = float(getattr(distance, name)(one, two)), float(distance.cdist([one], [two], name)[0, 0])
  print(f'{name} of bytes: {found:.6g}, by cdist {expected:.6g}')
  assert np.isclose(found, expected) == (name in ('sqeuclidean', 'correlation'))
assert distance.cosine(one, two) == 0

one, two = random.integers(0, 3001, size=(2, 512)).astype(np.int16)
found, expected = float(distance.cosine(one, two)), float(distance.cdist([one], [two], 'cosine')[0, 0])
print(f'cosine of int16: {found:.3f}, by cdist {expected:.3f}')
assert found == 2 and expected < 0.3
PYTHON_END
