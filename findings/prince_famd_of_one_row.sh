#!/usr/bin/env bash
# What surprises: `FAMD.transform` of prince gives a row other coordinates with other rows in the call; alone, its categories do not count
#   at all.
# Guessed before it was run: a fitted projection is a function of the row, as of prince's PCA, MCA and MFA.
# Seen: the first row is at (-.27, .28) among 200 and at (.33, .21) alone, where the codecs 'aac' and 'opus' give the same.
# Reason: the shares of the categories are taken from the rows of the call in place of those that were fitted.
# Versions: prince 0.23.0, pandas 3.0.6, scikit-learn 1.9.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: nothing: whitening keeps what it was fitted on (xdc_tf/clustering/preprocessing.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check prince==0.23.0 pandas==3.0.6 scikit-learn==1.9.1 numpy==2.5.5
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import importlib.metadata

import numpy as np
import pandas as pd
import prince

print('prince', importlib.metadata.version('prince'))
random = np.random.default_rng(0)
table = pd.DataFrame(
  {
    'length': random.normal(size=200),
    'loudness': random.normal(size=200),
    'codec': random.choice(['aac', 'mp3', 'opus'], 200, p=[0.6, 0.3, 0.1]),
    'site': random.choice(['a', 'b'], 200),
  }
)
famd = prince.FAMD(n_components=2, random_state=0).fit(table)
together = famd.transform(table).iloc[:3].to_numpy()
alone = np.vstack([famd.transform(table.iloc[[number]]).to_numpy() for number in range(3)])
print('among all rows', together.round(3).tolist())
print('alone', alone.round(3).tolist())
assert np.abs(together - alone).max() > 0.5
codecs = [famd.transform(table.iloc[[0]].assign(codec=codec)).to_numpy() for codec in ('aac', 'opus')]
print('alone, as aac and as opus', [row.round(3).tolist() for row in codecs])
np.testing.assert_allclose(*codecs)
PYTHON_END
