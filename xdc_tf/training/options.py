"""How to compute a training, as opposed to what: the settings that all trainings share."""

import dataclasses

import gin

from xdc_tf import compat, value_types
from xdc_tf.training import distribution

# None would be Keras's global policy, which a notebook may have set.
POLICIES = {'float32': 'float32', 'bfloat16': 'mixed_bfloat16', 'float16': 'mixed_float16'}
PRECISIONS = ('auto', *POLICIES)


@gin.configurable
@dataclasses.dataclass(frozen=True)
class TrainingOptions:
  """How to compute, as opposed to what (that is `Schedule`).

  Examples:
    >>> xdc_tf.TrainingOptions(precision='bfloat16', checkpoint_steps=1000).nesterov
    True

  Attributes:
    optimizer: 'sgd' (the paper's), 'sgdw' or 'lamb'.
    momentum: unpublished; 0.9 as in the authors' VMZ.
    nesterov: unpublished; True as in VMZ.
    head_deviation: standard deviation of a new head's weights; unpublished, 0.01 as in VMZ. Features of narrow encoders are
      shorter, and their heads take the longer to be heard: such encoders learn from noisy labels sooner with 0.1,
      and from better ones with 0 (methods/xdc_plus.gin).
    precision: 'float32', 'bfloat16', 'float16' (with loss scaling), or 'auto': bfloat16 where this machine has units for it
      (see distribution.has_bfloat16_units), else float32. A run keeps what 'auto' chose at its start.
    jit_compile: compile what each replica computes with XLA: True, False, or 'auto': on GPUs only. Where there are several
      replicas, their reduction and the update stay outside.
    steps_per_call: training steps in one call of TensorFlow, which saves small networks the time between two; None: 10 on
      GPUs, 1 on CPUs. It changes no result, but an interruption loses up to so many steps more.
    checkpoint_steps: a checkpoint is written after every so many steps of a training, wherever in an epoch that is.
    evaluation_batch_size: clips in a batch of one replica in feature extraction and validation; where the clips of one video are
      averaged, those of one video at least.
    initial_statistics_batches: batches run in training mode before the very first features are taken, to set the
      statistics of BatchNorm. SeLaVi uses 20; 0 gave better first clusters, so it is the default (ours).
    decoupled_weight_decay: the weight decay of 'sgdw' and 'lamb', beside the L2 of `Schedule.weight_decay`, which is then better 0.
    restarts_when_diverged: how often a training whose loss is no longer finite goes back to an earlier checkpoint and on with
      a lower rate, before it ends with an error.
    rate_when_diverged: the factor of the rate, every time.
  """

  optimizer: str = 'sgd'
  momentum: float = 0.9
  nesterov: bool = True
  head_deviation: float = 0.01
  precision: str = 'auto'
  jit_compile: bool | str = 'auto'
  steps_per_call: int | None = None
  checkpoint_steps: int = 500
  evaluation_batch_size: int = 32
  initial_statistics_batches: int = 0
  decoupled_weight_decay: float = 0.0
  restarts_when_diverged: int = 0
  rate_when_diverged: float = 0.5

  def __post_init__(self):
    value_types.check_fields(self)
    for name in ('head_deviation', 'decoupled_weight_decay', 'initial_statistics_batches'):
      if getattr(self, name) < 0:
        raise ValueError(f'TrainingOptions.{name} must not be negative. Received: {getattr(self, name)}.')
    if not 0 <= self.momentum < 1:
      raise ValueError(f'TrainingOptions.momentum must be from 0 to below 1. Received: {self.momentum}.')
    if self.checkpoint_steps < 1 or self.evaluation_batch_size < 1:
      raise ValueError(
        f'TrainingOptions.checkpoint_steps and .evaluation_batch_size must be at least 1. Received: {self}.'
      )
    if self.restarts_when_diverged < 0 or not 0 < self.rate_when_diverged < 1:
      raise ValueError(
        'TrainingOptions.restarts_when_diverged must not be negative, and .rate_when_diverged between 0 and 1. '
        f'Received: {self.restarts_when_diverged} and {self.rate_when_diverged}.'
      )
    if self.optimizer not in compat.OPTIMIZERS:
      raise ValueError(f'TrainingOptions.optimizer must be one of {compat.OPTIMIZERS}. Received: {self.optimizer!r}.')
    if self.optimizer == 'sgd' and self.decoupled_weight_decay:
      raise ValueError(
        "The optimizer 'sgd' has no decoupled weight decay: set Schedule.weight_decay, the paper's L2, instead."
      )
    if self.precision not in PRECISIONS:
      raise ValueError(f'TrainingOptions.precision must be one of {PRECISIONS}. Received: {self.precision!r}.')
    if self.jit_compile not in (True, False, 'auto'):
      raise ValueError(f"TrainingOptions.jit_compile must be True, False or 'auto'. Received: {self.jit_compile!r}.")
    if self.steps_per_call is not None and self.steps_per_call < 1:
      raise ValueError(f'TrainingOptions.steps_per_call must be at least 1, or None. Received: {self.steps_per_call}.')

  def resolved(self) -> 'TrainingOptions':
    """The same with every choice made as this machine wants it: no 'auto', no None."""
    gpus = distribution.has_gpus()
    precision = 'bfloat16' if distribution.has_bfloat16_units() else 'float32'
    return dataclasses.replace(
      self,
      precision=precision if self.precision == 'auto' else self.precision,
      jit_compile=gpus if self.jit_compile == 'auto' else self.jit_compile,
      steps_per_call=self.steps_per_call or (10 if gpus else 1),
    )
