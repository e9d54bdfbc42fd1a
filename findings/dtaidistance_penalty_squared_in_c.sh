#!/usr/bin/env bash
# What surprises: with inner_dist='euclidean', dtaidistance's `distance_fast` squares the penalty for compressing and stretching, and for series
#   of different lengths it gives infinity where the penalty is large. `distance`, and `warping_paths_fast`, which is in C too, do neither.
# Guessed before it was run: `distance_fast` is `distance`, as its page says, only faster.
# Seen: series of 30 and 25, penalty .5: 26.84 in Python, 23.59 in C, which is what a penalty of .25 gives; others, penalty 2: 32.24 and infinity.
#   Of equal lengths, penalty 2: 25.62 and 29.62, which is what 4 gives. With the default, squared differences, both agree for these.
# Versions: dtaidistance 2.5.1, numpy 2.4.6, Python 3.12.
# What xdc-tf does: not used; sequences are compared by their embeddings' cosine (xdc_tf/library/encoders.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check dtaidistance==2.5.1 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import dtaidistance
import numpy as np
from dtaidistance import dtw

print(f'dtaidistance {dtaidistance.__version__}')


def by_hand(a, b, penalty):
  table = np.full((len(a) + 1, len(b) + 1), np.inf)
  table[0, 0] = 0
  for i, x in enumerate(a):
    for j, y in enumerate(b):
      table[i + 1, j + 1] = abs(x - y) + min(table[i, j], table[i, j + 1] + penalty, table[i + 1, j] + penalty)
  return table[-1, -1]


generator = np.random.default_rng(0)
for length, penalty, expected in ((25, 0.5, 'squared'), (25, 2.0, 'infinite'), (30, 2.0, 'squared')):
  a, b = generator.normal(size=30), generator.normal(size=length)
  how = {'penalty': penalty, 'inner_dist': 'euclidean'}
  right, squared = by_hand(a, b, penalty), by_hand(a, b, penalty**2)
  slow, fast, paths = dtw.distance(a, b, **how), dtw.distance_fast(a, b, **how), dtw.warping_paths_fast(a, b, **how)[0]
  print(f'30 and {length}, penalty {penalty}: by hand {right:.2f} ({squared:.2f} with its square), {slow:.2f}, fast {fast:.2f}, paths {paths:.2f}')
  np.testing.assert_allclose([slow, paths], right)
  assert fast == np.inf if expected == 'infinite' else np.isclose(fast, squared) and not np.isclose(squared, right)
  np.testing.assert_allclose(dtw.distance_fast(a, b, penalty=penalty), dtw.distance(a, b, penalty=penalty))
PYTHON_END
