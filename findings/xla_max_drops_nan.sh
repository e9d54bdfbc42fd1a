#!/usr/bin/env bash
# What surprises: compiled by XLA for a CPU, tf.reduce_max, tf.reduce_min and the largest-entry norm pass over NaN, which the same
#   function shows when it is not compiled. The maximum of nothing but NaN is minus infinity.
# Guessed before it was run: a NaN comes through both ways, as it does through tf.reduce_mean.
# Seen: of [1, nan, 2]: maximum nan, with XLA 2; minimum nan, with XLA 1; norm nan, with XLA 2; mean nan both ways. With
#   XLA_FLAGS=--xla_cpu_enable_fast_min_max=false XLA shows the NaN too, so it is a default and not the processor.
# Versions: tensorflow 2.21.0, Python 3.12 (tensorflow 2.15.1 does the same).
# What xdc-tf does: a training step may be compiled (TrainingOptions.jit_compile), but takes no maximum that is to show a NaN: its losses
#   are sums (xdc_tf/training/scores.py), and clustering is not compiled (xdc_tf/clustering/lloyd_pass.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6
cat > "$tmp/show.py" <<'PYTHON_END'
import sys

import numpy as np
import tensorflow as tf


def largest_entry(x):
  return tf.norm(x, np.inf)


fast = sys.argv[1] == 'fast'
print(f'tensorflow {tf.__version__}, fast_min_max={fast}')
nan = float('nan')
several, nothing_else = tf.constant([1.0, nan, 2.0]), tf.constant([nan, nan, nan])
long = tf.constant([1.0] * 100 + [nan] + [2.0] * 100)
for function, x, with_xla in (
  (tf.reduce_max, several, 2.0),
  (tf.reduce_min, several, 1.0),
  (largest_entry, several, 2.0),
  (tf.reduce_max, long, 2.0),
  (tf.reduce_max, nothing_else, -np.inf),
  (tf.reduce_mean, several, nan),
):
  plain, compiled = (float(tf.function(function, jit_compile=jit)(x)) for jit in (False, True))
  print(f'{function.__name__:13} of {x.shape[0]:3} numbers: plain {plain}, XLA {compiled}')
  assert np.isnan(plain)
  np.testing.assert_equal(compiled, with_xla if fast else nan)
PYTHON_END
export CUDA_VISIBLE_DEVICES='' TF_CPP_MIN_LOG_LEVEL=3
"$tmp/venv/bin/python" "$tmp/show.py" fast
XLA_FLAGS=--xla_cpu_enable_fast_min_max=false "$tmp/venv/bin/python" "$tmp/show.py" careful
