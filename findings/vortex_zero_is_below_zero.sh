#!/usr/bin/env bash
# What surprises: in Vortex `x == 0` does not find -0.0, `x < 0` does, and `x > 0` finds NaN.
# Guessed before it was run: numbers are compared as in IEEE 754, NumPy and Arrow: -0.0 equals 0, and nothing is above or below NaN.
# Seen: of -1, -0.0, 0, 1 and NaN, pyarrow finds 1 above 0, -1 below it and two zeros; Vortex 1 and NaN above, -1 and -0.0 below, one
#   zero, by the dataset of the same file with the same expression.
# Versions: vortex-data 0.93.0, pyarrow 26.0.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; features are .npy (xdc_tf/clustering/feature_store.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check vortex-data==0.93.0 pyarrow==26.0.1 numpy==2.5.5
FOLDER="$tmp" "$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import os
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import vortex

print('vortex-data', importlib.metadata.version('vortex-data'))
os.chdir(tempfile.mkdtemp(dir=os.environ['FOLDER']))
x = ds.field('x')
table = pa.table({'x': np.array([-1.0, -0.0, 0.0, 1.0, np.nan])})
vortex.io.write(table, 'a.vortex')
file, found = vortex.open('a.vortex').to_dataset(), {}
for name, condition in {'x > 0': x > 0, 'x < 0': x < 0, 'x == 0': x == 0, 'x != 0': x != 0}.items():
  expected = table.filter(condition)['x'].to_pylist()
  found[name] = file.to_table(filter=condition)['x'].to_pylist()
  print(name, 'of pyarrow', expected, 'of Vortex', found[name])

assert {name: str(values) for name, values in found.items()} == {
  'x > 0': '[1.0, nan]',
  'x < 0': '[-1.0, -0.0]',
  'x == 0': '[0.0]',
  'x != 0': '[-1.0, -0.0, 1.0, nan]',
}
PYTHON_END
