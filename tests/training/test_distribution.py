import json
import types

import numpy as np
import pytest
import tensorflow as tf

from xdc_tf.training import distribution


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


def test_counts_on_one_machine(two_replicas, one_replica):
  assert distribution.num_local_replicas(two_replicas) == 2
  assert distribution.num_local_replicas(one_replica) == 1
  for strategy in (one_replica, two_replicas):
    assert (distribution.num_workers(strategy), distribution.worker_index(strategy)) == (1, 0)
    assert float(distribution.sum_over_workers(strategy, tf.constant(3.0))) == 3.0
    distribution.barrier(strategy)


def test_a_broken_tf_config_says_what_was_expected(monkeypatch):
  monkeypatch.setenv('TF_CONFIG', '{"cluster":')
  with pytest.raises(ValueError, match='TF_CONFIG is not JSON'):
    distribution.make_strategy()
  monkeypatch.setenv('TF_CONFIG', json.dumps({'task': {}}))
  assert isinstance(distribution.make_strategy(), tf.distribute.MirroredStrategy)


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
