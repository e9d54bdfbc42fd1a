#!/usr/bin/env bash
# What surprises: Lance's `maybe_sample` (and so `LanceDataset(samples=n)` for PyTorch) of more than half of the rows returns half of them, the
#   even ones; `set_epoch` of its samplers changes nothing, so every epoch has the order of the first.
# Guessed before it was run: a sample of n rows has n rows ("the number of records to sample"), any of them; epochs are shuffled anew.
# Seen: of 5,000 rows, 2,000 asked for are 2,000; 2,500 to 4,095 asked for are 2,500, none of them odd; 4,096 are 4,096. Epochs 1 and 2 of
#   ShardedBatchSampler and ShardedFragmentSampler with randomize=True are in the order of epoch 0. The sampler takes
#   n // max_takes rows of every total // max_takes, both rounded down, and starts at offsets that leave out the last; the epoch is
#   added to the seed only where rows are filtered.
# Versions: pylance 14.0.2, pyarrow 26.0.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: its subsets are drawn by row number, and every pass has an order of its own (xdc_tf/records/training_order.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pylance==14.0.2 pyarrow==26.0.1 numpy==2.5.5
FOLDER="$tmp" "$tmp/venv/bin/python" - <<'PYTHON_END'
import os
import tempfile

import lance
import numpy as np
import pyarrow as pa
from lance.sampler import ShardedBatchSampler, ShardedFragmentSampler, maybe_sample

print('pylance', lance.__version__)
folder = tempfile.mkdtemp(dir=os.environ['FOLDER'])
data = lance.write_dataset(pa.table({'row': range(5000)}), f'{folder}/rows', max_rows_per_file=500)
samples = {}
for asked in (2000, 2500, 3000, 4095, 4096):
  rows = np.concatenate([batch['row'].to_numpy() for batch in maybe_sample(data, asked, 'row')])
  samples[asked] = (len(rows), int((rows % 2).sum()))
  print(f'{asked} asked for: {len(rows)} rows, {samples[asked][1]} of them odd')
for kind in (ShardedBatchSampler, ShardedFragmentSampler):
  sampler, epochs = kind(0, 1, randomize=True, seed=1), []
  for epoch in range(3):
    sampler.set_epoch(epoch)
    epochs.append(np.concatenate([batch['row'].to_numpy() for batch in sampler(data, batch_size=100)]).tolist())
  print(kind.__name__, 'epochs 1 and 2 in the order of epoch 0:', [each == epochs[0] for each in epochs[1:]])
  assert epochs[0] != sorted(epochs[0]) and epochs[1] == epochs[0] and epochs[2] == epochs[0]

assert samples[2000][0] == 2000 and samples[2000][1] > 800
assert samples[2500] == samples[3000] == samples[4095] == (2500, 0)
assert samples[4096] == (4096, 2048)
PYTHON_END
