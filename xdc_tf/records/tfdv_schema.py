"""What TensorFlow Data Validation shall find in records: the text of `schema.pbtxt`, which lies beside them."""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf


def schema_text(spec: Mapping[str, Any], label_names: Sequence[str], num_official_splits: int, num_filters: int) -> str:
  """Returns a TensorFlow Metadata schema; an empty list of labels is "no label", so none needs a number of its own, such as -1.

  Args:
    spec: the features of a record, as tf.io.parse_example takes them.
    label_names: the classes in the order of their numbers; may be empty.
    num_official_splits: values of official_split in every record.
    num_filters: the number of filters of log_mel, whose values lie frame after frame.
  """
  from google.protobuf import text_format  # Slow to import, and only wanted where records are finished.
  from tensorflow_metadata.proto.v0 import schema_pb2

  kinds = {tf.string: schema_pb2.BYTES, tf.float32: schema_pb2.FLOAT, tf.int64: schema_pb2.INT}
  schema, features = schema_pb2.Schema(), {}
  for name, kind in sorted(spec.items()):
    features[name] = feature = schema.feature.add(name=name, type=kinds[kind.dtype])
    # Every record has every feature, be it without values.
    feature.presence.min_fraction, feature.presence.min_count = 1.0, 1
    if isinstance(kind, tf.io.FixedLenFeature):
      feature.shape.SetInParent()
    else:
      feature.value_count.min = 0
  features['index'].int_domain.min = 0
  for name in ('start_seconds', 'log_mel'):
    features[name].float_domain.disallow_nan = features[name].float_domain.disallow_inf = True
  # Looked at by StatsOptions(enable_semantic_domain_stats=True) only, from 100 frames on.
  features['frames'].image_domain.minimum_supported_image_fraction = 1.0
  if label_names:
    features['labels'].int_domain.min, features['labels'].int_domain.max = 0, len(label_names) - 1
  else:
    features['labels'].value_count.max = 0
  official = features['official_split']
  official.value_count.min = official.value_count.max = num_official_splits
  official.int_domain.min, official.int_domain.max = 0, 2
  # For readers that make tensors of it: log_mel as [B, None, num_filters]. Its length is not validated.
  sound = schema.tensor_representation_group[''].tensor_representation['log_mel'].ragged_tensor
  sound.feature_path.step.append('log_mel')
  sound.partition.add(uniform_row_length=num_filters)
  return text_format.MessageToString(schema)
