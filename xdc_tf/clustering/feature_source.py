"""What a clustering reads: the features of one encoder, or of several joined by clip (CDC, Section 3.2)."""

import copy
import dataclasses
import functools
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from xdc_tf.clustering.feature_store import FeatureStore
from xdc_tf.clustering.preprocessing import Projection, prepare


@dataclasses.dataclass(frozen=True)
class _OpenShard:
  """One shard of every store: the clips they share, where those lie in each (None: all rows), and the features."""

  shard: int
  index: np.ndarray
  positions: list[np.ndarray | None]
  features: list[np.ndarray]


class FeatureSource:
  """Clips with features in all stores, numbered 0 .. num_clips - 1 in the order of the shards; one shard is open at a time.

  Attributes:
    stores: the feature stores.
    l2_normalize: whether each part is divided by its length. Always true for several stores (Section 3.2).
    projection: a whitening PCA that is applied last, or None.
    num_clips: clips that all stores hold.
    num_left_out: clips that only some stores hold (a video without sound); they are not clustered.
  """

  def __init__(self, stores: list[FeatureStore], l2_normalize: bool = True, projection: Projection | None = None):
    """Reads the indices of all shards of several stores once, to count the clips that they share.

    Args:
      stores: one for each encoder, complete, made from the same records.
      l2_normalize: see above.
      projection: see above.

    Raises:
      ValueError: when a store lacks shards or the stores have different numbers of shards.
    """
    if not stores:
      raise ValueError('A FeatureSource needs at least one FeatureStore.')
    for store in stores[1:]:
      if store.num_shards != stores[0].num_shards:
        raise ValueError(
          f'{stores[0].directory} has {stores[0].num_shards} shards of split {stores[0].split!r} but {store.directory} has '
          f'{store.num_shards} of split {store.split!r}. They come from different records: extract both from the same ones.'
        )
    self.stores = list(stores)
    self.l2_normalize = l2_normalize or len(stores) > 1
    self.projection = projection
    self._opened: _OpenShard | None = None
    lengths, self.num_left_out = self._count()
    self._ends = np.cumsum(lengths)
    self.num_clips = int(self._ends[-1])

  @property
  def part_dimensions(self) -> list[int]:
    """The number of dimensions each store holds."""
    return [store.dimension for store in self.stores]

  @property
  def dimension(self) -> int:
    """The number of dimensions of what is clustered."""
    return sum(self.part_dimensions) if self.projection is None else self.projection.matrix.shape[1]

  def with_projection(self, projection: Projection | None) -> 'FeatureSource':
    """The same clips, projected otherwise."""
    other = copy.copy(self)
    other.projection = projection
    return other

  def prepare(self, parts: tuple[tf.Tensor, ...]) -> tf.Tensor:
    """Stored parts (float16 [n, d_i] each) -> float32 [n, d] ready to cluster, in the graph; see preprocessing.prepare."""
    return prepare(parts, self.l2_normalize, self.projection)

  def index(self, rows: np.ndarray) -> np.ndarray:
    """The clips' indices, int64 [n], of `rows` (int [n], ascending, in 0 .. num_clips - 1)."""
    index = np.empty(len(rows), np.int64)
    for begin, end, local, opened in self._runs(rows):
      index[begin:end] = opened.index[local]
    return index

  def read(self, rows: np.ndarray, padded_size: int) -> list[np.ndarray]:
    """Reads stored features.

    Args:
      rows: int [n], ascending, in 0 .. num_clips - 1; n <= padded_size.
      padded_size: the length of what is returned; rows from n on are zero.

    Returns:
      One float16 [padded_size, d_i] array for each store.
    """
    pieces: list[list[np.ndarray]] = [[] for _ in self.stores]
    for _, _, local, opened in self._runs(rows):
      for some, positions, features in zip(pieces, opened.positions, opened.features, strict=True):
        some.append(features[local if positions is None else positions[local]])
    if len(rows) < padded_size:
      for some, dimension in zip(pieces, self.part_dimensions, strict=True):
        some.append(np.zeros((padded_size - len(rows), dimension), np.float16))
    return [np.concatenate(some) if len(some) > 1 else some[0] for some in pieces]

  def blocks(self, block_size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields (index int64 [n], features float32 [n, d] as they are clustered), n <= block_size, across shards."""
    for first in range(0, self.num_clips, block_size):
      rows = np.arange(first, min(first + block_size, self.num_clips))
      yield self.index(rows), self.prepare(tuple(self.read(rows, len(rows)))).numpy()

  def _runs(self, rows: np.ndarray) -> Iterator[tuple[int, int, slice | np.ndarray, _OpenShard]]:
    """Splits ascending rows by shard: yields (begin, end) within `rows`, the rows within the shard, and the shard."""
    begin = 0
    while begin < len(rows):
      shard = int(np.searchsorted(self._ends, rows[begin], side='right'))
      end = int(np.searchsorted(rows, self._ends[shard], side='left'))
      opened = self._open(shard)
      local = rows[begin:end] - (self._ends[shard] - len(opened.index))
      if local[-1] - local[0] + 1 == len(local):  # a slice of a memory-map copies nothing
        local = slice(int(local[0]), int(local[-1]) + 1)
      yield begin, end, local, opened
      begin = end

  def _open(self, shard: int) -> _OpenShard:
    """Memory-maps a shard of every store and joins them; the last one is kept, as blocks come in order."""
    opened = self._opened
    if opened is None or opened.shard != shard:
      read = [store.read_shard(shard) for store in self.stores]
      shared = _shared([index for index, _ in read])
      # Indices ascend within a shard, so that places are found by bisection.
      positions = [None if len(index) == len(shared) else np.searchsorted(index, shared) for index, _ in read]
      opened = _OpenShard(shard, shared, positions, [features for _, features in read])
      self._opened = opened
    return opened

  def _count(self) -> tuple[list[int], int]:
    """How many clips each shard has in all stores, and how many clips only some stores hold."""
    if len(self.stores) == 1:
      return self.stores[0].shard_lengths, 0
    lengths, num_left_out = [], 0
    for store in self.stores:
      _ = store.shard_lengths  # complains about missing shards before anything is read
    for shard in range(self.stores[0].num_shards):
      indices = [store.read_index(shard) for store in self.stores]
      lengths.append(len(_shared(indices)))
      num_left_out += len(np.unique(np.concatenate(indices))) - lengths[-1]
    return lengths, num_left_out


def _shared(indices: list[np.ndarray]) -> np.ndarray:
  """The clips of a shard that all stores hold, ascending."""
  return functools.reduce(np.intersect1d, indices[1:], np.asarray(indices[0]))
