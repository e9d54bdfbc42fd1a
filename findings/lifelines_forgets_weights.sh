#!/usr/bin/env bash
# What surprises: The Breslow-Fleming-Harrington curve of lifelines with weights is the one without; Cox models with splines end far off, without a
#   word.
# Guessed before it was run: weights are repeated rows, as in its Kaplan-Meier curve; more knots do not fit worse.
# Seen: .457 with and without weights where repeated rows give .369; 4 or 5 of 30 spline fits are off, .342 with a standard error of .112 for .723, with a
#   log-likelihood of -7092 where 2 knots reach -1049.
# Reason: the weights are not handed on; where the optimizer stops counts as converged.
# Versions: lifelines 0.30.3, numpy 2.4.6, scipy 1.18.1, pandas 2.3.3, Python 3.12.
# What xdc-tf does: not used.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check lifelines==0.30.3 numpy==2.4.6 scipy==1.18.1 pandas==2.3.3
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import warnings

import lifelines
import numpy as np
import pandas as pd

print('lifelines', importlib.metadata.version('lifelines'))
times, events, weights = np.array([1.0, 2, 2, 3, 5]), np.array([1, 1, 1, 1, 0]), np.array([1, 2, 3, 1, 2])
for fitter in (lifelines.KaplanMeierFitter, lifelines.BreslowFlemingHarringtonFitter):
  weighted, repeated, plain = (
    fitter().fit(*arrays, **how).survival_function_.to_numpy().ravel()
    for arrays, how in (
      ((times, events), {'weights': weights}),
      ((times.repeat(weights), events.repeat(weights)), {}),
      ((times, events), {}),
    )
  )
  print(f'{fitter.__name__}: with weights {weighted.round(3)}, rows repeated {repeated.round(3)}, without {plain.round(3)}')
  assert np.allclose(weighted, repeated) == (fitter is lifelines.KaplanMeierFitter)
assert (weighted == plain).all() and np.abs(weighted - repeated).max() > 0.08

worse = []
for seed in range(6):
  random = np.random.default_rng(seed)
  x = random.normal(size=400)
  died = (random.exponential(10 * np.exp(-0.7 * x)) + 0.001, (random.random(400) < 0.7).astype(int))
  table = pd.DataFrame({'x': x, 'T': died[0], 'E': died[1]})
  usual = lifelines.CoxPHFitter().fit(table, 'T', 'E').params_['x']
  for knots in range(2, 7):
    with warnings.catch_warnings(record=True) as caught:
      warnings.simplefilter('always')
      model = lifelines.CoxPHFitter(baseline_estimation_method='spline', n_baseline_knots=knots).fit(table, 'T', 'E')
    line = model.summary.loc[('beta_', 'x')]
    first = model.log_likelihood_ if knots == 2 else first
    if abs(line['coef'] - usual) > 0.2 and not caught:
      worse.append(model.log_likelihood_ - first)
      print(f'seed {seed}, {knots} knots: {line["coef"]:.3f} +- {line["se(coef)"]:.3f}, without splines {usual:.3f};', end=' ')
      print(f'log-likelihood {model.log_likelihood_:.0f}, with 2 knots {first:.0f}')
assert worse and max(worse) < -1000
PYTHON_END
