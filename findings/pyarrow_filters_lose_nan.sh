#!/usr/bin/env bash
# What surprises: with a filter, `Dataset.count_rows` of pyarrow counts rows that `to_table` does not give, and what Parquet filters find of
#   NaN depends on the size of the row groups.
# Guessed before it was run: `count_rows(filter)` is the length of `to_table(filter)`, and a filter of a file finds what it finds of the
#   same table in memory.
# Seen: of 1, 2, NaN, 4 `loss >= 1` gives 3 rows and counts 4. Of 8 losses with 2 NaN `is_nan` finds 2, 1, 0 and 2 of them in row groups of
#   8, 4, 2 and 1; `loss != 0` and `~(loss < 1)` find 5 or 4 rows. The least and the greatest of a group leave NaN out by
#   the format's rules, and are taken as true of all of its rows.
# Versions: pyarrow 26.0.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: losses are CSV and NaN is looked for in arrays (xdc_tf/training/finite.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1 numpy==2.5.5
FOLDER="$tmp" "$tmp/venv/bin/python" - <<'PYTHON_END'
import os
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

print('pyarrow', pa.__version__)
os.chdir(tempfile.mkdtemp(dir=os.environ['FOLDER']))
loss = pc.field('loss')
pq.write_table(pa.table({'loss': np.array([1.0, 2.0, np.nan, 4.0])}), 'a.parquet')
for condition in (loss >= 1, loss < 10):
  given = ds.dataset('a.parquet').to_table(filter=condition).num_rows
  counted = ds.dataset('a.parquet').count_rows(filter=condition)
  print(condition, 'gives', given, 'rows and counts', counted)
  assert (given, counted) == (3, 4)
table = pa.table({'loss': np.array([0.0, 0, np.nan, 0, 1, 2, 3, np.nan])})
conditions = (loss.is_nan(), loss != 0, ~(loss < 1))
found = {}
for rows in (8, 4, 2, 1):
  pq.write_table(table, 'b.parquet', row_group_size=rows)
  found[rows] = [pq.read_table('b.parquet', filters=condition).num_rows for condition in conditions]
  print(f'row groups of {rows}: is_nan {found[rows][0]}, != 0 {found[rows][1]}, not below 1 {found[rows][2]}')

assert [table.filter(condition).num_rows for condition in conditions] == [2, 5, 5]
assert found == {8: [2, 5, 5], 4: [1, 4, 4], 2: [0, 4, 4], 1: [2, 5, 5]}
PYTHON_END
