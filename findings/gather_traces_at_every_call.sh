#!/usr/bin/env bash
# What surprises: `strategy.gather` outside of a tf.function builds and traces a graph at every call, a tenth of a second even for four
#   numbers; `strategy.reduce` of the same values takes a millisecond, and so does `gather` inside of a tf.function.
# Guessed before it was run: the first call is slow and later ones are as fast as `reduce`, as shapes and dtypes stay the same.
# Seen (two logical CPUs, medians of ten calls after two others): gather 100 ms on an idle machine and up to a second on a busy one,
#   reduce 0.2 ms, gather in a tf.function 1 ms; the same numbers. TensorFlow warns of "retracing" by a function of its own.
# Versions: tensorflow 2.21.0, Python 3.12 (2.15.0 does the same).
# What xdc-tf does: `assign` in xdc_tf/clustering/assignments.py gathers in its graph; before, the assignment of 200,000 clips on two
#   replicas took twelve times as long.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import statistics
import time

import numpy as np
import tensorflow as tf

print(f'tensorflow {tf.__version__}')
cpu = tf.config.list_physical_devices('CPU')[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1'])
values = strategy.experimental_distribute_values_from_function(
  lambda context: tf.range(4.0) + 4.0 * context.replica_id_in_sync_group
)


def milliseconds(function):
  """The median of ten calls, after two that may trace."""
  seconds = []
  for _ in range(12):
    before = time.perf_counter()
    function().numpy()
    seconds.append(time.perf_counter() - before)
  return 1000 * statistics.median(seconds[2:])


in_a_graph = tf.function(lambda: strategy.gather(values, axis=0), autograph=False)
for gather in (lambda: strategy.gather(values, axis=0), in_a_graph):
  np.testing.assert_array_equal(gather(), np.arange(8.0))
took = {
  'gather': milliseconds(lambda: strategy.gather(values, axis=0)),
  'reduce': milliseconds(lambda: strategy.reduce('SUM', values, axis=None)),
  'gather in a tf.function': milliseconds(in_a_graph),
}
for name, value in took.items():
  print(f'{name:24}{value:8.1f} ms a call')
assert took['gather'] > 10 * took['reduce'] and took['gather'] > 10 * took['gather in a tf.function']
PYTHON_END
