#!/usr/bin/env bash
# What surprises: EditDistance of keras-hub does not see token 0: [1, 2, 0, 3] and [1, 2, 3] have the distance 0, as have [0, 1] and [1, 0].
# Guessed before it was run: numbers are names; 0 counts like 9.
# Seen: 0 for what is .25 with 9 in place of 0; three inserted zeros cost 0, three nines 3.
# Reason: the sequences are made sparse, which drops zeros, while the length that is divided by counts them.
# Versions: keras-hub 0.32.0, keras 3.15.1, tensorflow 2.21.0, Python 3.12.
# What xdc-tf does: nothing: "no label" is -1 (xdc_tf/records/label_table.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check keras-hub==0.32.0 keras==3.15.1 tensorflow==2.21.0
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import keras_hub

print('keras-hub', importlib.metadata.version('keras-hub'))


def distance(true, predicted, **options):
  metric = keras_hub.metrics.EditDistance(**options)
  metric.update_state([true], [predicted])
  return float(metric.result())


for with_0, with_9, options, expected in (
  (([1, 2, 0, 3], [1, 2, 3]), ([1, 2, 9, 3], [1, 2, 3]), {}, 0.25),
  (([0, 1], [1, 0]), ([9, 1], [1, 9]), {}, 1.0),
  (([1, 2], [1, 0, 0, 0, 2]), ([1, 2], [1, 9, 9, 9, 2]), {'normalize': False}, 3.0),
):
  print(*with_0, distance(*with_0, **options), 'and', *with_9, distance(*with_9, **options))
  assert distance(*with_0, **options) == 0 and distance(*with_9, **options) == expected
PYTHON_END
