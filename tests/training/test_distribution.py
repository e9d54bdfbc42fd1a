import json
import types

import numpy as np
import pytest
import tensorflow as tf

from xdc_tf.training import distribution
from xdc_tf.training.options import TrainingOptions


@pytest.mark.stack
@pytest.mark.parametrize('count', [0, 1, 4, 5])
def test_elements_come_back_in_their_order(two_replicas, count):
  elements = [tf.fill([i + 1], float(i)) for i in range(count)]
  function = distribution.replicated(two_replicas, lambda x: (2 * x, tf.size(x)))
  results = list(distribution.map_on_replicas(two_replicas, function, elements))
  assert len(results) == count
  for i, (element, (doubled, size)) in enumerate(results):
    np.testing.assert_array_equal(element, np.full(i + 1, i))
    np.testing.assert_array_equal(doubled, np.full(i + 1, 2.0 * i))
    assert int(size) == i + 1


def test_only_a_single_cpu_reads_without_the_machinery_of_a_strategy(one_replica, two_replicas):
  def make_dataset(context):
    return tf.data.Dataset.range(4).batch(2)

  assert isinstance(distribution.distributed_dataset(one_replica, make_dataset), tf.data.Dataset)
  assert isinstance(distribution.distributed_dataset(two_replicas, make_dataset), tf.distribute.DistributedDataset)


def test_a_strategy_can_be_made_when_the_devices_are_in_use_already(monkeypatch):
  """As in a notebook's second cell; on an H200 this was 'Physical devices cannot be modified after being initialized'."""
  tf.ones([1]).numpy()
  assert distribution.make_strategy(logical_cpus=2).num_replicas_in_sync == 2  # The tests have two.
  with pytest.raises(ValueError, match='4 logical CPUs are wanted, but this process .* has 2'):
    distribution.make_strategy(logical_cpus=4)

  made = []
  devices = {'GPU': [types.SimpleNamespace(device_type='GPU')] * 2}
  monkeypatch.setattr(tf.config, 'list_physical_devices', devices.get)
  monkeypatch.setattr(tf.config, 'list_logical_devices', devices.get)
  monkeypatch.setattr(tf.distribute, 'MirroredStrategy', lambda devices: made.append(devices))
  distribution.make_strategy()
  assert made == [['GPU:0', 'GPU:1']]


@pytest.mark.stack
def test_one_device_needs_no_replicas():
  strategy = distribution.make_strategy()
  assert isinstance(strategy, tf.distribute.OneDeviceStrategy)
  assert distribution.num_local_replicas(strategy) == distribution.num_workers(strategy) == 1
  assert isinstance(distribution.distributed_dataset(strategy, lambda _: tf.data.Dataset.range(3)), tf.data.Dataset)


def test_counts_on_one_machine(two_replicas, one_replica):
  assert distribution.num_local_replicas(two_replicas) == 2
  assert distribution.num_local_replicas(one_replica) == 1
  for strategy in (one_replica, two_replicas):
    assert (distribution.num_workers(strategy), distribution.worker_index(strategy)) == (1, 0)
    assert float(distribution.sum_over_workers(strategy, tf.constant(3.0))) == 3.0
    distribution.barrier(strategy)


@pytest.mark.parametrize(
  ('flags', 'precision'),
  [
    ('avx512f avx512_bf16', 'bfloat16'),
    ('avx2 amx_bf16 amx_tile', 'bfloat16'),
    ('avx512f avx512_bf160', 'float32'),
    (None, 'float32'),
  ],
)
def test_auto_is_bfloat16_where_the_processor_multiplies_it(flags, precision, tmp_path, monkeypatch):
  monkeypatch.setattr(distribution, 'CPU_INFO', str(tmp_path / 'cpuinfo'))
  if flags is not None:
    (tmp_path / 'cpuinfo').write_text(f'model name\t: some\nflags\t\t: {flags}\n')
  assert TrainingOptions().resolved() == TrainingOptions(precision=precision, jit_compile=False, steps_per_call=1)
  assert TrainingOptions(precision='float16').resolved().precision == 'float16'


def test_auto_compiles_on_gpus_several_steps_a_call(monkeypatch):
  monkeypatch.setattr(tf.config, 'list_physical_devices', {'GPU': ['some']}.get)
  monkeypatch.setattr(tf.config.experimental, 'get_device_details', lambda gpu: {'compute_capability': (9, 0)})
  resolved = TrainingOptions(precision='bfloat16', jit_compile=True, steps_per_call=10)
  assert TrainingOptions().resolved() == resolved == resolved.resolved()
  chosen = TrainingOptions(precision='float32', jit_compile=False, steps_per_call=3)
  assert chosen.resolved() == chosen


@pytest.mark.parametrize(
  ('capabilities', 'expected'), [([(8, 0), (9, 0)], True), ([(7, 0)], False), ([(8, 6), (7, 5)], False)]
)
def test_gpus_have_bfloat16_units_from_ampere_on(capabilities, expected, monkeypatch):
  monkeypatch.setattr(tf.config, 'list_physical_devices', lambda kind: list(capabilities))
  details = lambda capability: {'compute_capability': capability}  # noqa: E731
  monkeypatch.setattr(tf.config.experimental, 'get_device_details', details)
  assert distribution.has_bfloat16_units() is expected


@pytest.mark.parametrize(
  ('text', 'found'),
  [
    ('{"cluster":', 'JSONDecodeError: Expecting value'),
    ('[]', 'AttributeError'),
    ('{"cluster": {"worker": ["a:1"]}}', "KeyError: 'task'"),
    ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "chief", "index": 0}}', "KeyError: 'chief'"),
    ('{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}', 'the index 2 is not one of 2'),
  ],
)
def test_a_broken_tf_config_says_what_was_expected(text, found, monkeypatch):
  monkeypatch.setenv('TF_CONFIG', text)
  with pytest.raises(ValueError, match=f'TF_CONFIG is not what TensorFlow expects .*{found}.*Expected .*"task"'):
    distribution.make_strategy()


def test_a_job_of_one_process_waits_for_no_other_worker(monkeypatch):
  """xdc localize took a cluster's strategy, and its second worker met the lease of the first."""
  cluster = {'cluster': {'worker': ['a:1', 'b:1']}, 'task': {'type': 'worker', 'index': 1}}
  monkeypatch.setenv('TF_CONFIG', json.dumps(cluster))
  assert distribution.num_workers(distribution.make_strategy(alone=True)) == 1


def test_a_tf_config_without_a_cluster_is_this_machine(monkeypatch):
  monkeypatch.setenv('TF_CONFIG', json.dumps({'task': {}}))
  assert distribution.make_strategy().num_replicas_in_sync == 1


@pytest.mark.parametrize(
  ('cluster', 'task_type', 'task_id', 'index'),
  [
    ({'worker': 2}, 'worker', 1, 1),
    ({'chief': 1, 'worker': 2}, 'chief', 0, 0),
    ({'chief': 1, 'worker': 2}, 'worker', 0, 1),
  ],
)
def test_workers_are_numbered_through_behind_a_chief(cluster, task_type, task_id, index):
  spec = tf.train.ClusterSpec(
    {kind: [f'127.0.0.1:{1000 + i}' for i in range(count)] for kind, count in cluster.items()}
  )
  resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(spec, task_type=task_type, task_id=task_id)
  assert distribution.worker_index(types.SimpleNamespace(cluster_resolver=resolver)) == index
