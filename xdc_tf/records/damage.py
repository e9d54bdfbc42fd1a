"""Whether the shards of records are whole; every record carries checksums of its length and of its bytes."""

import contextlib
from collections.abc import Iterator

import tensorflow as tf
from absl import logging

from xdc_tf import messages
from xdc_tf.records import positions
from xdc_tf.records.schema import Records

REPAIR = 'Run the command that made it again with --repair: python -m beam_pipelines.make_clips makes such shards anew.'
# What TensorFlow says of bytes that are not what they were, and of records that are gone; not of a full memory or an interruption.
_OF_BYTES = (
  tf.errors.DataLossError,
  tf.errors.FailedPreconditionError,
  tf.errors.InvalidArgumentError,
  tf.errors.NotFoundError,
  tf.errors.OutOfRangeError,
  tf.errors.UnknownError,
)


def of_shard(path: str, num_records: int) -> str:
  """Reads a shard from its beginning to its end.

  Args:
    path: the path of the shard.
    num_records: that it shall hold.

  Returns:
    what is wrong with it; '' where it is whole.
  """
  if not tf.io.gfile.exists(path):
    return 'is missing'
  try:
    # Not by `reduce`: TensorFlow keeps the graph of each, a tenth of a megabyte a shard.
    readable_records = sum(1 for _ in tf.data.TFRecordDataset(path))
  except tf.errors.OpError as error:
    return f'is damaged ({messages.of_error(error)})'
  return '' if readable_records == num_records else f'holds {readable_records} records, and {num_records} were written'


def check_length(records: Records, split: str, shard: int) -> None:
  """Raises a ValueError when a shard holds another number of records than were written, by a look at where they lie."""
  path, length = records.shard_paths(split)[shard], records.shard_lengths[split][shard]
  num_records = len(positions.read_indices(path))
  if num_records != length:
    raise ValueError(f'{path} holds {num_records} records, and {length} were written. {REPAIR}')


def check(records: Records, split: str, error: BaseException | None = None) -> None:
  """Reads all shards of a split; raises a ValueError that names the first damaged one."""
  for path, length in zip(records.shard_paths(split), records.shard_lengths[split], strict=True):
    damage = of_shard(path, length)
    if damage:
      raise ValueError(f'{path} {damage}. {REPAIR}') from error


@contextlib.contextmanager
def named(records: Records, split: str) -> Iterator[None]:
  """Names the shard where what is done within fails on a damaged one: TensorFlow says no more than a position.

  Raises:
    ValueError: with the shard, what is wrong and what to do. Errors of other causes stay what they are.
  """
  try:
    yield
  except _OF_BYTES as error:
    logging.warning(
      'Reading every shard of the split %s, since one of them may be damaged: %s', split, messages.of_error(error)
    )
    check(records, split, error)
    raise
