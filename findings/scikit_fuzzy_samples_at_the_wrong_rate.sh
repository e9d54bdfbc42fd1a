#!/usr/bin/env bash
# What surprises: scikit-fuzzy samples a continuous system at 1 / rate: a decay of 1 a second has .00005 left after a tenth of a second at 10 Hz; the
#   error of a picture that is 100 brighter is 0 %.
# Guessed before it was run: .905 at 10 Hz, as in SciPy; derivatives are those of its own functions; the error does not mind which is true, as it says.
# Seen: .00005 and 4e-44 for .905 and .99 at 10 and 100 Hz; the derivative of `gaussmf` three sigma out is 45 times too small; `nmse` of a brighter
#   picture is 7e-30 %, of one twice as bright 100 %, the other way round 25 %.
# Reason: the rate multiplies where it has to divide; a 2 is missing under sigma squared; the error is a variance over one of two variances.
# Versions: scikit-fuzzy 0.5.0, numpy 2.5.5, scipy 1.18.1, Python 3.12.
# What xdc-tf does: not used.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check scikit-fuzzy==0.5.0 numpy==2.5.5 scipy==1.18.1 packaging==26.4 networkx==3.7
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
import scipy.signal
import skfuzzy

print('scikit-fuzzy', importlib.metadata.version('scikit-fuzzy'))
a, b = np.array([[-1.0, 0.0], [0.0, -2.0]]), np.array([[1.0], [1.0]])
for rate in (10, 100):
  found = np.diag(skfuzzy.continuous_to_discrete(a, b, rate)[0])
  expected = np.diag(scipy.signal.cont2discrete((a, b, np.eye(2), np.zeros((2, 1))), 1 / rate)[0])
  print(f'{rate} Hz: {found}, SciPy {expected.round(4)}')
  assert found.max() < 1e-4 and expected.min() > 0.8

x = np.array([1.0, 2.0, 3.0])
found = np.array([skfuzzy.partial_dmf(value, 'gaussmf', {'mean': 0.0, 'sigma': 1.0}, 'sigma') for value in x])
expected = (skfuzzy.gaussmf(x, 0.0, 1 + 1e-6) - skfuzzy.gaussmf(x, 0.0, 1.0)) / 1e-6
print(f'derivative of gaussmf by sigma: {found.round(4)}, by differences {expected.round(4)}')
assert found[2] < 0.03 * expected[2]

picture = np.random.default_rng(0).uniform(0, 100, (32, 32))
brighter, twice, half = (skfuzzy.nmse(*pair) for pair in ((picture, picture + 100), (picture, picture * 2), (picture * 2, picture)))
print(f'error of a picture 100 brighter {brighter:.1e} %, twice as bright {twice:.0f} %, the other way round {half:.0f} %')
assert brighter < 1e-9 and np.isclose(twice, 4 * half)
PYTHON_END
