#!/usr/bin/env bash
# What surprises: polars' `mean_horizontal` of two UInt8 columns that both hold 220 is 92, a float: the sum wraps in the small type first. `dot`
#   multiplies in it too, so a row of Int8 numbers has a negative product with itself. `sum` and `list.sum` of the same columns are right.
# Guessed before it was run: means and products are computed in a wider type, as `sum` says of itself ("to prevent overflow").
# Seen: 220 and 220 have the mean 92.0 in UInt8, 120 and 120 have -8.0 in Int8; 16 numbers of 180 to 227 in UInt8 have the dot product 1,819 with
#   themselves for 667,419, and it can be below zero in Int8. Int16, Int32 and Float32 are right for these numbers.
# Versions: polars 2.1.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: not used; counts are int64 and metrics are float64 (xdc_tf/clustering/metrics.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import polars as pl

print(f'polars {pl.__version__}')
numbers = np.random.default_rng(0).integers(80, 128, 16)
for kind, wraps in ((pl.UInt8, True), (pl.Int8, True), (pl.Int16, False), (pl.Int32, False), (pl.Float32, False)):
  true = numbers + 100 if kind == pl.UInt8 else numbers
  column = pl.Series('x', true, dtype=kind)
  frame = pl.DataFrame([column, column.rename('y')])
  mean, product = frame.select(pl.mean_horizontal('x', 'y')).to_series().to_numpy(), frame.select(pl.col('x').dot('y')).item()
  print(f'{kind}: {true[0]} and {true[0]} have the mean {mean[0]}; dot {product} for {true @ true}; sum {column.sum()} for {true.sum()}')
  assert column.sum() == column.implode().list.sum().item() == true.sum()
  assert ((mean == true).all(), product == true @ true) == ((False, False) if wraps else (True, True))
  assert not wraps or (mean < true.min()).all()
PYTHON_END
