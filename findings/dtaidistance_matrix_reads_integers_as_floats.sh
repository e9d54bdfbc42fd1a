#!/usr/bin/env bash
# What surprises: dtaidistance's distance matrix in C takes the bytes of int64 series for doubles: all distances are 0. One pair of the same
#   series is refused, and the matrix in Python is right.
# Guessed before it was run: numbers are converted, as the page of its SeriesContainer says for the C extension, or refused as for one pair.
# Seen: 123.64, 121.32 and 122.04 in Python; 0, 0 and 0 by `distance_matrix_fast`; for float64 both are equal. `distance_fast` of two of the
#   series raises a ValueError about the type.
# Versions: dtaidistance 2.5.1, numpy 2.4.6, Python 3.12.
# What xdc-tf does: not used; `nearest` compares in float32 whatever it is given (xdc_tf/library/encoders.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check dtaidistance==2.5.1 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import dtaidistance
import numpy as np
from dtaidistance import dtw

print(f'dtaidistance {dtaidistance.__version__}')
numbers = np.random.default_rng(0).integers(0, 100, (3, 40))
matrices = {}
for kind in ('float64', 'int64'):
  series = list(numbers.astype(kind))
  slow, fast = (np.array(f(series, compact=True)) for f in (dtw.distance_matrix, dtw.distance_matrix_fast))
  print(f'{kind}: in Python {slow.round(2)}, in C {fast.round(2)}')
  matrices[kind] = slow, fast
np.testing.assert_allclose(matrices['float64'][0], matrices['float64'][1])
np.testing.assert_allclose(matrices['int64'][0], matrices['float64'][0])
assert (matrices['int64'][1] == 0).all()
try:
  dtw.distance_fast(*numbers[:2])
except ValueError as error:
  print(f'one pair: ValueError, {error}')
else:
  raise AssertionError('One pair of integers is no longer refused.')
PYTHON_END
