#!/usr/bin/env bash
# What surprises: optax's `triplet_margin_loss(norm_degree=p)` raises signed differences to p, so that p = 1 adds them up and p = 3 gives NaN; and
#   `dice_loss` of masks [batch, H, W], which its page allows, takes columns for classes.
# Guessed before it was run: norm_degree is the p of an Lp distance, and a perfect mask costs nothing, with or without an axis of one channel.
# Seen: positives beside their anchors cost 0 by the definition; with p = 1 up to 38, with p = 3 most are NaN, with p = 2 it is right. Perfect masks
#   of .4 of the pixels cost .54 to .58 as [4, 16, 16] and 0 as [4, 16, 16, 1]; `binary_dice_loss` has 0 for both.
# Versions: optax 0.2.8, jax 0.12.0.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; no loss of it is a distance.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check optax==0.2.8 jax==0.12.0.1 jaxlib==0.12.0.1 numpy==2.5.5
cd "$tmp"
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import jax.numpy as jnp
import numpy as np
import optax

rng = np.random.default_rng(0)
anchors = rng.standard_normal((64, 128)).astype(np.float32)
negatives = rng.standard_normal((64, 128)).astype(np.float32)
positives = anchors + .01 * rng.standard_normal((64, 128)).astype(np.float32)  # Beside their anchors: nothing to learn.
for degree in (1, 2, 3):
  distances = [(abs(anchors - others).astype(float)**degree).sum(axis=1)**(1 / degree) for others in (positives, negatives)]
  right = np.maximum(distances[0] - distances[1] + 1, 0)
  losses = np.asarray(optax.losses.triplet_margin_loss(*map(jnp.asarray, (anchors, positives, negatives)), norm_degree=degree))
  print(f'norm_degree={degree}: {np.isnan(losses).sum()} NaN, largest {np.nanmax(losses):.1f}; by the definition {right.max():.1f}')
  assert right.max() == 0
  assert {1: losses.max() > 10, 2: losses.max() == 0, 3: np.isnan(losses).sum() > 20}[degree]

masks = (rng.random((4, 16, 16)) < .4).astype(np.float32)
logits = jnp.asarray(masks * 40 - 20)  # Right in every pixel.
plain = np.asarray(optax.losses.dice_loss(logits, jnp.asarray(masks)))  # [...], which its page allows for binary masks.
with_channel = np.asarray(optax.losses.dice_loss(logits[..., None], jnp.asarray(masks)[..., None]))
print(f'Dice loss of perfect masks: {plain.round(2)} as [4, 16, 16], {with_channel.round(2)} as [4, 16, 16, 1]')
assert plain.min() > .4 and abs(with_channel).max() < 1e-5
assert abs(np.asarray(optax.losses.binary_dice_loss(logits, jnp.asarray(masks)))).max() < 1e-5
PYTHON_END
