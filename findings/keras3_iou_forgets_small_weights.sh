#!/usr/bin/env bash
# What surprises: the IoU metrics of Keras 3 cut sample weights to whole numbers: the example of the docstring, documented as .333, gives 0,
#   and perfect predictions with weights of .5 have an IoU of 0. `tf.math.confusion_matrix` with weights does the same.
# Guessed before it was run: the number of the docstring; 1.
# Seen: IoU 0.0; MeanIoU alike for a weight of 1.9 and of 1, with dtype='float32' .41 and .33; BinaryIoU 0.
# Reason: the weights are cast to the metric's dtype, which is whole numbers unless another is given.
# Versions: keras 3.15.1, tensorflow 2.21.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: nothing: its confusion matrices count clips (xdc_tf/evaluation/classification.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import keras
import numpy as np
import tensorflow as tf

print(f'keras {keras.__version__}, tensorflow {tf.__version__}')
true, predicted, weights = [0, 0, 1, 1], [0, 1, 0, 1], [0.3, 0.3, 0.3, 0.1]


def measured(metric, *arguments):
  metric.update_state(*arguments)
  return float(metric.result())


of_docstring = measured(keras.metrics.IoU(num_classes=2, target_class_ids=[0]), true, predicted, weights)
print(f"the docstring's example: documented .333, seen {of_docstring}")
assert of_docstring == 0
means = {
  (weight, dtype): measured(keras.metrics.MeanIoU(num_classes=2, dtype=dtype), true, predicted, [weight, 1.0, 1.0, 1.0])
  for weight in (1.0, 1.9)
  for dtype in (None, 'float32')
}
for (weight, dtype), value in means.items():
  print(f'MeanIoU, first weight {weight}, dtype {dtype}: {value:.3f}')
assert means[1.0, None] == means[1.9, None] and means[1.9, 'float32'] > means[1.0, 'float32'] + 0.05
perfect = measured(keras.metrics.BinaryIoU(threshold=0.5), [0.0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], [0.5] * 4)
matrix = tf.math.confusion_matrix(true, predicted, weights=weights).numpy()
print('BinaryIoU of perfect predictions with weights of .5:', perfect, 'confusion matrix of weights:', matrix.tolist())
assert perfect == 0 and not matrix.any()
np.testing.assert_allclose(tf.math.confusion_matrix(true, predicted, weights=weights, dtype='float32').numpy().sum(), 1)
PYTHON_END
