#!/usr/bin/env bash
# What surprises: The masked accuracy of Flax's metrics is 7.5 when the mask has a row's shape, and the mean loss ten times too large.
# Guessed before it was run: a mask that can be broadcast to the values is, as the docstring says.
# Seen: accuracies of 7.5 and 3.0 with masks of [4, 1] and [10] for values of [4, 10]; .75 with the same mask in full.
# Reason: the total is of the broadcast mask, the count of the small one.
# Versions: flax 0.12.12, jax 0.12.0.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: weights have the batch's shape (xdc_tf/training/scores.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check flax==0.12.12 jax==0.12.0.1 jaxlib==0.12.0.1 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import flax
import jax.numpy as jnp
import numpy as np
from flax import nnx

print(f'flax {flax.__version__}')
random = np.random.default_rng(0)
logits = random.standard_normal((4, 10, 5)).astype(np.float32)
labels = np.where(random.random((4, 10)) < 0.7, logits.argmax(axis=-1), random.integers(0, 5, (4, 10)))
losses = random.random((4, 10), dtype=np.float32)
right, half = logits.argmax(axis=-1) == labels, np.arange(10) < 5
for mask in (np.array([1, 1, 0, 0], bool)[:, None], half, np.broadcast_to(half, (4, 10))):
  accuracy, loss = nnx.metrics.Accuracy(), nnx.metrics.Average('loss')
  accuracy.update(logits=jnp.asarray(logits), labels=jnp.asarray(labels), mask=jnp.asarray(mask))
  loss.update(loss=jnp.asarray(losses), mask=jnp.asarray(mask))
  found, whole = np.array([accuracy.compute(), loss.compute()]), np.broadcast_to(mask, right.shape)
  expected = np.array([right[whole].mean(), losses[whole].mean()])
  print(f'mask of {list(mask.shape)}: accuracy {found[0]:.3f}, truth {expected[0]:.3f}; mean loss {found[1]:.3f}, truth {expected[1]:.3f}')
  assert np.allclose(found, expected * whole.sum() / mask.sum(), rtol=1e-5) and (found[0] > 1) == (mask.shape != right.shape)
PYTHON_END
