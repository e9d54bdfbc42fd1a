#!/usr/bin/env bash
# What surprises: one NaN among the numbers makes tf.math.top_k leave out larger numbers than those that it returns, and tf.sort return
#   numbers out of order. Compiled by XLA both put the NaN first and are right about the rest.
# Guessed before it was run: the NaN comes first or last; the numbers are right either way.
# Seen: the top 2 of [2, nan, 1, 3, 4] are [2, nan] without XLA and [nan, 4] with. Of the 120 orders of 1, 2, 3, 4, nan the top 2 lack a
#   larger number in 6, and tf.sort returns the four numbers out of order in 34; with XLA in none.
# Versions: tensorflow 2.21.0, Python 3.12 (tensorflow 2.15.1 does the same).
# What xdc-tf does: predictions are checked for NaN and then ranked with NumPy (xdc_tf/evaluation/classification.py, measure).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6
CUDA_VISIBLE_DEVICES='' TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import itertools

import numpy as np
import tensorflow as tf

print(f'tensorflow {tf.__version__}')


def top_2(x):
  return tf.math.top_k(x, 2).values


def numbers(values):
  """Without the NaN."""
  return values[~np.isnan(values)].tolist()


orders = list(itertools.permutations([1.0, 2.0, 3.0, 4.0, float('nan')]))
seen = {}
for name, jit in (('plain', False), ('XLA', True)):
  top, in_order = (tf.function(f, jit_compile=jit, autograph=False) for f in (top_2, tf.sort))
  example = top(tf.constant([2.0, float('nan'), 1.0, 3.0, 4.0])).numpy()
  wrong_top = wrong_sort = 0
  for order in orders:
    best = numbers(top(tf.constant(order)).numpy())
    wrong_top += best != [4.0, 3.0][: len(best)]
    wrong_sort += numbers(in_order(tf.constant(order)).numpy()) != [1.0, 2.0, 3.0, 4.0]
  print(f'{name}: top 2 of [2, nan, 1, 3, 4]: {example}; of {len(orders)} orders {wrong_top} top 2 and {wrong_sort} sorts are wrong')
  seen[name] = example, wrong_top, wrong_sort

np.testing.assert_equal(seen['plain'][0], [2, np.nan])
np.testing.assert_equal(seen['XLA'][0], [np.nan, 4])
assert seen['plain'][1:] == (6, 34) and seen['XLA'][1:] == (0, 0)
PYTHON_END
