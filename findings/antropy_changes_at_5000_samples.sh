#!/usr/bin/env bash
# What surprises: from 5,000 samples on antropy's sample entropy is another number: 1.794 of 4,999 samples of a signal and .818 of 5,000.
# Guessed before it was run: one more sample changes the third digit; "both code paths should produce equivalent results", says its docstring.
# Seen: of whole numbers from 0 to 5 with the tolerance 1: 1.800, 1.794, .818, .816 of 1,000, 4,999, 5,000 and 6,000 samples. Counted by
#   hand, a distance below the tolerance gives 1.794 and one of at most the tolerance .818: short signals take the one, long ones the
#   other, and in signals of a converter equal distances are frequent.
# Versions: antropy 0.2.3, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; of equal distances the lowest number is taken everywhere (xdc_tf/clustering/clusters.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check antropy==0.2.3 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import antropy
import numpy as np

print('antropy', importlib.metadata.version('antropy'))
x = np.random.default_rng(0).integers(0, 6, 6000).astype(float)


def literal(x, near, m=2):
  windows, shorter, longer = np.lib.stride_tricks.sliding_window_view(x, m + 1), 0, 0
  for i in range(len(windows) - 1):
    is_near = near(abs(windows[i + 1 :] - windows[i]), 1)
    shorter += is_near[:, :m].all(1).sum()
    longer += is_near.all(1).sum()
  return round(-np.log(longer / shorter), 3)


found = {n: round(float(antropy.sample_entropy(x[:n], tolerance=1.0)), 3) for n in (1000, 4999, 5000, 6000)}
below, at_most = literal(x[:5000], np.less), literal(x[:5000], np.less_equal)
print('by number of samples', found, 'distances below 1', below, 'at most 1', at_most)

assert found == {1000: 1.8, 4999: 1.794, 5000: 0.818, 6000: 0.816}
assert (below, at_most) == (1.794, 0.818)
PYTHON_END
