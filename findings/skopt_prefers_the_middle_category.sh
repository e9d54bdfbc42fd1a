#!/usr/bin/env bash
# What surprises: of three categories scikit-optimize's designs give the middle one 50 % and the others 25 %; a prior of .8 gives 25 %.
# Guessed before it was run: each category equally often, or by its prior.
# Seen: Sobol, Halton, Hammersley and Latin hypercube; Integer(1, 3) is 25, 50 and 25 % there and with the default 'random' of GP.
# Reason: points of [0, 1] are rounded to whole numbers, so that the ends get half a step (space/transformers.py).
# Versions: scikit-optimize 0.10.2, scikit-learn 1.9.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: learning rates are a grid (gin/transfer), nothing is drawn.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check scikit-optimize==0.10.2 scikit-learn==1.9.1 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import warnings
from collections import Counter

warnings.filterwarnings('ignore')
from skopt import Optimizer
from skopt.space import Categorical, Integer

space = [Categorical(['adam', 'sgd', 'rmsprop']), Categorical(['relu', 'tanh', 'elu'], prior=[0.8, 0.1, 0.1]), Integer(1, 3)]
for estimator, design in (('GP', 'random'), ('RF', 'sobol'), ('RF', 'halton'), ('RF', 'hammersly'), ('RF', 'lhs')):
  optimizer = Optimizer(space, base_estimator=estimator, n_initial_points=512, initial_point_generator=design, random_state=0)
  points = []
  for _ in range(512):
    points.append(optimizer.ask())
    optimizer.tell(points[-1], 0.0, fit=False)
  first, weighted, number = (Counter(str(p[i]) for p in points) for i in range(3))
  print(design, dict(first), dict(weighted), dict(number))
  assert max(number['1'], number['3']) < 160 and number['2'] > 230
  if design != 'random':
    assert first['sgd'] > 1.8 * max(first['adam'], first['rmsprop']) and weighted['relu'] < 140
PYTHON_END
