#!/usr/bin/env bash
# What surprises: with skipna=False and a missing value, `var`, `std`, `skew` and `kurt` of Beam's dataframes give numbers that are nobody's:
#   neither NaN, as pandas does, nor those of the values that are there. `mean`, `sum`, `prod` and `max` give NaN; `nunique` leaves the
#   missing one out even with dropna=False. Nothing is refused, though Beam refuses what it cannot do as pandas does.
# Guessed before it was run: NaN, or a WontImplementError.
# Seen: 1, 2, NaN in one part and 3, 4 in another: var 2.1875, std 1.479, skew .483, kurt -1.567, where 1, 2, 3, 4 have 1.667, 1.291, 0 and
#   -1.2; nunique(dropna=False) 4 where pandas counts 5.
# Versions: apache-beam 2.77.0, pandas 2.2.3, numpy 2.2.6, Python 3.12.
# What xdc-tf does: not used; beam_pipelines computes on records, and a feature that is not finite is an error (xdc_tf/training/finite.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check apache-beam==2.77.0 pandas==2.2.3 numpy==2.2.6
cd "$tmp"
cat > program.py <<'PYTHON_END'
import logging

import apache_beam as beam
import numpy as np
import pandas as pd
from apache_beam.dataframe.convert import to_dataframe, to_pcollection

logging.disable()
print(f'apache-beam {beam.__version__}, pandas {pd.__version__}')
table = pd.DataFrame({'loss': [1.0, 2.0, np.nan, 3.0, 4.0]})
NAMES = ('mean', 'sum', 'prod', 'max', 'var', 'std', 'skew', 'kurt')
MEASURES = {
  **{name: lambda column, name=name: getattr(column, name)(skipna=False) for name in NAMES},
  'nunique': lambda column: column.nunique(dropna=False),
}


def write(value, path):
  with open(path, 'w') as file:
    file.write(repr(float(value)))


def in_beam(measure):
  with beam.Pipeline() as pipeline:
    frame = to_dataframe(pipeline | beam.Create([table[:3], table[3:]]), proxy=table[:0])
    to_pcollection(measure(frame.loss), yield_elements='pandas') | beam.Map(write, 'result')
  with open('result') as file:
    return float(file.read())


for name, measure in MEASURES.items():
  found, expected = in_beam(measure), float(measure(table.loss))
  print(f'{name}: Beam {found:.4g}, pandas {expected:.4g}, of the rest {float(getattr(table.loss, name)()):.4g}')
  if name == 'nunique':
    assert (found, expected) == (4, 5)
  else:
    assert np.isnan(expected) and np.isnan(found) == (name in ('mean', 'sum', 'prod', 'max'))
    if not np.isnan(found):
      np.testing.assert_allclose(found, {'var': 2.1875, 'std': 1.4790, 'skew': 0.4829, 'kurt': -1.5665}[name], rtol=1e-3)
      assert abs(found - getattr(table.loss, name)()) > 0.1
PYTHON_END
"$tmp/venv/bin/python" program.py 2>/dev/null
