#!/usr/bin/env bash
# What surprises: The proportions explained of scikit-bio's redundancy analysis are shares of standard deviations: .46 where .80 of the variance is
#   explained; McIntosh's dominance of counts in bytes is .99 for .48.
# Guessed before it was run: shares of the variance, which add up to R squared; where everything is explained those of `pcoa`.
# Seen: .462 and .154, together .616, for .799 and .089 with an R squared of .889; .525 where pcoa of the same rows says .819.
# Reason: the singular values are not squared, which `cca` and `pcoa` do; counts are squared in their own type.
# Versions: scikit-bio 0.7.4, numpy 2.5.5, scipy 1.18.1, pandas 3.1.1, Python 3.12.
# What xdc-tf does: not used.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check scikit-bio==0.7.4 numpy==2.5.5 scipy==1.18.1 pandas==3.1.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform
from skbio import DistanceMatrix
from skbio.diversity import alpha
from skbio.stats.ordination import pcoa, rda

print('scikit-bio', importlib.metadata.version('scikit-bio'))
random = np.random.default_rng(0)
x = random.normal(size=(200, 2))
y = (x * (3, 1)) @ np.linalg.qr(random.normal(size=(5, 5)))[0][:2] + random.normal(size=(200, 5)) * 0.5
found = rda(pd.DataFrame(y), pd.DataFrame(x)).proportion_explained.to_numpy()[:2]
centred, drivers = y - y.mean(0), x - x.mean(0)
fitted = drivers @ np.linalg.lstsq(drivers, centred, rcond=None)[0]
explained = (fitted**2).sum() / (centred**2).sum()
expected = np.linalg.svd(fitted)[1][:2] ** 2 / (centred**2).sum()
print(f'two axes: {found.round(3)}, together {found.sum():.3f}; of the variance {expected.round(3)}, R squared {explained:.3f}')
assert np.isclose(expected.sum(), explained) and expected[0] > 0.79 and found[0] < 0.47

few = y[:20]  # With as many variables as rows everything is explained.
by_rda = rda(pd.DataFrame(few), pd.DataFrame(random.normal(size=(20, 19)))).proportion_explained.to_numpy()[:5]
by_pcoa = pcoa(DistanceMatrix(squareform(pdist(few)))).proportion_explained.to_numpy()[:5]
print(f'everything explained: {by_rda.round(3)}, by pcoa {by_pcoa.round(3)}')
assert np.allclose(np.sqrt(by_pcoa) / np.sqrt(by_pcoa).sum(), by_rda) and abs(by_rda - by_pcoa).max() > 0.25

counts = np.array([250, 125, 75, 25, 25, 50])
dominance = {name: float(alpha.mcintosh_d(counts.astype(name))) for name in ('uint8', 'int16', 'int64')}
print("McIntosh's dominance by type:", {name: round(value, 3) for name, value in dominance.items()})
assert dominance['int64'] < 0.5 and dominance['int16'] > 0.75 and dominance['uint8'] > 0.95
PYTHON_END
