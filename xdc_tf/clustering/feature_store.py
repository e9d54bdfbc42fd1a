"""The features F of one encoder on disk: shards of .npy files that can be memory-mapped.

A shard is two files, `SPLIT-00000-of-00010.features.npy` (float16 [n, d]) and `SPLIT-00000-of-00010.index.npy` (int64 [n],
the clips' indices, ascending). The index is written last, so a shard that has one is whole. Behind its array, where NumPy's
readers do not look, it has the checksums of both arrays. Any number of processes may fill one store.
"""

import io
import re
import struct
import zlib
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from xdc_tf import files

# CRC-32 of the bytes of the features and of those of the index.
_CHECKSUMS = struct.Struct('<II')


CURE = 'Delete {}/DONE, if it is there, and give the command that made them again: it makes only what is missing.'


def write_shard(
  directory: str, split: str, shard: int, num_shards: int, index: np.ndarray, features: np.ndarray
) -> None:
  """Writes one whole shard; an older version of it is replaced.

  Args:
    directory: the store's folder; it is made.
    split: e.g. 'train'.
    shard: the number of this shard, 0 <= shard < num_shards.
    num_shards: how many shards the store will have.
    index: int64 [n], the clips' indices in any order; n may be 0 (no clip of the shard could be decoded).
    features: float [n, d], stored as float16.

  Raises:
    ValueError: when shapes do not fit, a clip comes twice, or a feature is not finite in float16.
  """
  if not 0 <= shard < num_shards:
    raise ValueError(f'Shard {shard} of {num_shards} of split {split!r} does not exist: they count from 0.')
  paths = _shard_paths(directory, split, shard, num_shards)
  index, features = np.asarray(index, np.int64), np.asarray(features)
  if index.ndim != 1 or features.ndim != 2 or len(index) != len(features):
    raise ValueError(
      f'{paths[0]}: expected index [n] and features [n, d] of the same n. Received: {index.shape} and {features.shape}.'
    )
  order = np.argsort(index, kind='stable')
  index = index[order]
  twice = index[1:][index[1:] == index[:-1]]
  if len(twice):
    raise ValueError(f'{paths[0]}: clip {twice[0]} comes twice. Every clip belongs once into one shard.')
  with np.errstate(over='ignore'):
    stored = features[order].astype(np.float16)
  _check_finite(paths[0], index, features[order], stored)
  # An old index would vouch for new features if we were killed between the two files.
  files.delete(paths[1])
  files.write_array(paths[0], stored)
  with files.atomic_write(paths[1]) as file:
    np.save(file, index, allow_pickle=False)
    file.write(_CHECKSUMS.pack(*_checksums(stored, index)))


