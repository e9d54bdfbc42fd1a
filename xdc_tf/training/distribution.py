"""Devices, replicas and workers: the only place that asks how many there are."""

import hashlib
import itertools
import json
import os
import re
import signal
import threading
from collections.abc import Callable, Iterable, Iterator

import tensorflow as tf

from xdc_tf import graphs
from xdc_tf.training.encoder_threads import check_ending

CPU_INFO = '/proc/cpuinfo'


def check_no_scope(function: str) -> None:
  """Raises ValueError in the scope of a strategy, for what is built under one of its own, or under none."""
  if tf.distribute.has_strategy():
    raise ValueError(
      f'{function} was called in the scope of a tf.distribute strategy. Call it outside of `strategy.scope()`.'
    )


def make_strategy(logical_cpus: int = 1, deterministic: bool = False, alone: bool = False) -> tf.distribute.Strategy:
  """Chooses the distribution strategy of a job.

  Call it before anything else uses a device, if you can. Later, as in a notebook's second cell, GPUs keep the memory that
  TensorFlow took, and there can be no more logical CPUs than there are.

  Args:
    logical_cpus: replicas on the CPU, to try replicas without GPUs. Ignored when there are GPUs.
    deterministic: makes every op deterministic, so that a resumed run equals an undisturbed one bit for bit (slower on GPUs).
    alone: the job is this process's, whatever TF_CONFIG says.

  Returns:
    MultiWorkerMirroredStrategy when the environment variable TF_CONFIG names a cluster, else MirroredStrategy over all
    GPUs, else over the logical CPUs. Where that would be one device, OneDeviceStrategy: it has no replicas to merge, so that
    XLA can compile a whole step.

  Raises:
    ValueError: when TF_CONFIG is not the JSON that TensorFlow expects, or it is too late for so many logical CPUs.
  """
  if logical_cpus < 1:
    raise ValueError(f'--logical_cpus must be at least 1. Received: {logical_cpus}.')
  if deterministic:
    tf.config.experimental.enable_op_determinism()
    tf.random.set_seed(0)  # Ops that draw from TensorFlow's own generator (SpecAugment) refuse to run without.
  if logical_cpus > 1 and not tf.config.list_physical_devices('GPU'):
    _make_logical_cpus(logical_cpus)
  if not alone and _cluster():
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    _take_back_sigterm()
    return strategy
  devices = tf.config.list_logical_devices('GPU') or tf.config.list_logical_devices('CPU')[:logical_cpus]
  names = [f'{device.device_type}:{number}' for number, device in enumerate(devices)]
  return tf.distribute.MirroredStrategy(names) if len(names) > 1 else tf.distribute.OneDeviceStrategy(f'/{names[0]}')


def _make_logical_cpus(count: int) -> None:
  cpu = tf.config.list_physical_devices('CPU')[0]
  try:
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)
  except RuntimeError as error:
    there = len(tf.config.list_logical_devices('CPU'))
    if there < count:
      raise ValueError(
        f'{count} logical CPUs are wanted, but this process has used TensorFlow already and has {there}. Call make_strategy before '
        'anything else uses a device (in a notebook: restart the kernel), or ask for fewer.'
      ) from error


def _take_back_sigterm() -> None:
  """Lets SIGTERM end the process again: TensorFlow's coordination service notes it for itself, and the process would run on."""
  if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _cluster() -> dict[str, list[str]]:
  """The addresses of each kind of worker that TF_CONFIG names; {} for none."""
  text = os.environ.get('TF_CONFIG', '')
  if not text:
    return {}
  try:
    config = json.loads(text)
    cluster = config.get('cluster', {})
    if cluster:
      addresses, index = cluster[config['task']['type']], config['task']['index']
      if not 0 <= int(index) < len(addresses):
        raise ValueError(f'the index {index} is not one of {len(addresses)} addresses')
  except (ValueError, TypeError, AttributeError, LookupError) as error:
    raise ValueError(
      f'TF_CONFIG is not what TensorFlow expects ({type(error).__name__}: {error}). Expected {{"cluster": {{"worker": '
      '["host:port", ...]}, "task": {"type": "worker", "index": 0}}; unset it to run on this machine alone.'
    ) from error
  return cluster


def check_same_on_workers(strategy: tf.distribute.Strategy, text: str) -> None:
  """Raises ValueError where the workers were started with different texts; all of them must call this.

  Networks of different shapes would end in words of TensorFlow's collective operations.
  """
  number = float(int(hashlib.sha256(text.encode()).hexdigest()[:8], 16))  # Of 32 bits, whose sums float64 holds.
  total = float(sum_over_workers(strategy, tf.constant(number, tf.float64)))
  if abs(total - number * num_workers(strategy)) > 0.5:
    raise ValueError(
      f'Worker {worker_index(strategy)} was asked for:\n{text}\nThe workers were started with different configurations, records or '
      'versions. Start the same command, on the same records, on each of them.'
    )


