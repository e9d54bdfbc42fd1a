#!/usr/bin/env bash
# What surprises: nanoarrow reads a slice of fixed-size binary, decimal or interval columns from row 0 and to the end: values go to other
#   rows, and `array[2]` is row 0. Negative decimals are read as large positive ones.
# Guessed before it was run: `iter_tuples`, `to_pylist` and `[i]` give what pyarrow gives, for every type.
# Seen: of a table with the keys k0 to k3 the slice from row 2 pairs k0 with row 2 and k1 with row 3; columns of three such types give
#   four values for two; int64 and binary columns are right; -3.00 as decimal128 is 3.4E+36. The loop over packed values
#   (CBufferView._iter_struct) uses neither its offset nor its length, and decimals are read without their sign.
# Versions: nanoarrow 0.9.0, pyarrow 26.0.1, Python 3.12.
# What xdc-tf does: nothing is kept in Arrow; rows are TFRecords and .npy (xdc_tf/records, xdc_tf/clustering/feature_store.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check nanoarrow==0.9.0 pyarrow==26.0.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
from decimal import Decimal

import nanoarrow as na
import pyarrow as pa

print('nanoarrow', importlib.metadata.version('nanoarrow'), 'pyarrow', pa.__version__)
keys = [b'k0', b'k1', b'k2', b'k3']
table = pa.record_batch({'key': pa.array(keys, pa.binary(2)), 'row': [0, 1, 2, 3]}).slice(2)
expected = [(row['key'], row['row']) for row in table.to_pylist()]
found = list(na.Array(table).iter_tuples())
print('expected', expected, 'seen', found)
arrays = {
  'fixed': pa.array(keys, pa.binary(2)),
  'decimal': pa.array([Decimal(n) for n in range(4)], pa.decimal128(6, 2)),
  'interval': pa.array([(n, n, n) for n in range(4)], pa.month_day_nano_interval()),
  'int64': pa.array([0, 1, 2, 3]),
  'binary': pa.array(keys),
}
lengths = {name: len(na.Array(array[2:]).to_pylist()) for name, array in arrays.items()}
print('values of slices of 2:', lengths)
third = na.Array(arrays['fixed'])[2].as_py()
print('the third key:', third)
negative = na.Array(pa.array([Decimal('1.25'), Decimal('-3.00')], pa.decimal128(6, 2))).to_pylist()
print('1.25 and -3.00 are', negative)

assert expected == [(b'k2', 2), (b'k3', 3)] and found == [(b'k0', 2), (b'k1', 3)]
assert lengths == {'fixed': 4, 'decimal': 4, 'interval': 4, 'int64': 2, 'binary': 2}
assert na.Array(arrays['int64'][2:]).to_pylist() == [2, 3]
assert third == b'k0' and negative[0] == Decimal('1.25') and negative[1] > 1e36
PYTHON_END
