#!/usr/bin/env bash
# What surprises: river's quantile loss is least at the opposite quantile, while its gradient goes to the right one; its Cauchy loss is the absolute
#   error.
# Guessed before it was run: for alpha = .1 the loss is least at the first decile, as scikit-learn's pinball loss.
# Seen: least at 1.25 where the decile is -1.26 (scikit-learn -1.25, the gradient leads to -1.42); the gradient is -.1 where the slope is -.9;
#   Cauchy losses of 1, 10 and 1,000 with gradients of .5, .1 and .001.
# Reason: the formula is of the truth less the prediction, and gets the prediction less the truth.
# Versions: river 0.26.1, scikit-learn 1.9.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; losses and gradients are TensorFlow's (xdc_tf/training/trainer.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check river==0.26.1 numpy==2.5.5 scipy==1.18.1 scikit-learn==1.9.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from river import linear_model, optim
from sklearn.metrics import mean_pinball_loss

print('river', importlib.metadata.version('river'))
y = np.random.default_rng(0).normal(size=20000)
guesses = np.linspace(-2, 2, 81)
for alpha in (0.1, 0.9):
  loss = optim.losses.Quantile(alpha)
  best = guesses[np.argmin([loss(y, np.full_like(y, guess)).mean() for guess in guesses])]
  expected = guesses[np.argmin([mean_pinball_loss(y, np.full_like(y, guess), alpha=alpha) for guess in guesses])]
  model = linear_model.LinearRegression(optimizer=optim.SGD(0.01), loss=loss, intercept_lr=0.02)
  for value in y:
    model.learn_one({}, value)
  slope = (loss(2.0, 0.5 + 1e-6) - loss(2.0, 0.5)) / 1e-6
  print(f'alpha {alpha}: least at {best:.2f}, scikit-learn {expected:.2f}, the gradient leads to {model.intercept:.2f};', end=' ')
  print(f'gradient {loss.gradient(2.0, 0.5):.1f}, slope {slope:.1f}')
  assert np.sign(best) != np.sign(expected) == np.sign(model.intercept)
cauchy = optim.losses.Cauchy(C=1.0)
values, gradients = ([function(0.0, error) for error in (1.0, 10.0, 1000.0)] for function in (cauchy, cauchy.gradient))
print('Cauchy losses of errors 1, 10, 1000:', values, 'gradients', np.round(gradients, 3))
assert values == [1, 10, 1000] and gradients[2] < 0.01
PYTHON_END
