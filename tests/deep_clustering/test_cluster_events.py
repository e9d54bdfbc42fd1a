"""What TensorBoard is given of the clusterings."""

import numpy as np
import pytest
from event_reader import read_events

from xdc_tf.deep_clustering import cluster_events

LABELS = {'video': np.int32([0, 0, 0, 1, -1]), 'joint': np.int32([2, 2, 0, 1, 1])}


def report(purity):
  return {
    'clusterings': {'video': {'num_clusters': 2, 'purity': purity}, 'joint': {'num_clusters': 3, 'purity': purity / 2}},
    'train_nmi_between': {'joint-video': purity / 4},
    'validation_nmi_between': {'joint-video': purity / 8},
  }


@pytest.mark.stack
def test_every_iteration_is_there_once_however_often_it_was_written(tmp_path):
  # Also in another order than that of time: TensorBoard would take the later steps for a new beginning.
  for iteration, purity in ((0, 0.5), (2, 0.25), (1, 0.1), (1, 1.0)):
    cluster_events.write_events(str(tmp_path), iteration, report(purity), LABELS)
    if purity == 0.1:  # A job that was killed before it gave the file its name leaves this.
      (tmp_path / 'video' / 'iteration-01.tfevents').rename(tmp_path / 'video' / 'iteration-01.tfevents.tmp.0')
  video, joint, between = (read_events(tmp_path / name) for name in ('video', 'joint', '.'))
  assert video['purity'] == [(0, 0.5), (1, 1.0), (2, 0.25)]
  assert joint['purity'] == [(0, 0.25), (1, 0.5), (2, 0.125)]
  assert joint['num_clusters'] == [(0, 3.0), (1, 3.0), (2, 3.0)]
  assert between['train_nmi_between/joint-video'] == [(0, 0.125), (1, 0.25), (2, 0.0625)]
  assert between['validation_nmi_between/joint-video'] == [(0, 0.0625), (1, 0.125), (2, 0.03125)]
  for events, sizes in ((video, [3, 1]), (joint, [1, 2, 2])):
    assert [step for step, _ in events['cluster_sizes']] == [0, 1, 2]
    for _, buckets in events['cluster_sizes']:  # float64 [buckets, 3]: from, to, how many clusters.
      expected = [sum(low <= s < high or s == high == max(sizes) for s in sizes) for low, high, _ in buckets]
      np.testing.assert_array_equal(buckets[:, 2], expected)
      assert buckets[:, 2].sum() == len(sizes)
      assert (buckets[0, 0], buckets[-1, 1]) == (min(sizes), max(sizes))
