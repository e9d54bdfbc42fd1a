"""What ties a run directory to its start, beside the configuration."""

import types

from xdc_tf.cli import run_info
from xdc_tf.training import distribution
from xdc_tf.training.trainer import TrainingOptions

STRATEGY = types.SimpleNamespace(num_replicas_in_sync=1)
RECORDS = types.SimpleNamespace(
  name='some', shard_lengths={'train': [3]}, num_clips=lambda split: 3, fingerprint=lambda: 'abc'
)


def test_a_run_under_auto_is_tied_to_what_auto_was_and_another_is_not(monkeypatch):
  def headers(fast: bool):
    monkeypatch.setattr(distribution, 'has_bfloat16_units', lambda: fast)
    return [run_info.header(RECORDS, STRATEGY, TrainingOptions(precision=name)) for name in ('float32', 'auto')]

  (plain, slow_auto), (plain_again, fast_auto) = headers(False), headers(True)
  assert plain == plain_again and len({plain, slow_auto, fast_auto}) == 3
  assert fast_auto == plain + "# precision: 'auto' is bfloat16 here\n"
