"""Trains one encoder on pseudo-labels (or human labels): the discriminative half of deep clustering.

An encoder trains alone: given its targets it needs no other encoder (Section 3.2), so each has its own data, memory,
early stopping and checkpoints.
"""

import os
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from absl import logging

from xdc_tf import compat, files, graphs, progress
from xdc_tf.models import contract
from xdc_tf.models.heads import HeadedEncoder
from xdc_tf.records import damage, reader
from xdc_tf.records.schema import Records
from xdc_tf.training import checkpoints, distribution, scores
from xdc_tf.training.early_stopping import EarlyStopping
from xdc_tf.training.encoder_threads import check_ending
from xdc_tf.training.finite import DivergedError, diverged
from xdc_tf.training.inference import Inference
from xdc_tf.training.metrics_log import MetricsLog
from xdc_tf.training.options import POLICIES, TrainingOptions
from xdc_tf.training.replica_statistics import ReplicaStatistics
from xdc_tf.training.schedules import Schedule
from xdc_tf.training.targets import Targets
from xdc_tf.training.training_state import TrainingState
from xdc_tf.training.training_step import TrainingStep

_STEPS_BETWEEN_LOSSES = 20


class EncoderTrainer:
  """An encoder, its heads and its optimizer under one strategy; lives as long as the job, so that nothing is traced twice."""

  def __init__(
    self,
    name: str,
    model_class,
    inputs,
    records: Records,
    num_classes: dict[str, int],
    options: TrainingOptions,
    strategy: tf.distribute.Strategy,
    seed: int,
    splits: Sequence[str] = ('train', 'validation'),
  ):
    """Builds the encoder with weights that depend on `seed` only.

    Args:
      name: the name of the encoder, for messages.
      model_class: R2Plus1D18, ResNet3D18 or AudioResNet18.
      inputs: the reader's VideoInput or AudioInput.
      records: the data set.
      num_classes: classes of each head.
      options: how to compute.
      strategy: the distribution strategy.
      seed: the seed of the weights and of the order and augmentation of the data.
      splits: the splits of the records that will be read; they are checked now.
    """
    options = options.resolved()
    self.name, self.inputs, self.records, self.options = name, inputs, records, options
    self.strategy, self.seed = strategy, seed
    self.num_replicas, self._worker = strategy.num_replicas_in_sync, distribution.worker_index(strategy)
    self.heads = sorted(num_classes)
    for split in splits:
      reader.check_inputs(records, split, inputs)
    logging.info('%s computes in %s, %s XLA.', name, options.precision, 'with' if options.jit_compile else 'without')
    with strategy.scope():
      self.encoder = model_class(seed=seed, dtype=POLICIES[options.precision])
      # Before anything is traced. Encoders of other packages need not have such a stem.
      if options.jit_compile and hasattr(getattr(self.encoder, 'stem', None), 'trains_under_xla'):
        self.encoder.stem.trains_under_xla = True
      contract.check_features(self.encoder, tf.zeros([1, *inputs.shape]))
      self.model = HeadedEncoder(self.encoder, num_classes, seed, options.head_deviation)
      checkpoints.check_tracked(self.model)
      self.optimizer = compat.make_optimizer(
        options.optimizer, options.momentum, options.nesterov, options.decoupled_weight_decay
      )
      if options.precision == 'float16':
        self.optimizer = compat.with_loss_scaling(self.optimizer)
      self._optimizer_variables = compat.build_optimizer(self.optimizer, self.model.trainable_variables)
      self._statistics = ReplicaStatistics(self.model, strategy)
      self.inference = Inference(self.model, inputs, records, options, strategy, self._statistics)
    self._fresh_scalars = [v.numpy() if not v.shape.rank else None for v in self._optimizer_variables]
    self.training_step = TrainingStep(self.model, inputs.on_device, self.optimizer, options, strategy)

  def load(self, folder: str) -> None:
    """Takes over the encoder weights that `train` or `save` left in a folder."""
    checkpoints.load_weights(self.encoder, folder)

  def save(self, folder: str) -> None:
    """Saves the encoder's weights, without heads; all workers must call it."""
    self._statistics.agree()
    with self.strategy.scope():
      checkpoints.save_weights(self.encoder, folder, self._worker)

  def save_head(self, folder: str, name: str) -> None:
    """Saves one head as kernel.npy, float32 [d, classes], and bias.npy, float32 [classes]."""
    if self._worker == 0:
      head = getattr(self.model, f'head_{name}')
      for part in ('kernel', 'bias'):
        files.write_array(os.path.join(folder, f'{part}.npy'), getattr(head, part).numpy())

  def set_batchnorm_statistics(self) -> None:
    """Runs `initial_statistics_batches` batches in training mode, as SeLaVi does before its first clustering."""
    if not self.options.initial_statistics_batches:
      return
    nothing = {head: np.full(self.records.num_rows('train'), -1, np.int32) for head in self.heads}
    data = iter(self._training_data(Targets('train', nothing), self.options.evaluation_batch_size, 0, self.seed))
    forward = graphs.compiled(
      lambda x: self.strategy.run(
        lambda y: tf.reduce_sum(self.encoder(self.inputs.on_device(y), training=True)), args=(x,)
      )
    )
    for _ in range(self.options.initial_statistics_batches):
      forward(next(data)[0])
    self._statistics.agree()

  def train(self, folder: str, training: Targets, validation: Targets | None, schedule: Schedule, seed: int) -> None:
    """Trains with new heads until the schedule ends or the validation loss keeps rising; goes on where it was.

    Writes checkpoints/, metrics.csv, tensorboard/ and, at the end, the encoder's weights into `folder`.

    Args:
      folder: the folder of this stage.
      training: targets of the training split.
      validation: targets of the held-out split, for early stopping; None: all epochs are trained and the last weights kept.
      schedule: Table 10 or 11.
      seed: the seed of this stage: heads, order and augmentation.

    Raises:
      ValueError: when the schedule needs a validation loss and there is none.
      DivergedError: when the loss is not finite; the checkpoints before are kept.
    """
    if validation is None and (schedule.early_stop_epochs or schedule.keep_best):
      raise ValueError('Schedule.early_stop_epochs and .keep_best need validation clips, and this training has none.')
    state = TrainingState(EarlyStopping(schedule.early_stop_epochs), len(self.heads))
    with self.strategy.scope():
      self._reset(seed)
      checkpoint = checkpoints.TrainingCheckpoint(
        folder, self._worker, model=self.model, optimizer=self.optimizer, state=state
      )
      is_new = not checkpoint.restore()
    if is_new and self.options.restarts_when_diverged:
      self._save_checkpoint(checkpoint.save, 0)  # To go back to.
    while True:
      try:
        self._train_epochs(folder, training, validation, schedule, seed, state, checkpoint)
        break
      except DivergedError as error:
        if int(state.restarts) >= self.options.restarts_when_diverged:
          raise
        self._go_back(checkpoint, state, error)
    if schedule.keep_best:
      distribution.barrier(self.strategy)  # The chief may still be writing it.
      self.load(self._best_folder(folder, state))
    self.save(folder)

  def _train_epochs(
    self,
    folder: str,
    training: Targets,
    validation: Targets | None,
    schedule: Schedule,
    seed: int,
    state: TrainingState,
    checkpoint: checkpoints.TrainingCheckpoint,
  ) -> None:
    """Trains from where the state is; the arguments are those of `train`."""
    steps_per_epoch = schedule.steps_per_epoch(self.num_replicas)
    step = state.resume(schedule, self.num_replicas)
    log = MetricsLog(checkpoints.own_folder(folder, self._worker), first_epoch=step // steps_per_epoch)
    data = iter(self._training_data(training, schedule.batch_size, step, seed))
    validation_data = self.inference.validation_data(validation) if validation else None
    for epoch in range(step // steps_per_epoch, schedule.total_epochs):
      if state.early_stopping.should_stop:
        break
      first_step = step - epoch * steps_per_epoch
      self._train_epoch(data, training.split, epoch, first_step, schedule, state, checkpoint)
      step = (epoch + 1) * steps_per_epoch
      row = {
        'learning_rate': self._rate(schedule, epoch, state),
        **scores.summary(self.heads, 'train', state.totals.numpy()),
      }
      if validation is not None and validation_data is not None:
        with damage.named(self.records, validation.split):
          row |= scores.summary(self.heads, 'validation', self.inference.validate(validation_data))
        state.early_stopping.update(row['validation_loss'])
      log.write(epoch, row)
      if schedule.keep_best and state.early_stopping.is_best:
        state.best_epoch.assign(epoch)
        self.save(self._best_folder(folder, state))
      state.finish_epoch(step)
      if self._is_checkpoint(step):
        self._save_checkpoint(checkpoint.save, step)
        # Not earlier: a run that goes on from the checkpoint before needs the best epoch of then; nor where it may go further back.
        if not self.options.restarts_when_diverged:
          self._delete(folder, 'best-', keep=self._best_folder(folder, state))
    log.close()

  def _rate(self, schedule: Schedule, epoch: float, state: TrainingState) -> float:
    """The learning rate at a time in epochs, lower after every time that the training went back."""
    return schedule.learning_rate(epoch, self.num_replicas) * self.options.rate_when_diverged ** int(state.restarts)

  def _go_back(self, checkpoint: checkpoints.TrainingCheckpoint, state: TrainingState, error: DivergedError) -> None:
    """Returns to the checkpoint before the newest, whose weights may be bad already, and notes it there."""
    restarts = int(state.restarts) + 1
    with self.strategy.scope():
      checkpoint.restore_earlier()
    state.restarts.assign(restarts)
    self._save_checkpoint(checkpoint.save_alone, int(state.step))
    logging.warning(
      '%s It goes back to step %d, with %g times the rate.', error, int(state.step), self.options.rate_when_diverged
    )

  def _check_totals(self, split: str, totals: np.ndarray, step: int, rate: float) -> None:
    """Raises DivergedError where the sums of an epoch are not finite, with what the user may try."""
    if not np.isfinite(totals).all():
      damage.check(self.records, split)  # Training reads clips, whose bytes have no checksums of their own.
      raise diverged(
        f'The training of {self.name} has diverged: its loss is not a finite number at step {step}, at a learning rate of '
        f'{rate:.4g}.'
      )

  def delete_checkpoints(self, folder: str) -> None:
    """Deletes what only an interrupted stage needs, gigabytes at full width; call it when the stage is marked as done."""
    for prefix in ('best-', 'checkpoints', '.worker-'):  # The last of workers that the run no longer has.
      self._delete(folder, prefix)

  def _train_epoch(
    self, data, split: str, epoch: int, first_step: int, schedule: Schedule, state: TrainingState, checkpoint
  ) -> None:
    steps = schedule.steps_per_epoch(self.num_replicas)
    totals = tf.identity(state.totals)
    weight_decay = tf.constant(schedule.weight_decay, tf.float32)
    before = epoch * steps
    step, end = before + first_step, before + steps
    with progress.bar(
      description=f'train {self.name} {epoch + 1}/{schedule.total_epochs}', total=steps, initial=first_step, unit='step'
    ) as bar:
      while step < end:
        check_ending()
        following = min(end, step + (self.options.steps_per_call or 1), self._next_checkpoint(step))
        rates = [self._rate(schedule, epoch + (i - before) / steps, state) for i in range(step, following)]
        with damage.named(self.records, split):
          totals = totals + self.training_step.several(data, tf.constant(rates, tf.float32), weight_decay)
        bar.update(following - step)
        if following // _STEPS_BETWEEN_LOSSES > step // _STEPS_BETWEEN_LOSSES:  # Reading a number waits for the device.
          self._check_totals(split, totals.numpy(), following, rates[-1])
          bar.set_postfix_str(f'loss {scores.summary(self.heads, "", totals.numpy())["_loss"]:.3f}', refresh=False)
        step = following
        if self._is_checkpoint(step) or step == end:
          self._check_totals(split, totals.numpy(), step, rates[-1])
        if self._is_checkpoint(step) and step < end:  # The end of an epoch comes after its validation.
          state.step.assign(step)
          state.totals.assign(totals)
          self._save_checkpoint(checkpoint.save, step)
    state.totals.assign(totals)

  def _delete(self, folder: str, prefix: str, keep: str = '') -> None:
    if self._worker == 0:
      checkpoints.delete_folders(folder, prefix, keep)

  def _is_checkpoint(self, step: int) -> bool:
    """Depends on the step alone: where replicas agree on statistics must not depend on where a run was interrupted."""
    return step % self.options.checkpoint_steps == 0

  def _next_checkpoint(self, step: int) -> int:
    return (step // self.options.checkpoint_steps + 1) * self.options.checkpoint_steps

  def _save_checkpoint(self, save: Callable[[int], None], step: int) -> None:
    self._statistics.agree()
    with self.strategy.scope():
      save(step)

  def _best_folder(self, folder: str, state: TrainingState) -> str:
    """A folder an epoch: a better epoch must not overwrite the best one before it is saved whole."""
    return os.path.join(folder, f'best-{int(state.best_epoch):03d}')

  def _training_data(self, targets: Targets, batch_size: int, first_step: int, seed: int):
    """Batches of one replica each; every worker reads its own shards."""
    # A step of the strategy takes one of the reader's batches for each local replica.
    first_batch = first_step * distribution.num_local_replicas(self.strategy)

    def dataset(context: tf.distribute.InputContext) -> tf.data.Dataset:
      return reader.training_dataset(
        self.records,
        targets.split,
        self.inputs,
        targets.labels,
        batch_size,
        seed,
        first_step=first_batch,
        subset=targets.subset,
        part=reader.PipelinePart(context.input_pipeline_id, context.num_input_pipelines),
        normalize=False,  # The replicas do it: video goes to a GPU as uint8.
      )

    return distribution.distributed_dataset(self.strategy, dataset)

  def _reset(self, seed: int) -> None:
    """New heads and a new optimizer: cluster numbers mean nothing across iterations (Supplement A). The encoder goes on."""
    self.model.reset_heads(seed)
    for variable, fresh in zip(self._optimizer_variables, self._fresh_scalars, strict=True):
      variable.assign(tf.zeros(variable.shape, variable.dtype) if fresh is None else fresh)