class FeatureStore:
  """Reads the features of one split; nothing is kept in memory but shard lengths.

  Attributes:
    directory: the store's folder.
    split: the split's name.
  """

  def __init__(self, directory: str, split: str):
    self.directory = directory
    self.split = split
    self._headers: tuple[list[int], int] | None = None
    # Kept: a listing a shard made a pass take time with the square of the shards, and on s3:// or gs:// it is a request.
    self._num_shards: int | None = None
    self._compared: set[int] = set()

  def __repr__(self) -> str:
    return f'FeatureStore({self.directory!r}, {self.split!r})'

  @property
  def num_shards(self) -> int:
    """The number of shards of the whole store, as its file names say."""
    if self._num_shards is None:
      self._num_shards = self._count_shards(self._files())
    return self._num_shards

  def _count_shards(self, named: list[tuple[int, int, str]]) -> int:
    counts = sorted({num_shards for _, num_shards, _ in named})
    if not counts:
      raise FileNotFoundError(
        f'{self.directory} holds no features of split {self.split!r} (files {self.split}-00000-of-NNNNN.features.npy). '
        'Extract features first, or correct the folder.'
      )
    if len(counts) > 1:
      raise ValueError(
        f'{self.directory} mixes features of split {self.split!r} in {" and ".join(map(str, counts))} shards. '
        'They come from different records: delete the folder and extract the features again.'
      )
    return counts[0]

  def complete_shards(self) -> list[int]:
    """The numbers of the shards that are whole, ascending; empty while nothing is written."""
    return self._complete(self._files())

  def _complete(self, named: list[tuple[int, int, str]]) -> list[int]:
    with_features = {shard for shard, _, kind in named if kind == 'features'}
    return sorted({shard for shard, _, kind in named if kind == 'index'} & with_features)

  def missing_shards(self) -> list[int]:
    """The numbers of the shards that are not whole yet, ascending."""
    arrays = self._files()
    self._num_shards = self._count_shards(arrays)
    return sorted(set(range(self._num_shards)) - set(self._complete(arrays)))

  @property
  def shard_lengths(self) -> list[int]:
    """The number of clips of every shard. Raises ValueError while shards are missing."""
    return self._read_headers()[0]

  @property
  def num_clips(self) -> int:
    """The number of clips that have a feature. Raises ValueError while shards are missing."""
    return sum(self.shard_lengths)

  @property
  def dimension(self) -> int:
    """The length d of a feature. Raises ValueError while shards are missing."""
    return self._read_headers()[1]

  def read_shard(self, shard: int) -> tuple[np.ndarray, np.ndarray]:
    """Memory-maps one shard (a remote one is read whole), and compares its checksums when this store reads it first.

    Args:
      shard: its number.

    Returns:
      index int64 [n], ascending; features float16 [n, d].

    Raises:
      ValueError: when the two files do not fit together, or do not hold what was written.
    """
    index, features, written = self._open_shard(shard)
    # Stores from before there were checksums have none.
    if written and shard not in self._compared and written != _checksums(features, index):
      paths = ' and '.join(_shard_paths(self.directory, self.split, shard, self.num_shards))
      raise ValueError(
        f'Checksums differ: {paths} do not hold what was written. Delete both files and extract this shard again.'
      )
    self._compared.add(shard)
    return index, features

  def read_index(self, shard: int) -> np.ndarray:
    """Reads the clips' indices of one shard, int64 [n], ascending, without its features; read_shard alone compares checksums."""
    return _read_index(_shard_paths(self.directory, self.split, shard, self.num_shards)[1])[0]

  def _open_shard(self, shard: int) -> tuple[np.ndarray, np.ndarray, tuple[int, int] | None]:
    """Returns the index, the features, not read yet where they are local, and the checksums that were written."""
    features_path, index_path = _shard_paths(self.directory, self.split, shard, self.num_shards)
    features = files.read_array(features_path, memory_map=True)
    index, written = _read_index(index_path)
    fits = index.ndim == 1 and features.ndim == 2 and len(index) == len(features)
    if not fits or index.dtype != np.int64 or features.dtype != np.float16:
      raise ValueError(
        f'{features_path} and {index_path} do not fit: expected float16 [n, d] and int64 [n], found {features.dtype} '
        f'{list(features.shape)} and {index.dtype} {list(index.shape)}. Delete both files and extract this shard again.'
      )
    return index, features, written

  def blocks(self, block_size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields (index int64 [n], features float16 [n, d]), n <= block_size, as slices of memory-mapped files, in shard order."""
    for shard in range(len(self.shard_lengths)):
      index, features = self.read_shard(shard)
      for first in range(0, len(index), block_size):
        yield index[first : first + block_size], features[first : first + block_size]

  def _files(self) -> list[tuple[int, int, str]]:
    """(shard, num_shards, 'features' or 'index') of every file of this split."""
    if not tf.io.gfile.exists(self.directory):
      return []
    pattern = re.compile(rf'{re.escape(self.split)}-(\d{{5,}})-of-(\d{{5,}})\.(features|index)\.npy')
    matches = (pattern.fullmatch(name) for name in tf.io.gfile.listdir(self.directory))
    return [(int(match[1]), int(match[2]), match[3]) for match in matches if match]

  def _read_headers(self) -> tuple[list[int], int]:
    """The shards' lengths and the dimension they share."""
    if self._headers is not None:
      return self._headers
    missing = self.missing_shards()
    if missing:
      listed = ', '.join(map(str, missing[:10])) + (', ...' if len(missing) > 10 else '')
      raise ValueError(
        f'{self.directory} lacks {len(missing)} of {self.num_shards} shards of split {self.split!r}: {listed}. '
        + CURE.format(self.directory)
      )
    shapes = [self._open_shard(shard)[1].shape for shard in range(self.num_shards)]
    dimensions = sorted({shape[1] for shape in shapes})
    if len(dimensions) > 1:
      raise ValueError(
        f'{self.directory} mixes features of {" and ".join(map(str, dimensions))} dimensions in split {self.split!r}. '
        'They come from different encoders: delete the folder and extract the features again.'
      )
    self._headers = [shape[0] for shape in shapes], dimensions[0]
    return self._headers


def _shard_paths(directory: str, split: str, shard: int, num_shards: int) -> tuple[str, str]:
  """The paths of the features and of the index of one shard."""
  stem = f'{directory}/{split}-{shard:05d}-of-{num_shards:05d}'
  return f'{stem}.features.npy', f'{stem}.index.npy'


def _read_index(path: str) -> tuple[np.ndarray, tuple[int, int] | None]:
  """Returns the index of a shard, and the checksums that were written with it, if any."""
  with tf.io.gfile.GFile(path, 'rb') as file:
    contents = io.BytesIO(file.read())
  try:
    index, rest = np.load(contents, allow_pickle=False), contents.read()
    return index, _CHECKSUMS.unpack(rest) if rest else None
  except (*files.DAMAGED_ARRAY, struct.error) as error:
    raise ValueError(
      f'{path} is not a whole .npy file with checksums ({error}). Delete it and extract this shard again.'
    ) from error


def _checksums(features: np.ndarray, index: np.ndarray) -> tuple[int, int]:
  return zlib.crc32(np.ascontiguousarray(features).data), zlib.crc32(np.ascontiguousarray(index).data)


def _check_finite(path: str, index: np.ndarray, features: np.ndarray, stored: np.ndarray) -> None:
  """Raises a ValueError that names the first clip whose feature float16 cannot hold."""
  bad = np.flatnonzero(~np.isfinite(stored).all(axis=1))
  if not len(bad):
    return
  row = features[bad[0]]
  largest = np.nanmax(np.abs(row)) if np.isfinite(row).all() else 'nan or inf'
  raise ValueError(
    f'{path}: the feature of clip {index[bad[0]]} is not finite in float16 (largest value: {largest}; float16 ends at 65504); '
    f'{len(bad)} of {len(index)} clips are so. The encoder has diverged, or its BatchNorm saw too few batches: lower the learning '
    'rate or train longer, in a new run.'
  )
