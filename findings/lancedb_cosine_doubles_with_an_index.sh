#!/usr/bin/env bash
# What surprises: with an index of kind SQ, PQ or RQ, LanceDB's `_distance` of 'cosine' is twice the cosine distance, and `distance_range`
#   loses the rows between the half of the bound and the bound; `refine_factor` mends the numbers and not the range.
# Guessed before it was run: an index may lose a row now and then, but distances stay distances, as with IVF_FLAT.
# Seen: of 658 rows within .2, no index, IVF_FLAT and IVF_HNSW_FLAT find 658; IVF_SQ, IVF_HNSW_SQ and IVF_PQ 314, IVF_RQ about as many.
#   Their `_distance` is 2.00 times the distance.
# Reason, as far as behaviour tells: these indices keep rows of length 1 and give their squared Euclidean distance.
# Versions: lancedb 0.40.0, pyarrow 26.0.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: nothing: `nearest` compares everything in float32 (xdc_tf/library/encoders.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check lancedb==0.40.0 pyarrow==26.0.1 numpy==2.5.5
cd "$tmp"
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import importlib.metadata

import lancedb
import numpy as np
import pyarrow as pa

print('lancedb', importlib.metadata.version('lancedb'))
random = np.random.default_rng(0)
rows, dimensions = 4000, 32
query = random.normal(size=dimensions).astype(np.float32)
noise = random.uniform(0.2, 3, (rows, 1)) * random.normal(size=(rows, dimensions))
vectors = (query + noise).astype(np.float32)
cosine = 1 - vectors @ query / np.linalg.norm(vectors, axis=1) / np.linalg.norm(query)
within = int((cosine < 0.2).sum())
print(f'{within} of {rows} rows lie within .2')
column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), dimensions)
table = pa.table({'id': np.arange(rows), 'vector': column})
database = lancedb.connect('vectors')


def measure(kind):
  """The median of _distance over the true one, and how many rows distance_range finds, both without and with refine_factor."""
  stored = database.create_table(f'of_{kind}', table)
  if kind:
    options = {'num_sub_vectors': dimensions} if kind == 'IVF_PQ' else {}
    stored.create_index(metric='cosine', index_type=kind, num_partitions=1, **options)

  def search(refined):
    found = stored.search(query).distance_type('cosine').limit(1000).ef(4000)
    return found.refine_factor(2) if refined else found

  ratios, counts = [], []
  for refined in (False, True):
    found = search(refined).to_arrow()
    ratios.append(float(np.median(found['_distance'].to_numpy() / cosine[found['id'].to_numpy()])))
    counts.append(len(search(refined).distance_range(upper_bound=0.2).to_arrow()))
  print(f'{kind}: _distance is {ratios[0]:.2f} ({ratios[1]:.2f}) times the distance, {counts} rows within .2')
  return ratios, counts


for kind in (None, 'IVF_FLAT', 'IVF_HNSW_FLAT'):
  ratios, counts = measure(kind)
  np.testing.assert_allclose(ratios, 1, atol=0.01)
  assert counts == [within, within]
for kind in ('IVF_SQ', 'IVF_HNSW_SQ', 'IVF_PQ'):
  ratios, counts = measure(kind)
  np.testing.assert_allclose(ratios, [2, 1], atol=0.05)
  assert max(counts) < 0.6 * within
PYTHON_END
