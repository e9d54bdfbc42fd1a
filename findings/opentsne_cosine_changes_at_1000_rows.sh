#!/usr/bin/env bash
# What surprises: from 1,000 rows on, openTSNE's metric='cosine' is the square root of twice the cosine distance, below it is the cosine
#   distance: one more row gives other affinities. And of equal rows some become neighbours of themselves.
# Guessed before it was run: from 1,000 rows on, where it is documented to search by Annoy, a neighbour may be missed, but distances stay
#   what they are; the diagonal of the affinities is empty.
# Seen: of 999 rows 'auto' gives the affinities of 'exact', of 1,001 those of 'annoy', which differ from the exact ones by .17 (they sum up
#   to 1); squared and halved, Annoy's distances are the cosine distances. With each row three times, .136 of the affinity is that of rows
#   to themselves, exactly searched none.
# Reason: 'cosine' is handed to Annoy as 'angular' and its distances are returned; the first neighbour is taken for the row itself.
# Versions: openTSNE 1.0.4, scikit-learn 1.9.1, scipy 1.18.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: nothing: maps are TensorBoard's (`xdc projector`).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  openTSNE==1.0.4 scikit-learn==1.9.1 scipy==1.18.1 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from openTSNE import affinity, nearest_neighbors
from scipy.spatial.distance import cdist

print('openTSNE', importlib.metadata.version('openTSNE'))
random = np.random.default_rng(0)


def affinities(x, method, metric='cosine'):
  return affinity.PerplexityBasedNN(x, perplexity=30, metric=metric, method=method, random_state=0).P.toarray()


for rows, like in ((999, 'exact'), (1001, 'annoy')):
  x = random.normal(size=(rows, 10))
  x[::3] += 2
  auto = affinities(x, 'auto')
  apart = {method: np.abs(auto - affinities(x, method)).sum() for method in ('exact', 'annoy')}
  print(f'{rows} rows: auto differs by {apart["exact"]:.3f} from exact and by {apart["annoy"]:.3f} from annoy')
  assert min(apart, key=apart.get) == like and apart[like] < 1e-6 and max(apart.values()) > 0.1
neighbors, distances = nearest_neighbors.Annoy(x, 5, 'cosine', random_state=0).build()
true = np.take_along_axis(cdist(x, x, 'cosine'), neighbors, axis=1)
print(f'Annoy: distances / cosine distances {(distances / true).min():.1f} to {(distances / true).max():.1f}')
np.testing.assert_allclose(distances**2 / 2, true, atol=1e-5)

threefold = np.repeat(random.normal(size=(500, 10)), 3, axis=0)
own = {method: np.trace(affinities(threefold, method, 'euclidean')) for method in ('exact', 'annoy')}
print('affinity of rows to themselves, each row three times:', {method: round(share, 3) for method, share in own.items()})
assert own['exact'] == 0 and own['annoy'] > 0.05
PYTHON_END
