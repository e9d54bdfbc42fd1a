#!/usr/bin/env bash
# What surprises: a Keras 3 model with two named inputs takes an OrderedDict for a dict and the other way round, but may hand the values
#   out by place and not by name: the inputs change places, without an error or a warning.
# Guessed before it was run: inputs find their places by name, whatever kind of dict holds them and in whatever order.
# Seen: with tf_keras (Keras 2) always 10 * 1 + 2 = 12. With Keras 3, 21 for a model made with a dict and given an OrderedDict in the
#   order of declaration, and for one made with an OrderedDict and given any dict, or an OrderedDict in the other order. After a
#   predict() of a dict, predict() of the OrderedDict is right, and the call still wrong.
# Versions: keras 3.15.1, tf-keras 2.21.0, tensorflow 2.21.0, Python 3.12.
# What xdc-tf does: nothing: its encoders (xdc_tf/models/residual.py) take a single tensor, and its batches are plain dicts.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  tensorflow==2.21.0 keras==3.15.1 tf-keras==2.21.0 numpy==2.4.6
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" -W 'error:The structure of' - <<'PYTHON_END'
import itertools
from collections import OrderedDict

import keras
import numpy as np
import tensorflow as tf
import tf_keras

print(f'keras {keras.__version__}, tf_keras {tf_keras.__version__}, tensorflow {tf.__version__}')
VALUES = {'video': np.ones((1, 1), np.float32), 'audio': np.full((1, 1), 2, np.float32)}


def make_model(library, kind):
  """Returns a model of 10 * video + audio, whose inputs are in a `kind` of dict, video first."""
  inputs = kind((name, library.Input((1,), name=name)) for name in ('video', 'audio'))
  return library.Model(inputs, inputs['video'] * 10.0 + inputs['audio'])


def results(model, given, order):
  """Returns what predict() and a plain call make of VALUES in a `given` kind of dict."""
  predicted = model.predict(given((name, VALUES[name]) for name in order), verbose=0)
  called = model(given((name, tf.constant(VALUES[name])) for name in order))
  return float(predicted[0, 0]), float(called[0, 0])


orders = ('video', 'audio'), ('audio', 'video')
swapped = {('dict', 'OrderedDict', 'video'), ('OrderedDict', 'dict', 'video'), ('OrderedDict', 'dict', 'audio')}
swapped.add(('OrderedDict', 'OrderedDict', 'audio'))
for library in (tf_keras, keras):
  for made_with, given in itertools.product((dict, OrderedDict), repeat=2):
    for order in orders:
      found = results(make_model(library, made_with), given, order)
      case = made_with.__name__, given.__name__, order[0]
      print(f'{library.__name__:8} made with {case[0]:11} given {case[1]:11} {case[2]} first: predict, call {found}')
      assert found == ((21.0, 21.0) if library is keras and case in swapped else (12.0, 12.0))

model = make_model(keras, dict)
model.predict(VALUES, verbose=0)
found = results(model, OrderedDict, orders[0])
print(f'keras made with dict, given OrderedDict after a dict: predict, call {found}')
assert found == (12.0, 21.0)
PYTHON_END
