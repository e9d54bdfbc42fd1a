#!/usr/bin/env bash
# What surprises: A linear model of river with `Averager(SGD)` has SGD's weights at every step; the averages are computed and dropped.
# Guessed before it was run: weights near the mean of SGD's way, as averaged SGD has.
# Seen: not one of 5,000 steps differs; the end is .8 from the truth, the mean of the way .06.
# Reason: the average is what the optimizer returns, and the model keeps what was changed in place.
# Versions: river 0.26.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: Keras's SGD with momentum (xdc_tf/training/trainer.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check river==0.26.1 numpy==2.5.5 scipy==1.18.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from river import linear_model, optim

print('river', importlib.metadata.version('river'))


def train(model):
  random, trail = np.random.default_rng(0), []
  for _ in range(5000):
    a, b, noise = random.normal(size=3)
    model.learn_one({'a': a, 'b': b}, 2 * a - b + 2 * noise)
    trail.append([model.weights['a'], model.weights['b']])
  return np.array(trail)


for start in (0, 1000):
  averaged = linear_model.LinearRegression(optimizer=optim.Averager(optim.SGD(0.05), start), intercept_lr=0)
  plain, found = train(linear_model.LinearRegression(optimizer=optim.SGD(0.05), intercept_lr=0)), train(averaged)
  mean = plain[start:].mean(0)
  unused = [averaged.optimizer.avg_w[name] for name in 'ab']
  print(f'from step {start}: SGD {plain[-1].round(3)}, averaged {found[-1].round(3)}, kept unused {np.round(unused, 3)}; the truth (2, -1)')
  assert (plain == found).all() and np.allclose(unused, mean)
  assert np.linalg.norm(found[-1] - (2, -1)) > 5 * np.linalg.norm(mean - (2, -1))
PYTHON_END
