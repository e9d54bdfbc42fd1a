"""Training an encoder: weight decay, heads, resume, early stopping and validation, on encoders small enough to reason about."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny_encoders import NormalizedAudio
from trainer_cases import NUM_CLUSTERS, Interruption, make_trainer, schedule, targets, train

from xdc_tf.training.metrics_log import read_metrics
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.targets import Targets
from xdc_tf.training.trainer import EncoderTrainer


@pytest.mark.stack
def test_only_kernels_decay_and_clips_without_a_label_teach_nothing(records, one_replica, tmp_path):
  trainer = make_trainer(records, one_replica, momentum=0.0, nesterov=False)
  trainer.model.reset_heads(5)
  before = [variable.numpy() for variable in trainer.model.trainable_variables]
  nothing = Targets('train', {'video': np.full(records.num_rows('train'), -1, np.int32)})
  plan = schedule(total_epochs=1, decay='step', step_epochs=9, weight_decay=0.5, base_learning_rate=0.1)
  trainer.train(str(tmp_path), nothing, None, plan, seed=5)
  for variable, old in zip(trainer.model.trainable_variables, before, strict=True):
    # Three steps of w <- w - 0.1 * 0.5 * w, on kernels only.
    factor = 0.95**3 if old.ndim > 1 else 1.0
    np.testing.assert_allclose(variable.numpy(), old * factor, rtol=1e-5)


@pytest.mark.slow
def test_heads_are_new_and_the_encoder_goes_on(records, one_replica, tmp_path):
  trainer = make_trainer(records, one_replica, momentum=0.9)
  train(trainer, tmp_path / 'first', schedule(), records, seed=1)
  encoder = [v.numpy() for v in trainer.encoder.variables]
  # A rate of zero shows what the second stage starts from; a momentum left over would move the weights all the same.
  train(trainer, tmp_path / 'second', schedule(base_learning_rate=0.0, weight_decay=0.0), records, seed=2)
  for a, b in zip(encoder, trainer.encoder.variables, strict=True):
    np.testing.assert_array_equal(a, b.numpy())
  head = trainer.model.head_video.kernel.numpy()
  other = make_trainer(records, one_replica)
  other.model.reset_heads(2)
  np.testing.assert_array_equal(head, other.model.head_video.kernel.numpy())
  assert np.abs(head).max() < 0.06 and not trainer.model.head_video.bias.numpy().any()


@pytest.mark.slow
def test_several_heads_add_their_losses(records, one_replica, tmp_path):
  heads = ('video', 'audio')
  train(make_trainer(records, one_replica, heads=heads), tmp_path, schedule(), records, heads)
  row = read_metrics(str(tmp_path / 'metrics.csv'))[0]
  assert {'train_accuracy_audio', 'train_accuracy_video', 'validation_loss'} <= set(row)
  assert float(row['validation_loss']) == pytest.approx(2 * np.log(NUM_CLUSTERS), rel=0.3)


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize('saves', [1, 2, 4])
@pytest.mark.parametrize('replicas', ['one_replica', 'two_replicas'])
def test_a_stage_interrupted_in_the_middle_ends_like_an_undisturbed_one(
  records, replicas, tmp_path, saves, monkeypatch, request
):
  plan = schedule(total_epochs=3, epoch_size=12, batch_size=2, keep_best=True)

  def trainer() -> EncoderTrainer:
    return make_trainer(records, request.getfixturevalue(replicas), NormalizedAudio, checkpoint_steps=2)

  whole = train(trainer(), tmp_path / 'whole', plan, records)
  original = tf.train.CheckpointManager.save
  count = iter(range(100))

  def save(self, *arguments, **options):
    original(self, *arguments, **options)
    if next(count) == saves - 1:
      raise Interruption

  monkeypatch.setattr(tf.train.CheckpointManager, 'save', save)
  with pytest.raises(Interruption):
    train(trainer(), tmp_path / 'cut', plan, records)
  monkeypatch.setattr(tf.train.CheckpointManager, 'save', original)
  resumed = train(trainer(), tmp_path / 'cut', plan, records)
  for a, b in zip(whole, resumed, strict=True):
    np.testing.assert_array_equal(a, b)
  csv = [(tmp_path / name / 'metrics.csv').read_text() for name in ('whole', 'cut')]
  assert csv[0] == csv[1]
  assert len(csv[0].splitlines()) == 4


@pytest.mark.slow
def test_keep_best_ends_with_the_weights_of_the_lowest_validation_loss(records, one_replica, tmp_path):
  plan = schedule(total_epochs=6, base_learning_rate=0.1, decay='step', step_epochs=99)
  train(make_trainer(records, one_replica), tmp_path / 'last', plan, records)
  losses = [float(row['validation_loss']) for row in read_metrics(str(tmp_path / 'last' / 'metrics.csv'))]
  best = int(np.argmin(losses))
  assert best < 5, 'this test needs a run that gets worse'
  kept = make_trainer(records, one_replica)
  train(kept, tmp_path / 'kept', dataclasses.replace(plan, keep_best=True), records)
  until_best = make_trainer(records, one_replica)
  train(until_best, tmp_path / 'until', dataclasses.replace(plan, total_epochs=best + 1), records)
  for a, b in zip(kept.encoder.variables, until_best.encoder.variables, strict=True):
    np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_validation_clips_without_labels_cannot_choose_an_epoch(records, one_replica, tmp_path):
  trainer = make_trainer(records, one_replica)
  unlabelled = Targets('validation', {'video': np.full(records.num_rows('validation'), -1, np.int32)})
  with pytest.raises(ValueError, match="No validation clip of .* has a label of 'video'"):
    trainer.train(str(tmp_path), targets(records, 'train'), unlabelled, schedule(keep_best=True), 5)


@pytest.mark.parametrize(
  ('options', 'message'),
  [
    ({'restarts_when_diverged': -1}, 'must not be negative'),
    ({'optimizer': 'sgdw', 'decoupled_weight_decay': -0.1}, 'decoupled_weight_decay must not be negative'),
    ({'initial_statistics_batches': -3}, 'initial_statistics_batches must not be negative'),
    ({'rate_when_diverged': 1.0}, 'between 0 and 1'),
    ({'momentum': 1.0}, 'momentum must be from 0 to below 1'),
    ({'checkpoint_steps': 0}, 'at least 1'),
    ({'precision': 'half'}, 'must be one of'),
    ({'jit_compile': 'yes'}, "True, False or 'auto'"),
    ({'steps_per_call': 0}, 'at least 1'),
    ({'decoupled_weight_decay': 0.1}, "the paper's L2"),
  ],
)
def test_impossible_options_are_errors(options, message):
  with pytest.raises(ValueError, match=message):
    TrainingOptions(**options)


@pytest.mark.slow
def test_early_stopping_ends_the_stage(records, one_replica, tmp_path):
  # At a rate this high the validation loss of random data soon rises.
  train(
    make_trainer(records, one_replica),
    tmp_path,
    schedule(total_epochs=50, base_learning_rate=1.0, early_stop_epochs=2),
    records,
  )
  losses = [float(row['validation_loss']) for row in read_metrics(str(tmp_path / 'metrics.csv'))]
  rises = [b > a for a, b in zip(losses, losses[1:], strict=False)]
  assert len(losses) < 50
  assert rises[-2:] == [True, True]
  assert not any(a and b for a, b in zip(rises[:-2], rises[1:-1], strict=True))


@pytest.mark.slow
def test_training_on_a_subset_sees_no_other_clip(records, one_replica, tmp_path):
  subset = np.isin(np.arange(records.num_rows('train')), [1, 4])
  poisoned = targets(records, 'train')
  poisoned.labels['video'][~subset] = 0
  weights = []
  for name, labels in (('clean', targets(records, 'train').labels), ('poisoned', poisoned.labels)):
    trainer = make_trainer(records, one_replica)
    trainer.train(str(tmp_path / name), Targets('train', labels, subset), targets(records, 'validation'), schedule(), 5)
    weights.append([variable.numpy() for variable in trainer.model.variables])
  for a, b in zip(*weights, strict=True):
    np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_without_validation_clips_nothing_may_depend_on_them(records, one_replica, tmp_path):
  weights = []
  for name, validation in (('with', targets(records, 'validation')), ('without', None)):
    trainer = make_trainer(records, one_replica)
    trainer.train(str(tmp_path / name), targets(records, 'train'), validation, schedule(), 5)
    weights.append([variable.numpy() for variable in trainer.model.variables])
  for a, b in zip(*weights, strict=True):
    np.testing.assert_array_equal(a, b)
  for needs in ({'early_stop_epochs': 3}, {'keep_best': True}):
    with pytest.raises(ValueError, match='need validation clips'):
      trainer.train(str(tmp_path / 'x'), targets(records, 'train'), None, schedule(**needs), 5)


class UnusedLayer(NormalizedAudio):
  """Has a layer that the loss does not reach."""

  def __init__(self, seed=0, dtype=None):
    super().__init__(seed, dtype)
    self.unused = keras.layers.Dense(3)
    self.unused.build((None, 8))


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize('precision', ['float32', 'float16'])
def test_a_weight_that_the_loss_does_not_reach_stays(records, one_replica, tmp_path, precision):
  """In float16 on Keras 3 its missing gradient was a traceback."""
  trainer = make_trainer(records, one_replica, UnusedLayer, precision=precision)
  kernel = trainer.encoder.unused.kernel.numpy()
  train(trainer, tmp_path, schedule(weight_decay=0.0), records)
  np.testing.assert_array_equal(trainer.encoder.unused.kernel, kernel)
  assert kernel.any() and not np.any(trainer.encoder.unused.bias)


def test_checkpoints_of_workers_that_are_no_longer_there_go_as_well(tmp_path):
  """Of a run of two workers that went on as one process they stayed: gigabytes at full width."""
  for name in ('checkpoints', 'best-003', '.worker-1/checkpoints', 'tensorboard'):
    (tmp_path / name).mkdir(parents=True)
  trainer = object.__new__(EncoderTrainer)
  trainer._worker = 0
  trainer.delete_checkpoints(str(tmp_path))
  assert [path.name for path in tmp_path.iterdir()] == ['tensorboard']
