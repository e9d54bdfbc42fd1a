#!/usr/bin/env bash
# What surprises: fastparquet reads the first rows of a table of categories with the names of the last ones, where a later row group or file
#   has other categories: clips of 'jazz' come back as 'rock', without an error. The file is right: pyarrow reads what was written.
# Guessed before it was run: every row keeps its label, or the second write is refused because its categories differ.
# Seen: jazz, rock written, then waltz, rock appended: to_pandas gives rock, waltz, waltz, rock; the same from two files in one
#   ParquetFile and through pandas. iter_row_groups, `categories=[]` and pyarrow give jazz, rock, waltz, rock.
# Versions: fastparquet 2026.9.0, pandas 3.0.6, pyarrow 26.0.1, numpy 2.4.6, Python 3.12.
# What xdc-tf does: nothing: labels are strings in CSV and in every record; tables of results are CSV (xdc_tf/manifest/manifest.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check fastparquet==2026.9.0 pandas==3.0.6 pyarrow==26.0.1 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import fastparquet
import pandas as pd
import pyarrow.parquet

print(f'fastparquet {fastparquet.__version__}, pandas {pd.__version__}')
first, second = (pd.DataFrame({'label': pd.Categorical(labels)}) for labels in (['jazz', 'rock'], ['waltz', 'rock']))
fastparquet.write('both.parquet', first)
fastparquet.write('both.parquet', second, append=True)
fastparquet.write('1.parquet', first)
fastparquet.write('2.parquet', second)

table = fastparquet.ParquetFile('both.parquet')
found = {
  'one file': table.to_pandas(),
  'two files': fastparquet.ParquetFile(['1.parquet', '2.parquet']).to_pandas(),
  'pandas': pd.read_parquet('both.parquet', engine='fastparquet'),
  'row groups one by one': pd.concat([group.astype(str) for group in table.iter_row_groups()]),
  'no categories': table.to_pandas(categories=[]),
  'pyarrow': pyarrow.parquet.read_table('both.parquet').to_pandas(),
}
for way, frame in found.items():
  labels = frame.label.tolist()
  print(f'{way}: {", ".join(labels)}')
  wrong = way in ('one file', 'two files', 'pandas')
  assert labels == (['rock', 'waltz', 'waltz', 'rock'] if wrong else ['jazz', 'rock', 'waltz', 'rock'])
PYTHON_END
