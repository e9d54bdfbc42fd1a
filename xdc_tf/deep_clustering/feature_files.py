"""Features of records -> the files of a feature store, a shard at a time; shards that are there stay."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from xdc_tf import progress
from xdc_tf.clustering.feature_store import FeatureStore, write_shard
from xdc_tf.records import damage
from xdc_tf.records.schema import Records

Batches = Iterator[tuple[np.ndarray, np.ndarray]]


def write_features(
  folder: str,
  records: Records,
  splits: Iterable[str],
  batches_of: Callable[[str, list[int]], Batches],
  dimension: int,
  what: str,
  worker: int = 0,
  num_workers: int = 1,
) -> None:
  """Writes the shards that this worker has to write and that are not there yet.

  Args:
    folder: the folder of the store.
    records: the data set.
    splits: which of its splits.
    batches_of: takes a split and the numbers of shards; yields (index int64 [b], features float [b, dimension]) of these shards in
      their order, where a batch never runs over two shards.
    dimension: how many numbers a feature has.
    what: the name of the progress bar.
    worker: the number of this worker.
    num_workers: how many there are; each writes every num_workers-th shard.

  Raises:
    ValueError: when a shard of the records is damaged, or a feature is not finite.
  """
  for split in splits:
    lengths = records.shard_lengths[split]
    written = set(FeatureStore(folder, split).complete_shards())
    mine = range(worker, len(lengths), num_workers)
    missing = [shard for shard in mine if shard not in written]
    done = sum(lengths[shard] for shard in mine if shard in written)
    total = sum(lengths[shard] for shard in mine)
    with progress.bar(description=f'{what} {split}', total=total, initial=done, unit='clip') as bar:
      batches = batches_of(split, missing)
      for shard in missing:
        damage.check_length(records, split, shard)
        index, features = _take(batches, lengths[shard], dimension, bar)
        write_shard(folder, split, shard, len(lengths), index, features)


def _take(batches: Batches, count: int, dimension: int, bar) -> tuple[np.ndarray, np.ndarray]:
  """Joins the batches of one shard, which has `count` clips or none."""
  parts = [(np.zeros(0, np.int64), np.zeros([0, dimension], np.float32))]
  while count > 0:
    parts.append(next(batches))
    count -= len(parts[-1][0])
    bar.update(len(parts[-1][0]))
  index, features = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
  return index, features
