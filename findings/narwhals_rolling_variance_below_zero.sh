#!/usr/bin/env bash
# What surprises: rolling deviations through narwhals on a PyArrow table are 0 to 664 or NaN where pandas and polars give .32 to 1.66.
# Guessed before it was run: the same numbers on every backend.
# Seen: of numbers around 1.7e9 (seconds since 1970), half are NaN and variances reach -624,868; behind one NaN every rolling mean is NaN for ever.
# Reason: windows are differences of sums and sums of squares over the whole column (narwhals/_arrow/series.py): the digits cancel.
# Versions: narwhals 2.29.0, pyarrow 26.0.1, pandas 3.1.1, polars 2.1.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check narwhals==2.29.0 pyarrow==26.0.1 pandas==3.1.1 polars==2.1.0 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa


def backends(x):
  return {'pandas': pd.DataFrame({'x': x}), 'polars': pl.DataFrame({'x': x}), 'pyarrow': pa.table({'x': x})}


noise = np.random.default_rng(0).normal(size=2000)
for around in (0, 1e6, 1e8, 1.7e9):
  for name, table in backends(around + noise).items():
    frame = nw.from_native(table).select(std=nw.col('x').rolling_std(10), var=nw.col('x').rolling_var(10))
    std, var = (np.array(frame[column].to_list()[9:], float) for column in ('std', 'var'))
    missing = np.isnan(std).mean()
    print(f'{name}, numbers around {around:g}: std {np.nanmin(std):.3f} to {np.nanmax(std):.3f}, NaN {missing:.0%}, variance from {var.min():.3f}')
    wrong = name == 'pyarrow' and around >= 1e8
    assert (np.nanmax(std) > 10 and var.min() < -100 and missing > 0.2) if wrong else np.nanmax(std) < 3
x = [1.0, 2.0, float('nan'), 4.0, 5.0, 6.0, 7.0]
for name, table in backends(x).items():
  means = nw.from_native(table).select(m=nw.col('x').rolling_mean(2))['m'].to_list()
  print(f'{name}: rolling means of two of {x}: {means}')
  assert np.isnan(np.array(means[4:], float)).all() == (name == 'pyarrow')
PYTHON_END
