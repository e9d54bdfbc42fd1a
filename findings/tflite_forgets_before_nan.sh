#!/usr/bin/env bash
# What surprises: in TensorFlow Lite a NaN makes reduce_max and reduce_min forget what came before it, exp turns it into 0, and argmax of a row
#   that begins with one is 2147483647, the index of nothing. So broken scores become numbers that look like answers.
# Guessed before it was run: as in TensorFlow: the maximum and exp of NaN are NaN, argmax passes over it.
# Seen: [5, NaN, 1, 2] has the maximum 2 and the minimum 1 (TensorFlow: NaN); exp of it has 0 in the second place (NaN); argmax of
#   [NaN, 1, 3, 2] is 2147483647 (2). Sums and softmax show the NaN in both.
# Versions: tensorflow 2.21.0 (tf.lite, XNNPACK), Python 3.12.
# What xdc-tf does: an encoder that diverged is not exported: trainings with such a loss end with an error (xdc_tf/training/trainer.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0
cat >"$tmp/program.py" <<'PYTHON_END'
import numpy as np
import tensorflow as tf

print(f'tensorflow {tf.__version__}')


def both(function, row):
  """What TensorFlow Lite and TensorFlow make of a row."""
  row = np.array([row], np.float32)
  traced = tf.function(function, input_signature=[tf.TensorSpec(row.shape, tf.float32)]).get_concrete_function()
  interpreter = tf.lite.Interpreter(
    model_content=tf.lite.TFLiteConverter.from_concrete_functions([traced]).convert()
  )
  interpreter.allocate_tensors()
  interpreter.set_tensor(interpreter.get_input_details()[0]['index'], row)
  interpreter.invoke()
  return interpreter.get_tensor(interpreter.get_output_details()[0]['index'])[0], traced(tf.constant(row)).numpy()[0]


nan = float('nan')
cases = {
  'maximum': (lambda x: tf.reduce_max(x, 1), [5, nan, 1, 2]),
  'minimum': (lambda x: tf.reduce_min(x, 1), [5, nan, 1, 2]),
  'exp': (tf.exp, [5, nan, 1, 2]),
  'sum': (lambda x: tf.reduce_sum(x, 1), [5, nan, 1, 2]),
  'softmax': (tf.nn.softmax, [5, nan, 1, 2]),
  'argmax': (lambda x: tf.argmax(x, 1), [nan, 1, 3, 2]),
}
found = {name: both(*case) for name, case in cases.items()}
for name, (lite, full) in found.items():
  print(f'{name} of {cases[name][1]}: {lite} in TensorFlow Lite, {full} in TensorFlow')
assert found['maximum'][0] == 2 and found['minimum'][0] == 1 and found['exp'][0][1] == 0
assert all(np.isnan(found[name][1]) for name in ('maximum', 'minimum', 'sum')) and np.isnan(found['exp'][1][1])
assert np.isnan(found['sum'][0]) and np.isnan(found['softmax'][0]).all()
assert tuple(found['argmax']) == (2147483647, 2)
PYTHON_END
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" -W ignore "$tmp/program.py" 2>"$tmp/errors" || { cat "$tmp/errors" >&2; exit 1; }
