"""The parts of the benchmark for GPUs; each returns rows and can run alone."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from benchmarks.gpu.ours import NUM_CLASSES, Ours, Sizes
from benchmarks.speed import clustering_cases
from xdc_tf.clustering.initialisation import strided_sample
from xdc_tf.clustering.lloyd_pass import LloydPass
from xdc_tf.training.schedules import Schedule
from xdc_tf.training.targets import Targets

WARMUPS = 3


def training(sizes: Sizes, strategy: tf.distribute.Strategy) -> Iterator[dict]:
  """A training step of both encoders, by default and without XLA."""
  yield from _against_pytorch('train', sizes, strategy)


def features(sizes: Sizes, strategy: tf.distribute.Strategy) -> Iterator[dict]:
  """The features of a batch of both encoders."""
  yield from _against_pytorch('embed', sizes, strategy)


def _against_pytorch(what: str, sizes: Sizes, strategy: tf.distribute.Strategy) -> Iterator[dict]:
  for modality in ('video', 'audio'):
    ways = {'by default': {}, 'without XLA': {'jit_compile': False}}
    rates = {}
    for name, options in ways.items():
      ours = Ours(modality, sizes, strategy, **options)
      calls = ours.clips_a_call if what == 'train' else sizes.batch_size * strategy.num_replicas_in_sync
      rates[name] = calls / _seconds(getattr(ours, what), sizes.steps)
      yield {'what': f'{what}, {modality}, {name}', 'clips_per_second': rates[name], 'memory_gib': _peak_gib()}
    try:
      from benchmarks.gpu import peer
    except ImportError:
      continue
    for compiled, name in ((False, 'without XLA'), (False, 'by default'), (True, 'by default')):
      called, call = peer.best(what, modality, sizes, compiled, lambda call: _seconds(call, 3))
      theirs = sizes.batch_size / _seconds(call, sizes.steps)
      ratio = rates[name] / theirs
      yield {'what': f'{what}, {modality}, {name}', 'peer': called, 'peer_clips_per_second': theirs, 'ratio': ratio}


def kmeans(sizes: Sizes, strategy: tf.distribute.Strategy) -> Iterator[dict]:
  """A pass over features that are read, and over features that are kept."""
  with tempfile.TemporaryDirectory() as folder:
    source = clustering_cases.write_store(folder, clustering_cases.encoder_like(sizes.clustered, 0))
    centroids = strided_sample(source, NUM_CLASSES)  # Clips, so that no cluster is empty.
    for name, memory in (('read', 0), ('kept', 8 * sizes.clustered * source.dimension)):
      a_pass = LloydPass(source, NUM_CLASSES, 8192, memory, strategy)
      a_pass(centroids)
      started = time.perf_counter()
      a_pass(centroids)
      yield {'what': f'k-means pass, {name}', 'clips_per_second': sizes.clustered / (time.perf_counter() - started)}


def reading(sizes: Sizes, strategy: tf.distribute.Strategy) -> Iterator[dict]:
  """The reader alone, and training from records, of video."""
  from benchmarks.speed import reader as cases

  with tempfile.TemporaryDirectory() as folder:
    short_side = sizes.crop_size + 32
    records = cases.write_records(
      folder, short_side, cases.make_jpegs(short_side, sizes.stored_clips), sizes.stored_clips
    )
    for name, kind in (('without decoding', cases.StoredFrames), ('uint8', cases.VideoInput)):
      rate = cases.rate(records, kind(crop_size=sizes.crop_size), sizes.steps)
      yield {'what': f'reader, {name}', 'clips_per_second': rate}
    ours = Ours('video', sizes, strategy, records)
    kept = ours.clips_a_call / _seconds(ours.train, sizes.steps)
    rate = _training_rate(ours, records, sizes, folder)
    yield {'what': 'train, video, from records', 'clips_per_second': rate, 'peer': 'a kept batch', 'ratio': rate / kept}


def _training_rate(ours: Ours, records, sizes: Sizes, folder: str) -> float:
  """Clips a second of EncoderTrainer.train, once everything is compiled: of the longer of two trainings, less the shorter."""
  targets = Targets('train', {'head': np.zeros(records.num_rows('train'), np.int32)})
  steps, seconds = ours.options.steps_per_call, {}
  for calls in (1, 2, 2 + sizes.steps):  # The first compiles.
    epoch_size = sizes.batch_size * ours.trainer.num_replicas * steps * calls
    plan = Schedule(
      epoch_size=epoch_size, batch_size=sizes.batch_size, total_epochs=1, warmup_epochs=0, early_stop_epochs=0
    )
    started = time.perf_counter()
    ours.trainer.train(os.path.join(folder, f'training{calls}'), targets, None, plan, seed=0)
    seconds[calls] = time.perf_counter() - started
  return ours.clips_a_call * sizes.steps / (seconds[2 + sizes.steps] - seconds[2])


def starting(sizes: Sizes, strategy: tf.distribute.Strategy) -> Iterator[dict]:
  """How long a new process takes to its first training step, for the first time and again."""
  del strategy
  program = (
    'from benchmarks.gpu.ours import Ours, Sizes\nfrom xdc_tf.training import distribution\n'
    f'Ours("video", {sizes!r}, distribution.make_strategy()).train().numpy()'
  )
  with tempfile.TemporaryDirectory() as folder:
    for name in ('for the first time', 'again'):
      started = time.perf_counter()
      subprocess.run([sys.executable, '-c', program], check=True, env=os.environ | {'XDG_CACHE_HOME': folder})
      yield {'what': f'to the first step in a new process, {name}', 'seconds': time.perf_counter() - started}


def memory(sizes: Sizes, strategy: tf.distribute.Strategy) -> Iterator[dict]:
  """The largest batch of video that trains."""
  batch_size, largest = sizes.batch_size, 0
  while batch_size <= 64 * sizes.batch_size:
    try:
      Ours('video', Sizes(sizes.crop_size, batch_size), strategy, steps_per_call=1).train().numpy()
    except tf.errors.ResourceExhaustedError:
      break
    largest, batch_size = batch_size, 2 * batch_size
    yield {'what': f'memory, video, batch {largest}', 'memory_gib': _peak_gib()}
    if not tf.config.list_physical_devices('GPU'):
      break  # Main memory is not what this is about.


PARTS: dict[str, Callable] = {
  'training': training,
  'features': features,
  'kmeans': kmeans,
  'reading': reading,
  'starting': starting,
  'memory': memory,
}


def _seconds(call: Callable, calls: int) -> float:
  """Seconds of one call; the last result is fetched, since devices run behind."""
  for _ in range(WARMUPS):
    result = call()
  float(result.cpu().numpy().sum())
  started = time.perf_counter()
  for _ in range(calls):
    result = call()
  float(result.cpu().numpy().sum())
  return (time.perf_counter() - started) / calls


def _peak_gib() -> float | None:
  """The most memory of the first GPU that was in use since the last call."""
  if not tf.config.list_physical_devices('GPU'):
    return None
  peak = tf.config.experimental.get_memory_info('GPU:0')['peak'] / 2**30
  tf.config.experimental.reset_memory_stats('GPU:0')
  return round(peak, 2)
