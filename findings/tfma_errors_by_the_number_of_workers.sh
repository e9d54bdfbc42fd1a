#!/usr/bin/env bash
# What surprises: The mean squared error that TensorFlow Model Analysis gives goes by the number of Beam's workers: 20.95 with one, 11 to 28 with
#   more.
# Guessed before it was run: a mean does not mind who adds it up.
# Seen: two shards with squared errors of 0 and 100 have a mean of 33.3, in the other order 66.7; 20.95 with one worker is right, 27.6 and 17.0
#   with two and four are not, and change; the count of examples is always right.
# Reason: the first shard is merged with itself before the others, and counts twice; other metrics have the same lines.
# Versions: tensorflow-model-analysis 0.52.0, apache-beam 2.77.0, tensorflow 2.21.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: its Beam jobs only count (beam_pipelines/clip_shard.py); accuracy is computed in one place (xdc_tf/evaluation).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow-model-analysis==0.52.0 apache-beam==2.77.0 tensorflow==2.21.0 numpy==2.4.6
"$tmp/venv/bin/python" - <<'PYTHON_END'
import os
import tempfile

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import apache_beam as beam
import numpy as np
import pyarrow as pa
import tensorflow_model_analysis as tfma
from apache_beam.options.pipeline_options import PipelineOptions
from google.protobuf import text_format
from tensorflow_model_analysis.api import model_eval_lib
from tensorflow_model_analysis.proto import config_pb2

print('tensorflow-model-analysis', tfma.__version__)
combiner = tfma.metrics.MeanSquaredError().computations()[0].combiner
for errors, expected in (((0, 100), 100 / 3), ((100, 0), 200 / 3)):
  kind = type(combiner.create_accumulator())
  shards = [kind(total_example_weights=1, total_regression_error=error) for error in errors]
  (found,) = combiner.extract_output(combiner.merge_accumulators(shards)).values()
  print(f'shards with squared errors of {errors}: mean {found:.2f}')
  assert np.isclose(found, expected)

labels = np.random.default_rng(0).random(1000) * 10
predictions = labels + np.where(np.arange(1000) < 50, 20, 1)  # One shard of 20 is bad.
metric = 'metrics {class_name: "%s" module: "tensorflow_model_analysis.metrics.%s"}'
metrics = metric % ('MeanSquaredError', 'mean_regression_error') + metric % ('ExampleCount', 'example_count')
text = f'model_specs {{label_key: "label" prediction_key: "prediction"}} slicing_specs {{}} metrics_specs {{{metrics}}}'
config = model_eval_lib.config_util.update_eval_config_with_defaults(text_format.Parse(text, config_pb2.EvalConfig()))
starts = range(0, 1000, 50)
columns = {'label': labels, 'prediction': predictions}
shards = [pa.RecordBatch.from_pydict({n: c[i : i + 50, None].tolist() for n, c in columns.items()}) for i in starts]
for workers in (1, 2, 4):
  with tempfile.TemporaryDirectory() as folder:
    options = PipelineOptions(direct_num_workers=workers, direct_running_mode='multi_threading')
    with beam.Pipeline(options=options) as pipeline:
      evaluate = model_eval_lib.ExtractEvaluateAndWriteResults(eval_config=config, output_path=folder)
      _ = pipeline | beam.Create(shards) | beam.Reshuffle() | evaluate
    found = model_eval_lib.load_eval_result(folder).get_metrics_for_all_slices()[()]
  error, count = found['mean_squared_error']['doubleValue'], found['example_count']['doubleValue']
  print(f'{workers} workers: mean squared error {error:.2f}, truth 20.95; examples {count:.0f}')
  assert (abs(error - 20.95) > 0.01) == (workers > 1) and count == 1000
PYTHON_END
