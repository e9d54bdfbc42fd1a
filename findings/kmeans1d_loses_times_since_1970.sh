#!/usr/bin/env bash
# What surprises: kmeans1d, which promises the global optimum, gives another answer when all numbers are moved: of times in seconds since 1970 a far
#   worse one.
# Guessed before it was run: k-means does not know where 0 is; doubles hold such times to a ten-millionth of a second.
# Seen: four bursts of fifty events, half a minute apart, are found from 0 on; as seconds since 1970 the clusters have 105, 54, 29 and 12 events and
#   some 200 times the squared error, in milliseconds 300 times. ckwrap, which promises the same, finds the bursts each time.
# Versions: kmeans1d 0.5.0, ckwrap 1.2.3, numpy 2.3.5, Python 3.12.
# What xdc-tf does: not used; inertia is summed from differences, not from squares of what is far from 0 (xdc_tf/clustering/kmeans.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check kmeans1d==0.5.0 ckwrap==1.2.3 numpy==2.3.5
cd "$tmp"
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import ckwrap
import kmeans1d
import numpy as np

rng = np.random.default_rng(0)
truth = np.repeat(range(4), 50)
seconds = np.sort(np.concatenate([rng.standard_normal(50) + 30 * n for n in range(4)]))  # Four bursts of events, half a minute apart.
for name, times in (('seconds from 0', seconds), ('seconds since 1970', seconds + 1.7e9), ('milliseconds since 1970', (seconds + 1.7e9) * 1000)):
  clusters = np.array(kmeans1d.cluster(times, 4).clusters)

  def error(of):
    return sum(((times[of == n] - times[of == n].mean())**2).sum() for n in np.unique(of))

  print(f'{name}: clusters of {np.bincount(clusters, minlength=4)}, squared error {error(clusters) / error(truth):.0f} times that of the bursts')
  if name == 'seconds from 0':
    assert np.array_equal(clusters, truth)
  else:
    assert error(clusters) > 10 * error(truth)
  assert np.array_equal(ckwrap.ckmeans(times, 4).labels, truth)  # Another exact solver is right each time.
PYTHON_END
