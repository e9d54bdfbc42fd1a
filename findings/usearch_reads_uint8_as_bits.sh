#!/usr/bin/env bash
# What surprises: usearch takes rows of uint8 for packed bits, whatever the index was made for: of 32 numbers the first four count, as 32 zeros
#   and ones. An index of dtype 'u8' does so too. Whole numbers of int8 are divided by 127 on their way into an index of floats.
# Guessed before it was run: embeddings quantised to uint8 are compared as the numbers that they are, or refused; those of int16 are refused
#   (they are).
# Seen: of 500 rows of 32 numbers from 0 to 255 the right nearest neighbour is found for 2 in indexes of 'f32', 'u8' and the default; `get` gives
#   zeros and ones; distances are at most 32. The same numbers as float32: 497 and more. 127 in int8 becomes 1.0 in an index of 'f32'.
# Versions: usearch 2.26.6, numpy 2.3.5, Python 3.12.
# What xdc-tf does: `nearest` compares in float32, whatever the type that it is given (xdc_tf/library/encoders.py); docs/library.md names no index.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check usearch==2.26.6 numpy==2.3.5
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import usearch
from usearch.index import Index

print(f'usearch {usearch.__version__}')
rows = np.random.default_rng(0).integers(0, 256, (500, 32)).astype(np.uint8)
squared = ((rows[:, None].astype(float) - rows[None]) ** 2).sum(axis=2)
np.fill_diagonal(squared, np.inf)


def of_index(numbers, **options):
  index = Index(ndim=32, metric='l2sq', **options)
  index.add(np.arange(500), numbers)
  matches = index.search(numbers, 2)
  right = int((matches.keys[:, 1] == squared.argmin(axis=1)).sum())
  print(f'{numbers.dtype} in {index.dtype}: {right} of 500 neighbours, distances to {matches.distances.max():g}, row 3 is {index.get(3)[:8]}')
  return right, matches.distances.max(), np.asarray(index.get(3), float)


bits = np.unpackbits(rows[3, :4], bitorder='big'), np.unpackbits(rows[3, :4], bitorder='little')
for options in ({}, {'dtype': 'f32'}, {'dtype': 'u8'}):
  right, largest, row = of_index(rows, **options)
  assert right < 10 and largest <= 32 and any((row == order).all() for order in bits)
right, largest, row = of_index(rows.astype(np.float32), dtype='f32')
assert right > 480 and largest > 50_000 and (row == rows[3]).all()
halves = (rows // 2).astype(np.int8)
row = of_index(halves, dtype='f32')[2]
np.testing.assert_allclose(row, halves[3] / 127, atol=1e-6)
PYTHON_END
