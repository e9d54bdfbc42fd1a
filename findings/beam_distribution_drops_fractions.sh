#!/usr/bin/env bash
# What surprises: Beam's Metrics.distribution takes fractions without a word and cuts each of them to a whole number before it
#   counts: times in seconds or losses below 1 come out as 0. Gauges do the same.
# Guessed before it was run: the distribution has the sum and the mean of the numbers that it was given, or refuses fractions.
# Seen: 0.4, 0.8 and 1.7 make a sum of 1, a mean of 0.333, a minimum of 0 and a maximum of 1, where 2.9, 0.967, 0.4 and 1.7 are true;
#   -0.9 three times makes a sum of 0. A gauge set to 1.7 reads 1.
# Versions: apache-beam 2.77.0, Python 3.11.
# What xdc-tf does: its pipelines count whole things only, by Metrics.counter (beam_pipelines/clip_shard.py, feature_shard.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.11}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check apache-beam==2.77.0 numpy==1.26.4
"$tmp/venv/bin/python" - <<'PYTHON_END'
import apache_beam as beam
from apache_beam.metrics import Metrics

print(f'apache-beam {beam.__version__}')


def measure(numbers):
  """Returns the distribution and the gauge that a pipeline made of the numbers."""

  def update(number):
    Metrics.distribution('finding', 'numbers').update(number)
    Metrics.gauge('finding', 'newest').set(number)

  pipeline = beam.Pipeline(runner='DirectRunner')
  _ = pipeline | beam.Create(numbers) | beam.Map(update)
  result = pipeline.run()
  result.wait_until_finish()
  found = result.metrics().query()
  return found['distributions'][0].committed, found['gauges'][0].committed.value


mixed, _ = measure([0.4, 0.8, 1.7])
print(f'of 0.4, 0.8, 1.7: sum {mixed.sum}, mean {mixed.mean:.3f}, min {mixed.min}, max {mixed.max}')
negative, _ = measure([-0.9, -0.9, -0.9])
print(f'of -0.9 three times: sum {negative.sum}, min {negative.min}')
_, gauge = measure([1.7])
print(f'gauge set to 1.7: {gauge}')

assert (mixed.sum, mixed.count, mixed.min, mixed.max) == (1, 3, 0, 1)
assert (negative.sum, negative.count, negative.min) == (0, 3, 0)
assert gauge == 1
PYTHON_END
