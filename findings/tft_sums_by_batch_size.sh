#!/usr/bin/env bash
# What surprises: `tft.sum` of uint8 and float16 columns wraps around or is infinite by the size of the batches, and `scale_to_z_score` of
#   float16 gives the same number for all rows.
# Guessed before it was run: a sum "over the whole dataset", whose result is cast to int64 or float32 as the docstring says, is the sum.
# Seen: of 200 numbers that add up to 26,520 the sum of uint8 is 26,520 in batches of 1, 6,808 in batches of 4 and 152 in one of 200; of the
#   numbers times 100 in float16 the sum is infinite from batches of 4 on, and the z-scores are 0 or -204 in the mean instead of 0
#   with a deviation of 1. Each batch is added up in the type of the column; only what comes out is cast.
# Versions: tensorflow-transform 1.21.0, tensorflow 2.21.0, apache-beam 2.75.0, Python 3.10.
# What xdc-tf does: not used; features are standardised by scikit-learn (xdc_tf/evaluation/linear_svm.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.10}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check uv
# pip takes many minutes to find versions that fit together.
"$tmp/venv/bin/uv" pip install --quiet --python "$tmp/venv/bin/python" \
  tensorflow-transform==1.21.0 tensorflow==2.21.0 apache-beam==2.75.0 'setuptools<80'
cat > "$tmp/show.py" <<'PYTHON_END'
import logging
import os
import tempfile
import warnings

warnings.simplefilter('ignore')
import apache_beam as beam
import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
from tensorflow_transform import beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils

logging.disable(logging.WARNING)
print('tensorflow-transform', tft.__version__, 'tensorflow', tf.__version__, 'apache-beam', beam.__version__)
numbers = np.random.default_rng(0).integers(0, 250, 200)
spec = {'x': tf.io.FixedLenFeature([], tf.int64)}
metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(spec))


def preprocess(inputs):
  x, zeros = inputs['x'], tf.zeros_like(inputs['x'], tf.float32)
  half = tf.cast(x * 100, tf.float16)
  sums = {'int64': tft.sum(x), 'uint8': tft.sum(tf.cast(x, tf.uint8)), 'float16': tft.sum(half)}
  columns = {name: tf.cast(value, tf.float32) + zeros for name, value in sums.items()}
  return columns | {'z': tf.cast(tft.scale_to_z_score(half), tf.float32)}


found = {}
for size in (1, 4, 200):
  with tft_beam.Context(temp_dir=tempfile.mkdtemp(dir=os.environ['FOLDER']), desired_batch_size=size):
    (rows, _), _ = ([{'x': n} for n in numbers], metadata) | tft_beam.AnalyzeAndTransformDataset(preprocess)
  z = np.array([row.pop('z') for row in rows])
  found[size] = {name: float(value) for name, value in rows[0].items()}
  print('batches of', size, found[size], f'z: mean {z.mean():.1f}, deviation {z.std():.2f}')
  assert z.std() == 0 or abs(z.mean()) > 100

assert numbers.sum() == 26520 and all(sums['int64'] == 26520 for sums in found.values())
assert [sums['uint8'] for sums in found.values()] == [26520, 6808, 152]
assert abs(found[1]['float16'] - 2652000) < 200 and found[4]['float16'] == found[200]['float16'] == np.inf
PYTHON_END
FOLDER="$tmp" TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" "$tmp/show.py"
