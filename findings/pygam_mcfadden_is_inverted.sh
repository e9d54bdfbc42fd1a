#!/usr/bin/env bash
# What surprises: McFadden's R squared is .18 for a good model and .96 for a useless one in pyGAM; the log-likelihood of its inverse Gaussian model is
#   of another density.
# Guessed before it was run: 1 less the ratio of the log-likelihoods, which is the explained deviance of labels of 0 and 1.
# Seen: .181 for .819 and .961 for .039; the adjusted one beside it is right; -519 for -355, and an AIC to match.
# Reason: the ratio is not taken from 1; the mean of the density is multiplied by the scale.
# Versions: pygam 0.12.0, numpy 2.4.6, scipy 1.16.3, Python 3.12.
# What xdc-tf does: not used.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pygam==0.12.0 numpy==2.4.6 scipy==1.16.3
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import warnings

import numpy as np
import scipy.stats
from pygam import InvGaussGAM, LogisticGAM, l, s

warnings.simplefilter('ignore')
print('pygam', importlib.metadata.version('pygam'))
random = np.random.default_rng(0)
rows = random.random((300, 2))
mean = np.sin(6 * rows[:, 0]) + rows[:, 1]
for noise in (0.2, 5):
  labels = (mean + random.normal(0, noise, 300) > 0.6).astype(int)
  model = LogisticGAM(s(0) + l(1)).fit(rows, labels)
  full, null = ((labels * np.log(p) + (1 - labels) * np.log(1 - p)).sum() for p in (model.predict_proba(rows), labels.mean()))
  found = model.statistics_['pseudo_r2']
  print(f'accuracy {model.accuracy(rows, labels):.2f}: McFadden {found["McFadden"]:.3f}, by the formula {1 - full / null:.3f}', end='; ')
  print(f'adjusted {found["McFadden_adj"]:.3f}, explained deviance {found["explained_deviance"]:.3f}')
  assert np.isclose(found['McFadden'], full / null) and np.isclose(found['explained_deviance'], 1 - full / null)

target = scipy.stats.invgauss.rvs(0.3 * np.exp(mean), scale=1 / 0.3, random_state=0)
model = InvGaussGAM(s(0) + l(1)).fit(rows, target)
mu, phi = model.predict(rows), model.distribution.scale
found = model.loglikelihood(rows, target)
expected = (-0.5 * np.log(2 * np.pi * phi * target**3) - (target - mu) ** 2 / (2 * phi * mu**2 * target)).sum()
print(f'inverse Gaussian: log-likelihood {found:.1f}, by the density {expected:.1f}')
assert abs(found - expected) > 50
PYTHON_END
