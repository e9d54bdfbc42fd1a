"""Records -> batches: order, skip, sample, read and decode only what is used, augment, batch.

Training is an endless stream in which everything random is a function of position, so that a restart at any step gives what an
undisturbed run would have got. The order is that of training_order.py; the clip, its crop and its mirroring depend on (seed,
pass, index of the record). Until after the shuffle a clip is no more than the place of its bytes in a shard (positions.py): those
are read, in parallel, and nothing else of a span is. Evaluation reads the files from their beginning to their end.
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from xdc_tf import graphs
from xdc_tf.records import damage, label_table, positions, schema, training_order
from xdc_tf.records.inputs import Input
from xdc_tf.records.schema import Records

__all__ = ['PipelinePart', 'evaluation_dataset', 'training_dataset']

_BUFFER_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True)
class PipelinePart:
  """One of the pipelines, a worker each, that share the training data, and how it shuffles.

  Rows of a manifest are often sorted by class, or are spans of the same film: a window must come from many shards.

  Attributes:
    pipeline: its number.
    num_pipelines: how many there are; at most as many as there are shards.
    shuffle_window: clips shuffled at a time.
    shards_together: shards read in turn.
  """

  pipeline: int = 0
  num_pipelines: int = 1
  shuffle_window: int = 4096
  shards_together: int = 256


@graphs.plain
def training_dataset(
  records: Records,
  split: str,
  inputs: Input,
  labels: Mapping[str, np.ndarray],
  batch_size: int,
  seed: int,
  first_step: int = 0,
  subset: np.ndarray | None = None,
  part: PipelinePart = PipelinePart(),
  normalize: bool = True,
) -> tf.data.Dataset:
  """Reads random clips without end, in an order that depends on the arguments alone.

  `training_dataset(first_step=k)` equals `training_dataset().skip(k)` bit for bit. Starting there reads at most one group of shards
  and one window of records more than an undisturbed run would, and decodes nothing more. Each pass holds each clip exactly once,
  and batches run on over the end of a pass, so they are always full.

  Args:
    records: the data set.
    split: which split.
    inputs: VideoInput or AudioInput.
    labels: for each head, as label_table.py has them.
    batch_size: B, clips per batch of this pipeline.
    seed: the seed of the order, the clips and the augmentation.
    first_step: the first batch to return.
    subset: bool [records.num_rows(split)]: train on these clips only, as if there were no others; None: on all. The shards are
      read once before, to count them.
    part: which of the pipelines that share the data this is, and how each of them shuffles.
    normalize: False leaves `inputs.on_device` to the caller, who does it where the model runs: until there a clip of video stays
      uint8, a quarter of the bytes.
  Returns:
    batches (x float32 [B, *inputs.shape], {head: [B, ...]}); without `normalize` x is uint8 for video.

  Raises:
    ValueError: when the records do not suit `inputs`, the labels or the number of pipelines.
  """
  check_inputs(records, split, inputs)
  paths, lengths = _used_shards(records, split, subset, part.num_pipelines)
  with tf.device('CPU:0'):  # tf.data reads its tables there, also where a GPU would take them.
    order = training_order.TrainingOrder(
      paths=paths,
      lengths=lengths,
      seed=seed,
      pipeline=part.pipeline,
      num_pipelines=part.num_pipelines,
      window=part.shuffle_window,
      shards_together=part.shards_together,
      keep=None if subset is None else tf.constant(subset),
    )
    dataset = _training_views(order, records, inputs, first_step * batch_size, normalize)
    dataset = _with_labels(dataset.batch(batch_size, drop_remainder=True), _tables(records, split, labels))
  return dataset.prefetch(2).with_options(options())


def _used_shards(
  records: Records, split: str, subset: np.ndarray | None, num_pipelines: int
) -> tuple[np.ndarray, np.ndarray]:
  """The paths and lengths of the shards that hold clips to train on; at least one for each input pipeline."""
  lengths = clips_of_shards(records, split, subset)
  used = np.flatnonzero(lengths)
  if len(used) < num_pipelines:
    raise ValueError(
      f'{records.directory} has {len(used)} shards with clips in split {split!r} for {num_pipelines} input pipelines; '
      'expected at least one for each. Make the clips again with a smaller --clips_per_shard, or train on fewer workers.'
    )
  # As objects: an array of text takes four bytes a letter.
  return np.array(records.shard_paths(split), object)[used], lengths[used]


def _training_views(
  order: training_order.TrainingOrder, records: Records, inputs: Input, first_clip: int, normalize: bool
) -> tf.data.Dataset:
  """Random clips in their order, without end, from clip `first_clip`: (x [*inputs.shape], index int64 [])."""

  def sample(record: dict[str, tf.Tensor], clip_seed: tf.Tensor) -> dict[str, tf.Tensor]:
    # Folded with 0 the seed places the clip, with 1 it makes the view.
    located = inputs.locate(record, records, training_order.fold_in(clip_seed, 0))
    kept = {name: record[name] for name in ('path', 'changed', 'index')}
    return {**kept, 'seed': training_order.fold_in(clip_seed, 1), **located}

  def view(clip: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    data = tf.numpy_function(_read, [clip['path'], clip['begin'], clip['size'], clip['changed']], tf.string)
    x = inputs.augment(inputs.take(tf.ensure_shape(data, []), clip, records), clip['seed'])
    # A clip at a time, while it is in the processor's cache: whole batches take longer.
    return inputs.on_device(x) if normalize else x, clip['index']

  dataset = order.clips(sample, *order.locate(first_clip))
  return dataset.map(view, num_parallel_calls=num_cpus(), deterministic=True)


def _read(path: bytes, begin: int, size: int, changed: int) -> bytes:
  return positions.read(path.decode(), int(begin), int(size), int(changed))


def _with_labels(dataset: tf.data.Dataset, tables: Mapping[str, tf.Tensor]) -> tf.data.Dataset:
  """Batches (x, index) -> (x, {head: labels})."""
  return dataset.map(lambda x, index: (x, {head: label_table.lookup(table, index) for head, table in tables.items()}))


def clips_of_shards(records: Records, split: str, subset: np.ndarray | None) -> np.ndarray:
  """How many clips of each shard there are to read, int64 [shards]."""
  if subset is None:
    return np.array(records.shard_lengths[split], np.int64)
  if subset.shape != (records.num_rows(split),) or subset.dtype != bool:
    raise ValueError(
      f'subset is {subset.dtype} {list(subset.shape)}; expected bool [{records.num_rows(split)}], one value for each manifest row '
      f'of split {split!r} in {records.directory}.'
    )
  for shard in range(len(records.shard_lengths[split])):
    damage.check_length(records, split, shard)
  lengths = np.array([subset[positions.read_indices(path)].sum() for path in records.shard_paths(split)], np.int64)
  if not lengths.sum():
    raise ValueError(
      f'{records.directory} holds none of the {subset.sum()} clips of split {split!r} that are asked for: their videos '
      'failed, see failed_videos.jsonl.'
    )
  return lengths


def serialized_records(records: Records, split: str, shards: Sequence[int]) -> tf.data.Dataset:
  """Reads the records of some shards, string [], as they are stored.

  A shard that lost records, as an empty file after a power cut, has none that is damaged: its end is a FailedPreconditionError,
  which damage.named puts into words.
  """
  paths, lengths = records.shard_paths(split), records.shard_lengths[split]
  dataset = tf.data.TFRecordDataset(tf.constant([paths[s] for s in shards], tf.string), buffer_size=_BUFFER_BYTES)
  return dataset.apply(tf.data.experimental.assert_cardinality(sum(lengths[s] for s in shards)))


@graphs.plain
def evaluation_dataset(
  records: Records,
  split: str,
  inputs: Input,
  batch_size: int,
  num_clips: int = 1,
  shards: Sequence[int] | None = None,
  labels: Mapping[str, np.ndarray] | None = None,
  subset: np.ndarray | None = None,
  normalize: bool = True,
) -> tf.data.Dataset:
  """Reads every record once, in the order of the files, without augmentation.

  Args:
    records: the data set.
    split: which split.
    inputs: VideoInput or AudioInput.
    batch_size: b, records per batch; the last batch of a shard may be smaller.
    num_clips: n, clips of each record at uniform distances; 1: its middle.
    shards: numbers of the shards to read, in this order; None: all.
    labels: for each head, as label_table.py has them.
    subset: bool [records.num_rows(split)]: read these clips only, and decode no other; None: all.
    normalize: False leaves `inputs.on_device` to the caller, as in training_dataset.
  Returns:
    batches {'index': int64 [b], 'input': float32 [b, n, *inputs.shape]}, with 'labels': {head: [b, ...]} where there are labels;
    without `normalize` the input is uint8 for video.

  Raises:
    ValueError: when the records do not suit `inputs` or the labels, or a shard does not exist.
  """
  check_inputs(records, split, inputs)
  num_shards = len(records.shard_lengths[split])
  shards = range(num_shards) if shards is None else shards
  unknown = sorted(set(shards) - set(range(num_shards)))
  if unknown:
    raise ValueError(
      f'{records.directory} has no shard {unknown[0]} in split {split!r}; its shards are 0 .. {num_shards - 1}.'
    )

  def view(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
    example = schema.parse(serialized, **inputs.wanted)
    views = inputs.stored_views(example, records, num_clips)
    return {'index': example['index'], 'input': inputs.on_device(views) if normalize else views}

  lengths = clips_of_shards(records, split, subset)
  with tf.device('CPU:0'):
    tables = _tables(records, split, labels or {})

    def add_labels(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
      return batch | {'labels': {head: label_table.lookup(table, batch['index']) for head, table in tables.items()}}

    dataset = serialized_records(records, split, shards)
    if subset is not None:
      keep = tf.constant(subset)
      dataset = dataset.filter(lambda serialized: tf.gather(keep, schema.parse_index(serialized)))
    dataset = dataset.map(view, num_parallel_calls=num_cpus(), deterministic=True)
    dataset = dataset.batch(1).rebatch(_batch_sizes([lengths[s] for s in shards], batch_size))
    if labels is not None:
      dataset = dataset.map(add_labels)
  return dataset.prefetch(2).with_options(options())


def _batch_sizes(shard_lengths: Sequence[int], batch_size: int) -> np.ndarray:
  """The sizes of evaluation's batches, int64 [number of batches].

  A batch ends with its shard, so the numbers of a clip do not depend on which shards are read, after a restart for example.
  """
  sizes = [min(batch_size, length - first) for length in shard_lengths for first in range(0, length, batch_size)]
  return np.array(sizes or [batch_size], np.int64)


def _tables(records: Records, split: str, labels: Mapping[str, np.ndarray]) -> dict[str, tf.Tensor]:
  """The label tables as tensors, checked."""
  num_rows = records.num_rows(split)
  return {
    head: tf.constant(label_table.checked(table, num_rows, f'labels[{head!r}]')) for head, table in labels.items()
  }


def check_inputs(records: Records, split: str, inputs: Input) -> None:
  """Reads one record, so that what does not fit is an error now and not in the middle of a graph."""
  if not records.num_clips(split):
    raise ValueError(
      f'{records.directory} holds no clips in split {split!r}: all of its videos failed, see failed_videos.jsonl.'
    )
  shard = int(np.flatnonzero(records.shard_lengths[split])[0])
  with damage.named(records, split):
    first = next(iter(tf.data.TFRecordDataset(records.shard_paths(split)[shard])), None)
    if first is None:
      damage.check(records, split)
    example = schema.parse(first, **inputs.wanted)
  inputs.check(records, example)


def num_cpus() -> int:
  """The number of cores that this process may use."""
  return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


def options() -> tf.data.Options:
  """How every pipeline of the project runs: in order, without tuning, not shared out again."""
  result = tf.data.Options()
  result.deterministic = True
  # Its thread wakes at intervals that double, and an iterator is not freed before it does: stages of 11 seconds took 20.
  result.autotune.enabled = False
  # Pipelines share out the shards themselves; a strategy that did it once more would lose data.
  result.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
  return result
