"""The benchmark of memory: its stand-ins for millions of clips are read like any records, and its table."""

import numpy as np
import pytest
import records_factory

from benchmarks import memory
from xdc_tf.records import positions, schema


@pytest.mark.slow
def test_the_jobs_run_without_decoding(tmp_path):
  memory.write_manifest(str(tmp_path), 200)
  memory.make_records(str(tmp_path), 200)
  memory.plan_records(str(tmp_path), 200)
  for name in ('clips', 'planned'):
    assert schema.open_records(str(tmp_path / name)).num_rows('train') == 200


@pytest.mark.slow
def test_many_shards_that_are_the_same_few_are_trained_on(tmp_path):
  (tmp_path / 'small').mkdir()
  small = records_factory.write_records(
    tmp_path / 'small' / 'clips', {'train': 130}, 64, frames_per_span=0, seconds=0.1
  )
  assert small.shard_lengths['train'] == (64, 64, 2)
  memory.link_records(str(tmp_path / 'small'), str(tmp_path / 'large'), 1000)
  large = schema.open_records(str(tmp_path / 'large' / 'clips'))
  assert large.num_rows('train') == 1000 and large.shard_lengths['train'] == (64,) * 16
  indices = [positions.read_indices(path) for path in large.shard_paths('train')]
  np.testing.assert_array_equal(np.concatenate(indices), np.tile(np.arange(128), 8))
  np.save(tmp_path / 'large' / 'labels.npy', np.zeros(1000, np.int32))
  memory.train(str(tmp_path / 'large'), 1000)


def test_the_table_leaves_out_what_was_not_run():
  rows = [
    {'task': 'read', 'peak_bytes': {1000: 5e8, 100_000: 5.1e8, 10_000_000: 5.4e8}, 'bytes_per_row': 4.0},
    {'task': 'decode', 'peak_bytes': {1000: 5e8, 100_000: 5.1e8}, 'bytes_per_row': 101.01},
  ]
  header, _, first, second = (
    [cell.strip() for cell in line.split('|')[1:-1]] for line in memory.table(rows).splitlines()
  )
  assert header[1:] == ['1,000 rows', '100,000 rows', '10,000,000 rows', 'bytes a row']
  assert first == ['read', '500', '510', '540', '4.0']
  assert second == ['decode', '500', '510', '', '101.0']
