#!/usr/bin/env bash
# What surprises: the variance of a column of uint8 or int16 by group is 0 or negative in dask, and of int32 four times too large; without
#   groups, and for int64, it is right.
# Guessed before it was run: what pandas gives for the same column, 5,648 and 5,041.
# Seen: 0 and 0 of uint8, -17,723 by `agg`; 25,727 of int32.
# Reason: squares are taken in the type of the column, where they wrap; what is below 0 is then cut to 0 in one of the two ways.
# Versions: dask 2026.8.0, pandas 3.1.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: what is summed by label are int64 counts (xdc_tf/clustering/metrics.py); dask is not used.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check "dask[dataframe]==2026.8.0" pandas==3.1.1 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import dask.dataframe
import numpy as np
import pandas as pd

print('dask', importlib.metadata.version('dask'))
random = np.random.default_rng(0)
frame = pd.DataFrame({'label': random.integers(0, 2, 1000), 'value': random.integers(0, 256, 1000)})
expected = frame.groupby('label').value.var().to_numpy()
for dtype, is_right in (('uint8', False), ('int16', False), ('int32', False), ('int64', True)):
  lazy = dask.dataframe.from_pandas(frame.astype({'value': dtype}), npartitions=4)
  found = lazy.groupby('label').value.var().compute().sort_index().to_numpy()
  by_agg = lazy.groupby('label').agg({'value': ['var']}).compute().sort_index().to_numpy().ravel()
  whole = float(lazy.value.var().compute())
  print(f'{dtype}: var {found.round(1)}, agg {by_agg.round(1)}, pandas {expected.round(1)}; without groups {whole:.1f}')
  assert np.allclose(found, expected) == np.allclose(by_agg, expected) == is_right
  assert np.isclose(whole, frame.value.var(), rtol=1e-3)
PYTHON_END
