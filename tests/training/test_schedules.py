"""The learning rate against values worked out by hand from Tables 9 to 12."""

import pytest

from xdc_tf.training.schedules import Schedule

KINETICS = Schedule()  # Table 10, 'All DCs, Kinetics': 10/10/30, rate 0.01, gamma 0.01.


@pytest.mark.parametrize(
  ('epoch', 'rate'), [(0, 0.01), (9.99, 0.01), (10, 0.01), (19.99, 0.01), (20, 1e-4), (29.9, 1e-4), (30, 1e-6)]
)
def test_one_replica_has_no_climb_and_drops_after_the_warmup(epoch, rate):
  assert KINETICS.learning_rate(epoch, num_replicas=1) == pytest.approx(rate, rel=1e-9)


@pytest.mark.parametrize(('epoch', 'rate'), [(0, 0.01), (5, 0.325), (10, 0.64), (20, 0.0064)])
def test_64_replicas_climb_from_one_replicas_rate_to_64_times_it(epoch, rate):
  assert KINETICS.learning_rate(epoch, num_replicas=64) == pytest.approx(rate, rel=1e-9)


def test_finetuning_schedule_of_table_11():
  hmdb = Schedule(epoch_size=40_000, warmup_epochs=2, step_epochs=2, total_epochs=8, base_learning_rate=0.002)
  rates = [hmdb.learning_rate(epoch, 1) for epoch in range(8)]
  assert rates == pytest.approx([2e-3] * 4 + [2e-5] * 2 + [2e-7] * 2)


# Table 11, UCF101: epochs of 106,000 clips, 2/2/8, gamma 0.01. A batch of 32 makes 3,312.5 steps an epoch, so 3,313; two GPUs see
# 64 clips a step, 1,656.25 steps, so 1,657, and climb from one GPU's rate to twice it [14].
@pytest.mark.parametrize(
  ('num_replicas', 'steps_per_epoch', 'rates'),
  [
    (1, 3313, {
      0: 0.004, 1000: 0.004, 6626: 0.004, 13_251: 0.004,  # The warm-up ends at 6,626; the first drop is two epochs later.
      13_252: 4e-5, 19_877: 4e-5, 19_878: 4e-7, 26_503: 4e-7,  # 26,503 is the last step.
    }),
    (2, 1657, {
      0: 0.004, 1: 0.004 + 0.004 / 3314, 1657: 0.006, 2485.5: 0.007, 3313: 0.008 - 0.004 / 3314, 3314: 0.008, 6627: 0.008,
      6628: 8e-5, 9941: 8e-5, 9942: 8e-7, 13_255: 8e-7,
    }),
  ],
)  # fmt: skip
def test_finetuning_on_ucf101_step_by_step(num_replicas, steps_per_epoch, rates):
  ucf = Schedule(
    epoch_size=106_000, batch_size=32, base_learning_rate=0.004, warmup_epochs=2, step_epochs=2, total_epochs=8
  )
  assert ucf.steps_per_epoch(num_replicas) == steps_per_epoch
  found = {step: ucf.learning_rate(step / steps_per_epoch, num_replicas) for step in rates}
  assert found == pytest.approx(rates, rel=1e-9)


def test_cosine_reaches_half_in_the_middle_and_zero_at_the_end():
  schedule = Schedule(decay='cosine', warmup_epochs=1, warmup_start=0.0, total_epochs=5, base_learning_rate=0.05)
  assert [schedule.learning_rate(e, 1) for e in (0, 0.5, 1, 3, 5)] == pytest.approx(
    [0, 0.025, 0.05, 0.025, 0], abs=1e-12
  )


def test_an_epoch_is_counted_in_clips():
  assert KINETICS.steps_per_epoch(1) == 31_250
  assert KINETICS.steps_per_epoch(64) == 489  # 488.28 full batches of 2,048.


def test_wrong_values_are_errors():
  with pytest.raises(ValueError, match="'step' or 'cosine'"):
    Schedule(decay='steps')
  with pytest.raises(ValueError, match='at least one'):
    Schedule(epoch_size=0)
  for name in ('base_learning_rate', 'warmup_epochs', 'weight_decay', 'early_stop_epochs'):
    with pytest.raises(ValueError, match=f'Schedule.{name} must not be negative. Received: -1'):
      Schedule(**{name: -1})
