"""A pass over a feature store of the default 64 clips a shard, read and normalised as k-means does, nothing kept.

Against the same clips in shards of 50,000; and four times as many shards against the time of four such passes: what a clip costs
must not depend on how many shards there are.
"""

import functools
import tempfile

import numpy as np
import tensorflow as tf

from benchmarks.speed import clustering_cases, comparison
from benchmarks.speed.comparison import Comparison
from xdc_tf.clustering.feature_source import FeatureSource
from xdc_tf.clustering.feature_store import FeatureStore, write_shard

SHARDS = 2_000
TIMES = 4
CLIPS_PER_SHARD = 64
BLOCK = 8192


def write_small_shards(folder: str, features: np.ndarray) -> str:
  """Writes a store of CLIPS_PER_SHARD clips a shard; returns the folder."""
  shards = len(features) // CLIPS_PER_SHARD
  for shard, part in enumerate(np.split(features, shards)):
    write_shard(folder, 'train', shard, shards, np.arange(len(part)) + shard * CLIPS_PER_SHARD, part)
  return folder


def read(folder: str, times: int = 1) -> None:
  """Opens a store and takes all blocks, as a k-means that is started does."""
  for _ in range(times):
    for _ in FeatureSource([FeatureStore(folder, 'train')]).blocks(BLOCK):
      pass


def main() -> None:
  """Measures and reports."""
  arguments = comparison.parser('feature_store', __doc__).parse_args()
  tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
  features = clustering_cases.noise(TIMES * SHARDS * CLIPS_PER_SHARD, 0)
  with tempfile.TemporaryDirectory() as folder:
    few = features[: SHARDS * CLIPS_PER_SHARD]
    clustering_cases.write_store(f'{folder}/large', few)
    small, many = write_small_shards(f'{folder}/small', few), write_small_shards(f'{folder}/many', features)
    what = f'a pass over {SHARDS:,} feature shards of {CLIPS_PER_SHARD} clips'
    rows = [
      Comparison(what, 'the same clips, 50,000 a shard', lambda: read(small), lambda: read(f'{folder}/large'), None),
      Comparison(
        f'a pass over {TIMES * SHARDS:,} feature shards',
        f'{TIMES} passes over {SHARDS:,}',
        lambda: read(many),
        functools.partial(read, small, TIMES),
        1.1,
      ),
    ]
    comparison.report([comparison.measure(row, arguments.repeats) for row in rows], arguments.output, arguments.threads)


if __name__ == '__main__':
  main()