def has_gpus() -> bool:
  """Whether TensorFlow sees a GPU."""
  return bool(tf.config.list_physical_devices('GPU'))


def has_bfloat16_units() -> bool:
  """Whether this machine multiplies bfloat16 faster than float32, as far as it tells.

  GPUs: tensor cores of compute capability 8.0 (Ampere) or later, on every one. Without GPUs: a processor with AVX512_BF16 or
  AMX_BF16, on Linux; elsewhere the answer is no.
  """
  gpus = tf.config.list_physical_devices('GPU')
  if gpus:
    details = (tf.config.experimental.get_device_details(gpu) for gpu in gpus)
    return all(detail.get('compute_capability', (0, 0)) >= (8, 0) for detail in details)
  try:
    with open(CPU_INFO) as file:
      return re.search(r'\b(avx512_bf16|amx_bf16)\b', file.read()) is not None
  except OSError:
    return False


def worker_index(strategy: tf.distribute.Strategy) -> int:
  """The number of this worker among all, 0 for the chief; 0 on a single machine."""
  resolver = strategy.cluster_resolver
  if not resolver or not resolver.task_id and resolver.task_type != 'worker':
    return 0
  # Where TF_CONFIG names a chief, it comes before the workers, which count from 0 again.
  chiefs = resolver.cluster_spec().as_dict().get('chief', [])
  return resolver.task_id + (len(chiefs) if resolver.task_type == 'worker' else 0)


def num_workers(strategy: tf.distribute.Strategy) -> int:
  """The number of workers; 1 on a single machine."""
  return max(1, strategy.num_replicas_in_sync // num_local_replicas(strategy))


def num_local_replicas(strategy: tf.distribute.Strategy) -> int:
  """The number of replicas on this worker."""
  return len(strategy.extended.worker_devices)


def barrier(strategy: tf.distribute.Strategy) -> None:
  """Waits until every worker has come here."""
  if num_workers(strategy) > 1:
    ones = strategy.run(lambda: tf.ones([]))
    strategy.reduce(tf.distribute.ReduceOp.SUM, ones, axis=None).numpy()


def sum_over_workers(strategy: tf.distribute.Strategy, value: tf.Tensor) -> tf.Tensor:
  """Adds up one tensor per worker; every worker gets the sum."""
  if num_workers(strategy) == 1:
    return value
  share = value / tf.cast(num_local_replicas(strategy), value.dtype)
  values = strategy.experimental_distribute_values_from_function(lambda context: share)
  return strategy.reduce(tf.distribute.ReduceOp.SUM, values, axis=None)


def distributed_dataset(
  strategy: tf.distribute.Strategy, make_dataset: Callable[[tf.distribute.InputContext], tf.data.Dataset]
) -> Iterable:
  """Returns what `strategy.distribute_datasets_from_function(make_dataset)` does, on a single CPU without its machinery.

  An iterator of that machinery tunes itself whatever the options say, and is not freed before the tuning thread wakes, at
  intervals that double: on a CPU, trainings of 11 seconds took 20. There is no device memory to fetch to either.
  """
  if strategy.num_replicas_in_sync == 1 and 'CPU' in strategy.extended.worker_devices[0]:
    return make_dataset(tf.distribute.InputContext())
  return strategy.distribute_datasets_from_function(make_dataset)


def replicated(strategy: tf.distribute.Strategy, function: Callable, reduce_retracing: bool = True) -> Callable:
  """Compiles a function of one element into one of distributed values that runs on every local replica."""
  return graphs.compiled(lambda values: strategy.run(function, args=(values,)), reduce_retracing=reduce_retracing)


def map_on_replicas(strategy: tf.distribute.Strategy, distributed: Callable, elements: Iterable) -> Iterator:
  """Runs a function on this worker's elements, one per replica at a time, and yields (element, result) in their order.

  There are no collective operations in here, so workers may have different numbers of elements.

  Args:
    strategy: the strategy that the function's variables belong to.
    distributed: what `replicated` returned.
    elements: any nested structures of tensors, alike in structure.
  """
  replicas = num_local_replicas(strategy)
  first = worker_index(strategy) * replicas
  elements = iter(elements)
  before: list[tuple] = []
  while waiting := list(itertools.islice(elements, replicas)):
    check_ending()
    # An incomplete round repeats its last element: every replica needs one, and the surplus results are not used.
    padded = waiting + [waiting[-1]] * (replicas - len(waiting))
    values = strategy.experimental_distribute_values_from_function(
      lambda context, padded=padded: padded[context.replica_id_in_sync_group - first]
    )
    result = distributed(values)
    flat = [strategy.experimental_local_results(value) for value in tf.nest.flatten(result)]
    # A GPU is given its next work before the caller waits for the result of the last.
    yield from before
    before = [(x, tf.nest.pack_sequence_as(result, [local[i] for local in flat])) for i, x in enumerate(waiting)]
  yield from before
