#!/usr/bin/env bash
# What surprises: `groupby(...).quantile(.9)` of Beam's dataframes is the median, `std(0)` is `std(1)` and `corr('spearman')` is Pearson's; by
#   keyword all are right.
# Guessed before it was run: what pandas gives.
# Seen: -.236 for 1.259; 1.117 for 1.111; -.04 for .008.
# Reason: the functions that are made for aggregations of groups take positional arguments and hand only the keywords on.
# Versions: apache-beam 2.77.0, pandas 2.2.3, Python 3.12.
# What xdc-tf does: its pipelines use no dataframes; statistics are NumPy's (xdc_tf/clustering/metrics.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check apache-beam==2.77.0 pandas==2.2.3
FOLDER="$tmp" "$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import logging
import os
import tempfile
from glob import glob

import apache_beam as beam
import numpy as np
import pandas as pd
from apache_beam.dataframe.convert import to_dataframe

logging.disable(logging.WARNING)
random = np.random.default_rng(0)
table = pd.DataFrame(
  {
    'clip': random.choice(['a', 'b'], 200),
    'x': random.normal(size=200).round(3),
    'y': random.exponential(size=200).round(3),
  }
)


def by_beam(function):
  with tempfile.TemporaryDirectory(dir=os.environ['FOLDER']) as folder:
    with beam.Pipeline() as pipeline:
      rows = [beam.Row(clip=str(r.clip), x=float(r.x), y=float(r.y)) for r in table.itertuples()]
      function(to_dataframe(pipeline | beam.Create(rows))).to_csv(f'{folder}/out.csv')
    parts = pd.concat([pd.read_csv(name) for name in glob(f'{folder}/out*')])
    return parts.sort_values('clip', kind='stable')['x'].to_numpy()


print('apache-beam', importlib.metadata.version('apache-beam'))
calls = {
  'quantile(.9)': (lambda d: d.groupby('clip')[['x']].quantile(0.9), lambda d: d.groupby('clip')[['x']].quantile(q=0.9)),
  'std(0)': (lambda d: d.groupby('clip')[['x']].std(0), lambda d: d.groupby('clip')[['x']].std(ddof=0)),
  "corr('spearman')": (
    lambda d: d.groupby('clip')[['x', 'y']].corr('spearman'),
    lambda d: d.groupby('clip')[['x', 'y']].corr(method='spearman'),
  ),
}
for name, (positional, keyword) in calls.items():
  expected = positional(table)['x'].to_numpy()
  found, right = by_beam(positional), by_beam(keyword)
  print(f'{name}: pandas {expected.round(3)}, Beam {found.round(3)}, by keyword {right.round(3)}')
  assert np.allclose(np.sort(right), np.sort(expected)) and not np.allclose(np.sort(found), np.sort(expected), atol=1e-3)
PYTHON_END
