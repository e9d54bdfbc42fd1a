"""What an export says of the run that it comes from: data, method, configuration and numbers."""

import os
from typing import Any

import tensorflow as tf

from xdc_tf import files
from xdc_tf.records import schema
from xdc_tf.records.schema import Records
from xdc_tf.runs import layout, run_info
from xdc_tf.runs.run_info import FinishedRun


def of_run(run: FinishedRun, encoder: str) -> dict[str, Any]:
  """Returns the entry `training` of metadata.json.

  Args:
    run: the run.
    encoder: which of its encoders is exported.

  Returns:
    records (the name), fingerprint, splits {split: clips, hours}, clusterings (the method), iterations, feature_clips, retrained,
    precision and xla (how it was computed), gin (every value that was used), metrics (metrics.json of the last iteration).
  """
  records = run.records
  precision, xla = run_info.begun_in(run.path) or ('float32', False)
  return {
    'records': records.name,
    'fingerprint': records.fingerprint(),
    'splits': {s: {'clips': records.num_clips(s), 'hours': estimated_hours(records, s)} for s in records.splits},
    'clusterings': [
      {
        'name': c.name,
        'sources': list(c.sources),
        'teaches': list(c.teaches),
        'num_clusters': c.num_clusters,
        'shuffled': c.shuffled,
      }
      for c in run.config.clusterings
    ],
    'iterations': run.config.num_iterations,
    'feature_clips': run.config.feature_clips,
    'retrained': encoder in run.config.retrained_encoders,
    'precision': precision,
    'xla': xla,
    'gin': _configuration(run.path),
    'metrics': _metrics(run.iteration().metrics_file),
  }


def _metrics(path: str) -> dict[str, Any]:
  metrics = files.read_json(path)
  try:
    for name in ('clusterings', 'train_nmi_between', 'validation_nmi_between'):
      metrics.get(name, {}).items()
    for table in metrics.get('clusterings', {}).values():
      table.items()
  except AttributeError as error:
    raise ValueError(f'{path} does not hold the numbers of an iteration ({error}). Restore it.') from error
  return metrics


def estimated_hours(records: Records, split: str) -> float:
  """Returns how long the clips of a split are together, in hours, if those of its first shard are like the others."""
  lengths = records.shard_lengths[split]
  first = next((number for number, length in enumerate(lengths) if length), None)
  if first is None:
    return 0.0
  spec = records.log_mel_spec

  def seconds(serialized):
    example = schema.parse(serialized)
    seen = tf.cast(tf.shape(example['frames'])[0], tf.float32) / records.frame_rate
    heard = tf.cast(tf.shape(example['log_mel'])[0], tf.float32) * spec.hop_length / spec.sample_rate
    return tf.maximum(seen, heard)  # Records may hold video alone or sound alone.

  shard = tf.data.TFRecordDataset(records.shard_paths(split)[first]).map(seconds)
  return sum(map(float, shard)) / lengths[first] * sum(lengths) / 3600


def _configuration(run_dir: str) -> str:
  """The configuration with every value that was used, or as it was asked for, where the run was killed before it wrote that."""
  path = os.path.join(run_dir, layout.OPERATIVE_CONFIG_FILE)
  if not tf.io.gfile.exists(path):
    path = os.path.join(run_dir, layout.CONFIG_FILE)
  with tf.io.gfile.GFile(path, 'r') as file:
    return file.read()
