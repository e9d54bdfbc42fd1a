"""One pass over a feature source under a strategy: rounds of one block per replica, read ahead while the last one is computed."""

import concurrent.futures
import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from xdc_tf import graphs


class Round(NamedTuple):
  """One block for every replica.

  Attributes:
    index: int64 [n], the clips of the whole round on all workers, in the order of the replicas.
    blocks: per-replica (parts, count): a float16 [block_size, d_i] tensor for each store, and how many of the rows are clips.
  """

  index: np.ndarray  # type: ignore[assignment]
  blocks: Any


class Rounds:
  """Deals the clips of a source out to the replicas, a block of fixed size each, so that nothing is traced twice.

  All workers walk through the same number of rounds; blocks beyond the end are empty (count 0).
  """

  def __init__(self, source, block_size: int, strategy: tf.distribute.Strategy):
    """Plans the rounds.

    Args:
      source: a FeatureSource.
      block_size: the most clips of one replica at a time.
      strategy: whose replicas take the blocks.
    """
    if block_size < 1:
      raise ValueError(f'block_size must be at least 1. Received: {block_size}.')
    self._source = source
    self._strategy = strategy
    num_replicas = strategy.num_replicas_in_sync
    self.num_rounds = -(-source.num_clips // (block_size * num_replicas))
    # Blocks of equal size: full ones would leave the last round nearly empty, and padding costs as much as clips.
    self.block_size = -(-source.num_clips // max(1, self.num_rounds * num_replicas))
    self._clips_per_round = self.block_size * num_replicas

  def __iter__(self) -> Iterator[Round]:
    with concurrent.futures.ThreadPoolExecutor(1) as reader:
      following: Any = reader.submit(self._read, 0) if self.num_rounds else None
      for number in range(self.num_rounds):
        current = following.result()
        if number + 1 < self.num_rounds:
          following = reader.submit(self._read, number + 1)
        yield current

  def _read(self, number: int) -> Round:
    first = number * self._clips_per_round
    last = min(first + self._clips_per_round, self._source.num_clips)

    def block(context):
      block_first = min(first + context.replica_id_in_sync_group * self.block_size, last)
      block_last = min(block_first + self.block_size, last)
      parts = self._source.read(np.arange(block_first, block_last), self.block_size)
      return tuple(tf.convert_to_tensor(part) for part in parts), tf.constant(block_last - block_first)

    index = self._source.index(np.arange(first, last))
    return Round(index, self._strategy.experimental_distribute_values_from_function(block))


class PreparedRounds:
  """The blocks of a source as a pass wants them, read anew or kept from the first pass on."""

  def __init__(
    self,
    source,
    block_size: int,
    strategy: tf.distribute.Strategy,
    prepare: Callable[[tf.Tensor], tuple[tf.Tensor, ...]],
    keep: bool = False,
    xla: bool = False,
  ):
    """Plans the rounds.

    Args:
      source: a FeatureSource.
      block_size: clips of one replica at a time.
      strategy: whose replicas take the blocks.
      prepare: features float32 [n, d] -> tensors that are the same in every pass.
      keep: whether these stay in the memory of the devices, so that later passes read nothing.
      xla: whether XLA compiles what is done with a block, and with `keep` a whole pass at once: on GPUs, where starting the
        operations of a block one by one takes ten times as long as they do (docs/several_gpus_and_hosts.md).
    """
    self.strategy = strategy
    self._rounds = Rounds(source, block_size, strategy)
    self._keep = keep
    self.xla = xla
    self._stacked: Any = None
    self._kept: list[tuple[int, Any]] = []

    def prepare_block(block):
      parts, count = block
      return prepare(source.prepare(parts)), count

    @graphs.compiled
    def step(block):
      return strategy.run(prepare_block, args=(block,))

    self._step = step

  @property
  def is_one_step(self) -> bool:
    """Whether a pass is one step over `stacked`, the first one too: what it returns is the same after a resume."""
    return self.xla and self._keep

  def stacked(self) -> tuple[int, Any]:
    """Returns how many clips there are, and per replica all blocks: (what `prepare` made, stacked, counts)."""
    if self._stacked is None:
      sizes, blocks = zip(*self, strict=True)

      @graphs.compiled
      def stack(blocks):
        return self.strategy.run(
          lambda blocks: tf.nest.map_structure(lambda *parts: tf.stack(parts), *blocks), args=(blocks,)
        )

      self._stacked = sum(sizes), stack(blocks)
      self._kept.clear()
    return self._stacked

  def __iter__(self) -> Iterator[tuple[int, Any]]:
    """Yields how many clips a round has, and per replica (what `prepare` made, count)."""
    if self._kept and len(self._kept) == self._rounds.num_rounds:
      yield from self._kept
      return
    self._kept.clear()  # of a pass that was broken off
    for current in self._rounds:
      prepared = len(current.index), self._step(current.blocks)
      if self._keep:
        self._kept.append(prepared)
      yield prepared


class BlockSum:
  """Sums a function of a block over all blocks of a source: float64, one reduction over the strategy at the end."""

  def __init__(self, rounds: PreparedRounds, function: Callable[..., tf.Tensor], shape: tuple[int, ...]):
    """Prepares the sum; calling the object makes one pass.

    Args:
      rounds: the blocks.
      function: (prepared tensors, count, *arguments) -> float64 [*shape]; rows from `count` on are padding.
      shape: the shape of the sum.
    """
    self._rounds = rounds
    self._strategy = rounds.strategy
    self._shape = shape

    def add(totals, block, *arguments):
      prepared, count = block
      return totals + function(prepared, count, *arguments)

    def add_all(totals, blocks, *arguments):
      def add_next(number, totals):
        return number + 1, add(totals, tf.nest.map_structure(lambda stacked: stacked[number], blocks), *arguments)

      num_blocks = blocks[1].shape[0]
      return tf.while_loop(lambda number, _: number < num_blocks, add_next, (0, totals))[1]

    a_step = add_all if rounds.is_one_step else add
    compiled = graphs.compiled(a_step, jit_compile=True) if rounds.xla else a_step

    @graphs.compiled
    def step(totals, block, arguments):
      return rounds.strategy.run(compiled, args=(totals, block, *arguments))

    self._step = step

  def __call__(self, *arguments: Any, on_round: Callable[[int], None] | None = None) -> np.ndarray:
    """Makes one pass.

    Args:
      *arguments: tensors, or tuples of them, that every replica receives.
      on_round: called with the number of clips of every finished round, for progress bars.

    Returns:
      float64 [*shape].
    """
    totals = self._strategy.experimental_distribute_values_from_function(lambda _: tf.zeros(self._shape, tf.float64))
    with full_float32():
      for num_clips, block in [self._rounds.stacked()] if self._rounds.is_one_step else self._rounds:
        totals = self._step(totals, block, arguments)
        if on_round:
          on_round(num_clips)
      return self._strategy.reduce(tf.distribute.ReduceOp.SUM, totals, axis=None).numpy()


@contextlib.contextmanager
def full_float32() -> Iterator[None]:
  """Matrix products with all 24 bits: TensorFlow would use TF32 (11 bits) on recent GPUs, too little to compare distances."""
  before = tf.config.experimental.tensor_float_32_execution_enabled()
  tf.config.experimental.enable_tensor_float_32_execution(False)
  try:
    yield
  finally:
    tf.config.experimental.enable_tensor_float_32_execution(before)
