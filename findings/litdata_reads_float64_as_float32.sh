#!/usr/bin/env bash
# What surprises: litdata writes arrays of one dimension without their type and reads all of them in the type of the first: float64 behind
#   float32 comes back twice as long with other numbers. Its `train_test_split(shuffle=True)` and `subsample` cut a data set of one
#   chunk (64 MB) in its order, whatever the seed.
# Guessed before it was run: every sample comes back as it was written, or writing refuses; a split that shuffles and a subsample that
#   is "randomly sampled" (its docstrings) take rows from everywhere.
# Seen: [2, 3, 4] is read as [0, 2, 0, 2.125, 0, 2.25]. Of 1,000 rows sorted into four classes the test part is the fourth class alone and
#   the training part the other three for three seeds; a quarter, shuffled, is the rows 0 to 249. The type of a sample is thrown away
#   by the writer for all but the first; splits shuffle whole chunks only.
# Versions: litdata 0.2.76, numpy 2.5.5, Python 3.12.
# What xdc-tf does: features have one type, stated in every shard (xdc_tf/clustering/feature_store.py); held-out rows are drawn by row
#   (xdc_tf/manifest/folder_and_csv.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check litdata==0.2.76 numpy==2.5.5
cat > "$tmp/show.py" <<'PYTHON_END'
import importlib.metadata
import os
import tempfile

os.environ['LITDATA_DISABLE_VERSION_CHECK'] = '1'
import litdata
import numpy as np


def embedding(number):
  return {'vector': np.arange(3, dtype=np.float32 if number < 2 else np.float64) + number}


def labelled(number):
  return {'label': number // 250, 'number': number}


def main():
  print('litdata', importlib.metadata.version('litdata'))
  folder = tempfile.mkdtemp(dir=os.environ['FOLDER'])
  settings = {'chunk_bytes': '64MB', 'num_workers': 1}
  litdata.optimize(fn=embedding, inputs=list(range(4)), output_dir=f'{folder}/vectors', **settings)
  read = [row['vector'].tolist() for row in litdata.StreamingDataset(f'{folder}/vectors')]
  for number, vector in enumerate(read):
    print('wrote', embedding(number)['vector'].tolist(), 'read', vector)
  litdata.optimize(fn=labelled, inputs=list(range(1000)), output_dir=f'{folder}/rows', **settings)
  for seed in (1, 2, 3):
    rows = litdata.StreamingDataset(f'{folder}/rows', shuffle=True)
    parts = litdata.train_test_split(rows, splits=[0.75, 0.25], seed=seed, shuffle=True)
    classes = [sorted({int(row['label']) for row in part}) for part in parts]
    quarter = litdata.StreamingDataset(f'{folder}/rows', subsample=0.25, shuffle=True, seed=seed)
    numbers = sorted(int(row['number']) for row in quarter)
    print('seed', seed, 'classes in train and test', classes, 'a quarter:', numbers[0], 'to', numbers[-1])
    assert classes == [[0, 1, 2], [3]] and numbers == list(range(250))

  assert read[:2] == [[0, 1, 2], [1, 2, 3]]
  assert read[2] == [0, 2, 0, 2.125, 0, 2.25] and read[3] == [0, 2.125, 0, 2.25, 0, 2.3125]


if __name__ == '__main__':
  main()
PYTHON_END
FOLDER="$tmp" "$tmp/venv/bin/python" "$tmp/show.py"
