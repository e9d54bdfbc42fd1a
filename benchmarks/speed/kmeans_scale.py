"""Streaming k-means, k = 1024, over up to 5,000,000 clips x 512 of float16 on disk: one pass, in bounded memory.

The features are made here (5 GB) and deleted afterwards. Nothing is kept between passes (memory=0), as with the 65 million
clips of the paper's largest data set. Every run of `kmeans.fit` has a process of its own, whose peak of resident memory counts.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np
import tensorflow as tf

from benchmarks.speed import clustering_cases, comparison
from xdc_tf.clustering import kmeans
from xdc_tf.clustering.feature_source import FeatureSource
from xdc_tf.clustering.feature_store import FeatureStore, write_shard

SIZES = (100_000, 1_000_000, 5_000_000)
CLIPS_PER_SHARD = 50_000
NUM_CLUSTERS = 1024
# Time of a pass / time of reading the files or of the bare products, whichever takes longer.
LIMIT = 1.25
# Seconds per clip from the second size to the third / from the first to the second.
SLOPE_LIMIT = 1.1
MEMORY_LIMIT = 1.5e9


def main() -> None:
  """Measures in child processes and reports. Raises OSError when the disk has too little room."""
  parser = comparison.parser('kmeans_scale', __doc__)
  parser.add_argument('--folder', default=tempfile.gettempdir(), help='for the features; default: %(default)s')
  parser.add_argument('--child', nargs=2, metavar=('TASK', 'SIZE'), help='run only this, on the features in --folder')
  parser.set_defaults(repeats=1)
  arguments = parser.parse_args()
  if arguments.child:
    task, size = arguments.child
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    print(json.dumps({'seconds': TASKS[task](arguments.folder, int(size)), 'resident_bytes': peak_resident_bytes()}))
    return
  needed = 2 * SIZES[-1] * clustering_cases.DIMENSION
  if shutil.disk_usage(arguments.folder).free < 1.2 * needed:
    raise OSError(
      f'{arguments.folder} has too little room for {needed / 1e9:.1f} GB of features: name another --folder.'
    )
  with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
    make_stores(folder)
    rows = measure(folder, arguments.threads, arguments.repeats)
  comparison.report(rows, arguments.output, arguments.threads)
  resident = max(row['resident_bytes'] for row in rows)
  print(f'resident memory at most {resident / 1e9:.2f} GB, limit {MEMORY_LIMIT / 1e9} GB')
  sys.exit(resident > MEMORY_LIMIT)


def make_stores(folder: str) -> None:
  """Writes the store of the largest size; the others are its first shards, by hard links."""
  features = clustering_cases.encoder_like(CLIPS_PER_SHARD, 0)
  for size in reversed(SIZES):
    num_shards = size // CLIPS_PER_SHARD
    for shard in range(num_shards):
      if size == SIZES[-1]:
        index = np.arange(shard * CLIPS_PER_SHARD, (shard + 1) * CLIPS_PER_SHARD)
        # The same clips with their dimensions rotated: other features at the price of a copy.
        write_shard(f'{folder}/{size}', 'train', shard, num_shards, index, np.roll(features, shard, axis=1))
        continue
      os.makedirs(f'{folder}/{size}', exist_ok=True)
      for kind in ('features', 'index'):
        largest = f'{folder}/{SIZES[-1]}/train-{shard:05d}-of-{SIZES[-1] // CLIPS_PER_SHARD:05d}.{kind}.npy'
        os.link(largest, f'{folder}/{size}/train-{shard:05d}-of-{num_shards:05d}.{kind}.npy')


def measure(folder: str, threads: int, repeats: int) -> list[dict]:
  """Runs every task `repeats` times, in turns, and makes the rows."""
  tasks = [('fit', size) for size in SIZES] + [('read', SIZES[-1]), ('multiply', SIZES[-1])]
  runs: dict[tuple[str, int], list[dict]] = {task: [] for task in tasks}
  for _ in range(repeats):
    for task in tasks:
      runs[task].append(_run_child(folder, threads, *task))
      print(*task, runs[task][-1], flush=True)
  seconds = {task: np.array([run['seconds'] for run in runs[task]]) for task in tasks}
  ours = [seconds['fit', size] for size in SIZES]
  resident = max(run['resident_bytes'] for size in SIZES for run in runs['fit', size])
  what = f'k-means {SIZES[-1]:,} x {clustering_cases.DIMENSION}, k = {NUM_CLUSTERS}, a pass from disk'
  peers = {'reading the files': 'read', 'the bare float32 products': 'multiply'}
  slower = max(peers, key=lambda peer: np.median(seconds[peers[peer], SIZES[-1]]))
  rows = [
    _row(what, peer, ours[-1], seconds[task, SIZES[-1]], LIMIT if peer == slower else None, resident)
    for peer, task in peers.items()
  ]
  early, late = ((ours[i + 1] - ours[i]) / (SIZES[i + 1] - SIZES[i]) * 1e6 for i in range(2))
  a_million = 'k-means, k = {}, a pass from disk, a million clips more: {:,} to {:,}'
  rows.append(
    _row(
      a_million.format(NUM_CLUSTERS, *SIZES[1:]), '{:,} to {:,}'.format(*SIZES[:2]), late, early, SLOPE_LIMIT, resident
    )
  )
  return rows


def fit(folder: str, size: int) -> float:
  """Times one pass of `kmeans.fit` with all that belongs to it, after a small one that loads the libraries."""
  start = None
  for clips in (SIZES[0], size):
    source = FeatureSource([FeatureStore(f'{folder}/{clips}', 'train')])
    if start is None:
      start = source.prepare(tuple(source.read(np.arange(NUM_CLUSTERS), NUM_CLUSTERS))).numpy()
    options = kmeans.KMeansOptions(num_passes=1, memory=0)
    started = time.perf_counter()
    kmeans.fit(source, NUM_CLUSTERS, options, 0, tf.distribute.get_strategy(), None, start)
  return time.perf_counter() - started


def read(folder: str, size: int) -> float:
  """Times reading all features, 4 MB at a time."""
  started = time.perf_counter()
  buffer = bytearray(1 << 22)
  for name in os.listdir(f'{folder}/{size}'):
    with open(f'{folder}/{size}/{name}', 'rb', buffering=0) as file:
      while file.readinto(buffer):
        pass
  return time.perf_counter() - started


def multiply(folder: str, size: int) -> float:
  """Times the float32 products of all features with the centroids, block by block, of numbers that are in memory."""
  del folder
  block_size = kmeans.KMeansOptions().block_size
  features = tf.random.normal([block_size, clustering_cases.DIMENSION])
  columns = tf.random.normal([clustering_cases.DIMENSION, NUM_CLUSTERS])
  product = tf.function(tf.matmul)
  product(features, columns)
  started = time.perf_counter()
  for _ in range(size // block_size):
    product(features, columns).numpy()
  return time.perf_counter() - started


TASKS = {'fit': fit, 'read': read, 'multiply': multiply}


def peak_resident_bytes() -> int:
  """The most resident memory that this process ever had; mapped files count."""
  with open('/proc/self/status') as file:
    return next(int(line.split()[1]) * 1024 for line in file if line.startswith('VmHWM'))


def _run_child(folder: str, threads: int, task: str, size: int) -> dict:
  command = [sys.executable, '-m', 'benchmarks.speed.kmeans_scale', '--folder', folder, '--threads', str(threads)]
  finished = subprocess.run([*command, '--child', task, str(size)], stdout=subprocess.PIPE, check=True)
  return json.loads(finished.stdout.splitlines()[-1])


def _row(what: str, peer: str, ours: np.ndarray, theirs: np.ndarray, limit: float | None, resident: int) -> dict:
  ratios = ours / theirs
  return {
    'what': what,
    'peer': peer,
    'ours_seconds': float(np.median(ours)),
    'peer_seconds': float(np.median(theirs)),
    'ratio': float(np.median(ratios)),
    'lowest': float(ratios.min()),
    'highest': float(ratios.max()),
    'limit': limit,
    'repeats': len(ratios),
    'resident_bytes': resident,
  }


if __name__ == '__main__':
  main()
