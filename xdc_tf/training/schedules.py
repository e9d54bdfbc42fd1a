"""The training schedule of Tables 9 to 12: epochs counted in clips, gradual warm-up, step decay."""

import dataclasses
import math

import gin

from xdc_tf import value_types


@gin.configurable
@dataclasses.dataclass(frozen=True)
class Schedule:
  """How long and how fast to train (Table 9; the defaults are Table 10's row 'All DCs, Kinetics').

  Examples:
    >>> schedule = xdc_tf.Schedule(epoch_size=100_000, warmup_epochs=2, step_epochs=4, total_epochs=10, gamma=0.1)
    >>> schedule.steps_per_epoch(num_replicas=8)
    391
    >>> [round(schedule.learning_rate(epoch, num_replicas=8), 4) for epoch in (0, 2, 6)]
    [0.01, 0.08, 0.008]

  Attributes:
    epoch_size: clips in one epoch ('es'); may exceed the number of clips, since clips are jittered in time.
    batch_size: clips in one batch of one replica ('bs').
    base_learning_rate: the rate of one replica ('lr'), which is multiplied by the number of replicas (Goyal et al. [14]).
    warmup_epochs: epochs in which the rate climbs linearly ('we').
    warmup_start: the rate's factor at the first step; None starts at one replica's rate, as [14] does.
    decay: 'step' (the paper's) or 'cosine' (down to 0 at the last epoch).
    step_epochs: every so many epochs ('se') the rate is multiplied by gamma; counted after the warm-up, which is ours.
    gamma: what 'step' multiplies the rate by.
    total_epochs: all epochs, the warm-up included ('te').
    weight_decay: L2, added to the gradients of kernels and BatchNorm scales ('wd').
    early_stop_epochs: stop when the validation loss has risen in so many consecutive epochs ('e-stop': 3); 0 never stops.
    keep_best: end with the weights of the epoch with the lowest validation loss and not with the last ones. The paper does not
      say; it helps where a stage can learn its clips by heart.
  """

  epoch_size: int = 1_000_000
  batch_size: int = 32
  base_learning_rate: float = 0.01
  warmup_epochs: int = 10
  warmup_start: float | None = None
  decay: str = 'step'
  step_epochs: int = 10
  gamma: float = 0.01
  total_epochs: int = 30
  weight_decay: float = 1e-4
  early_stop_epochs: int = 3
  keep_best: bool = False

  def __post_init__(self):
    value_types.check_fields(self)
    if self.decay not in ('step', 'cosine'):
      raise ValueError(f"Schedule.decay must be 'step' or 'cosine'. Received: {self.decay!r}.")
    if min(self.epoch_size, self.batch_size, self.total_epochs, self.step_epochs) < 1:
      raise ValueError(f'Schedule needs at least one clip, epoch and step epoch. Received: {self}.')
    for name in ('base_learning_rate', 'warmup_epochs', 'warmup_start', 'gamma', 'weight_decay', 'early_stop_epochs'):
      value = getattr(self, name)
      if value is not None and not value >= 0:
        raise ValueError(f'Schedule.{name} must not be negative. Received: {value}.')

  def steps_per_epoch(self, num_replicas: int) -> int:
    """Steps in one epoch: enough full batches of all replicas to see `epoch_size` clips."""
    return math.ceil(self.epoch_size / (self.batch_size * num_replicas))

  def learning_rate(self, epoch: float, num_replicas: int) -> float:
    """The rate at a time in epochs, fractions included: 2.5 is the middle of the third epoch."""
    peak = self.base_learning_rate * num_replicas
    if epoch < self.warmup_epochs:
      start = self.base_learning_rate if self.warmup_start is None else peak * self.warmup_start
      return start + (peak - start) * epoch / self.warmup_epochs
    after_warmup = epoch - self.warmup_epochs
    if self.decay == 'cosine':
      return peak * 0.5 * (1 + math.cos(math.pi * after_warmup / max(1e-9, self.total_epochs - self.warmup_epochs)))
    return peak * self.gamma ** (after_warmup // self.step_epochs)


@gin.configurable
def last_schedule(schedule: Schedule, warmup_epochs: int, step_epochs: int, total_epochs: int) -> Schedule:
  """A schedule with other epochs: Table 10's rows with a star differ from the ones without in 'we/se/te' alone.

  A configuration has one `Schedule`, so the last iteration's is made from it.

  Args:
    schedule: the schedule of the other iterations.
    warmup_epochs: see Schedule.
    step_epochs: see Schedule.
    total_epochs: see Schedule.
  """
  return dataclasses.replace(schedule, warmup_epochs=warmup_epochs, step_epochs=step_epochs, total_epochs=total_epochs)
