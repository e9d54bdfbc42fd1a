"""Training an encoder: replicas, weight decay, resume and precision, on encoders small enough to reason about."""

import dataclasses
import functools
import os
import sys

import numpy as np
import pytest
import records_factory
import tensorflow as tf
from tiny_encoders import NormalizedAudio, TinyAudio

from xdc_tf.models.audio_resnet import AudioResNet18, PooledStem
from xdc_tf.models.r2plus1d import R2Plus1D18
from xdc_tf.models.residual import layer_seeds
from xdc_tf.records import label_table, reader
from xdc_tf.records.reader import AudioInput, VideoInput
from xdc_tf.training import scores
from xdc_tf.training.finite import DivergedError
from xdc_tf.training.metrics_log import read_metrics
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.schedules import Schedule
from xdc_tf.training.targets import Targets
from xdc_tf.training.trainer import EncoderTrainer

NUM_CLUSTERS = 3


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  return records_factory.write_records(tmp_path_factory.mktemp('records'), frames_per_span=8)


def make_trainer(records, strategy, model=TinyAudio, heads=('video',), inputs=None, **options):
  return EncoderTrainer(
    'audio',
    model,
    inputs or AudioInput(),
    records,
    dict.fromkeys(heads, NUM_CLUSTERS),
    TrainingOptions(**{'precision': 'float32'} | options),
    strategy,
    seed=3,
  )


def targets(records, split, heads=('video',)):
  return Targets(split, {h: (np.arange(records.num_rows(split)) % NUM_CLUSTERS).astype(np.int32) for h in heads})


def train(trainer, folder, schedule, records, heads=('video',), seed=5):
  trainer.train(str(folder), targets(records, 'train', heads), targets(records, 'validation', heads), schedule, seed)
  return [variable.numpy() for variable in trainer.model.variables]


def schedule(**changes):
  values = {'epoch_size': 12, 'batch_size': 4, 'total_epochs': 2, 'warmup_epochs': 0, 'decay': 'cosine'}
  return Schedule(**(values | {'base_learning_rate': 0.01, 'early_stop_epochs': 0} | changes))


@pytest.mark.stack
def test_two_replicas_do_what_one_does_on_the_joint_batch(records, one_replica, two_replicas, tmp_path):
  one = train(make_trainer(records, one_replica), tmp_path / 'one', schedule(base_learning_rate=0.02), records)
  # The rate is multiplied by the number of replicas, and a batch of 4 is two batches of 2.
  two = train(make_trainer(records, two_replicas), tmp_path / 'two', schedule(batch_size=2), records)
  for a, b in zip(one, two, strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
  rows = [read_metrics(str(tmp_path / name / 'metrics.csv')) for name in ('one', 'two')]
  assert float(rows[0][1]['validation_loss']) == pytest.approx(float(rows[1][1]['validation_loss']), rel=1e-4)


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


@pytest.mark.stack
def test_replicas_agree_on_the_mean_of_their_batchnorm_statistics(records, two_replicas, tmp_path):
  """As after training on other data each; whoever reads a replica, a checkpoint or saved weights finds the mean."""
  trainer = make_trainer(records, two_replicas, model=NormalizedAudio, checkpoint_steps=1)
  statistics = trainer.model.non_trainable_variables
  rng = np.random.default_rng(0)
  values = [rng.normal(size=[2, *variable.shape]).astype(np.float32) for variable in statistics]

  def set_own():
    replica = tf.distribute.get_replica_context().replica_id_in_sync_group
    for variable, value in zip(statistics, values, strict=True):
      variable.assign(tf.gather(value, replica))

  def copies(variable):
    read = two_replicas.run(tf.function(lambda: tf.identity(tf.convert_to_tensor(variable))))
    return [copy.numpy() for copy in two_replicas.experimental_local_results(read)]

  two_replicas.run(tf.function(set_own))
  assert len(statistics) >= 2 and np.abs(np.subtract(*copies(statistics[0]))).max() > 0.1
  trainer.save(str(tmp_path))
  loaded = make_trainer(records, two_replicas, model=NormalizedAudio)
  loaded.load(str(tmp_path))
  for variable, restored, value in zip(statistics, loaded.model.non_trainable_variables, values, strict=True):
    for copy in (*copies(variable), *copies(restored)):
      np.testing.assert_allclose(copy, value.mean(axis=0), atol=1e-6)


@pytest.mark.slow
@pytest.mark.stack
def test_a_training_without_validation_ends_with_one_network(records, two_replicas, tmp_path):
  trainer = make_trainer(records, two_replicas, model=NormalizedAudio)
  trainer.train(str(tmp_path), targets(records, 'train'), None, schedule(batch_size=2), 5)
  for variable in trainer.model.non_trainable_variables:
    read = two_replicas.run(tf.function(lambda v=variable: tf.identity(tf.convert_to_tensor(v))))
    first, second = (copy.numpy() for copy in two_replicas.experimental_local_results(read))
    np.testing.assert_array_equal(first, second)


@pytest.mark.slow
@pytest.mark.parametrize('steps_done,expected', [(3, 6), (4, 8), (5, 10)])
def test_another_number_of_replicas_goes_on_at_the_same_clip(records, two_replicas, tmp_path, steps_done, expected):
  """Two replicas take 3 steps of 2 x 2 clips an epoch of 12, one takes 6 of 2."""
  trainer = make_trainer(records, two_replicas, checkpoint_steps=1)
  plan = schedule(batch_size=2)
  calls = []

  def killed(*arguments):
    calls.append(None)
    if len(calls) > steps_done:
      raise Interruption
    return step(*arguments)

  step, trainer.training_step.several = trainer.training_step.several, killed
  with pytest.raises(Interruption):
    train(trainer, tmp_path, plan, records)
  one = make_trainer(records, tf.distribute.MirroredStrategy(['CPU:0']), checkpoint_steps=1)
  calls, step = [], one.training_step.several
  steps_done, one.training_step.several = 10**6, killed
  train(one, tmp_path, plan, records)
  assert len(calls) == 12 - expected
  assert [row['epoch'] for row in read_metrics(str(tmp_path / 'metrics.csv'))] == ['0', '1']


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


def test_several_heads_add_their_losses(records, one_replica, tmp_path):
  heads = ('video', 'audio')
  train(make_trainer(records, one_replica, heads=heads), tmp_path, schedule(), records, heads)
  row = read_metrics(str(tmp_path / 'metrics.csv'))[0]
  assert {'train_accuracy_audio', 'train_accuracy_video', 'validation_loss'} <= set(row)
  assert float(row['validation_loss']) == pytest.approx(2 * np.log(NUM_CLUSTERS), rel=0.3)


class Interruption(Exception):
  """Stands for a kill."""


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


class Poisoned:
  """A trainer's steps, of which one gives a loss that is not finite, as a rate that is too high does."""

  def __init__(self, trainer, at):
    self.at, self.rates, self._several = at, [], trainer.training_step.several
    trainer.training_step.several = self

  def __call__(self, data, rates, weight_decay):
    self.rates.append(float(rates[0]))
    totals = self._several(data, rates, weight_decay)
    return totals * np.nan if len(self.rates) == self.at else totals


@pytest.mark.stack
def test_a_training_that_diverges_stops_at_once_with_its_step_and_rate(records, one_replica, tmp_path):
  """Not at the end of the epoch, which is 31,250 steps long at the paper's sizes."""
  trainer = make_trainer(records, one_replica, checkpoint_steps=10)
  poisoned = Poisoned(trainer, at=23)
  plan = schedule(epoch_size=400, total_epochs=1, base_learning_rate=0.02, decay='step', step_epochs=99)
  with pytest.raises(DivergedError, match='not a finite number at step 30, at a learning rate of 0.02') as raised:
    train(trainer, tmp_path, plan, records)
  assert 'restarts_when_diverged = 2' in str(raised.value)
  assert len(poisoned.rates) == 30  # At the next checkpoint, which is not written.
  assert tf.train.latest_checkpoint(str(tmp_path / 'checkpoints')).endswith('ckpt-20')


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize(('at', 'back_at'), [(3, 0), (23, 10)])
def test_a_training_that_diverges_goes_back_and_on_with_a_lower_rate(records, one_replica, tmp_path, at, back_at):
  options = {'checkpoint_steps': 10, 'restarts_when_diverged': 1}
  plan = schedule(epoch_size=160, total_epochs=1, base_learning_rate=0.02, decay='step', step_epochs=99)
  trainer = make_trainer(records, one_replica, **options)
  poisoned = Poisoned(trainer, at)
  final = train(trainer, tmp_path, plan, records)
  stopped = -(-at // 10) * 10
  assert poisoned.rates == pytest.approx([0.02] * stopped + [0.01] * (40 - back_at))
  assert all(np.isfinite(value).all() for value in final)
  assert [row['learning_rate'] for row in read_metrics(str(tmp_path / 'metrics.csv'))] == ['0.01']


@pytest.mark.slow
def test_it_goes_back_only_so_often_and_remembers_it(records, one_replica, tmp_path):
  options = {'checkpoint_steps': 2, 'restarts_when_diverged': 2}
  plan = schedule(epoch_size=48, total_epochs=1, base_learning_rate=0.02, decay='step', step_epochs=99)
  for _ in range(2):  # The second time as the command that is given again.
    trainer = make_trainer(records, one_replica, **options)
    poisoned = Poisoned(trainer, at=0)
    poisoned._several = lambda *arguments: tf.fill([3], tf.constant(np.nan, tf.float64))
    with pytest.raises(DivergedError):
      train(trainer, tmp_path, plan, records)
  assert poisoned.rates == pytest.approx([0.005] * 2)


def test_validation_clips_without_labels_cannot_choose_an_epoch(records, one_replica, tmp_path):
  trainer = make_trainer(records, one_replica)
  unlabelled = Targets('validation', {'video': np.full(records.num_rows('validation'), -1, np.int32)})
  with pytest.raises(ValueError, match="No validation clip of .* has a label of 'video'"):
    trainer.train(str(tmp_path), targets(records, 'train'), unlabelled, schedule(keep_best=True), 5)


@pytest.mark.parametrize(
  ('options', 'message'),
  [
    ({'restarts_when_diverged': -1}, 'must not be negative'),
    ({'rate_when_diverged': 1.0}, 'between 0 and 1'),
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
@pytest.mark.stack
@pytest.mark.parametrize(
  ('kind', 'replicas'), [('audio', 'one_replica'), ('audio', 'two_replicas'), ('video', 'one_replica')]
)
def test_xla_gives_the_numbers_of_the_plain_graph(records, tmp_path, request, kind, replicas):
  """On every replica, with BatchNorm, clips without a label, a softmax and a sigmoid head."""
  make, inputs = (
    (R2Plus1D18, VideoInput(num_frames=8, crop_size=24)) if kind == 'video' else (AudioResNet18, AudioInput())
  )
  number = np.arange(records.num_rows('train'))
  softmax = np.where(number % 5 == 4, -1, number % NUM_CLUSTERS).astype(np.int32)
  sigmoid = np.packbits(np.eye(NUM_CLUSTERS + 1, dtype=bool)[softmax][:, :NUM_CLUSTERS], axis=1)
  labels = {'video': softmax, 'audio': sigmoid}
  strategy = request.getfixturevalue(replicas)
  plan = schedule(epoch_size=8, batch_size=4 // strategy.num_replicas_in_sync, total_epochs=1, base_learning_rate=0.001)
  found = []
  for jit_compile in (False, True):
    trainer = make_trainer(
      records,
      strategy,
      model=functools.partial(make, base_width=4, blocks_per_stage=1),
      heads=tuple(labels),
      inputs=inputs,
      jit_compile=jit_compile,
    )
    trainer.train(str(tmp_path / str(jit_compile)), Targets('train', labels), None, plan, 5)
    found.append([variable.numpy() for variable in trainer.model.variables])
  for plain, compiled in zip(*found, strict=True):
    np.testing.assert_allclose(compiled, plain, rtol=1e-5, atol=1e-5 * max(1, np.abs(plain).max()))


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize('replicas', ['one_replica', 'two_replicas'])
def test_under_xla_features_and_predictions_are_those_of_the_plain_graph(records, replicas, request):
  """Shards of 4 clips in batches of 3: a smaller batch must not be compiled again."""
  model = functools.partial(AudioResNet18, base_width=4, blocks_per_stage=1)
  targets_ = targets(records, 'train')
  found = []
  for jit_compile in (False, True):
    options = {'jit_compile': jit_compile, 'evaluation_batch_size': 3}
    trainer = make_trainer(records, request.getfixturevalue(replicas), model=model, **options)
    values = [
      np.concatenate([f for _, f in trainer.inference.embed('train', [0, 1, 2], number)]) for number in (1, 3, 1)
    ]
    values += [
      np.concatenate([p['video'] for _, p in trainer.inference.predict(targets_, number)]) for number in (1, 2)
    ]
    found.append([*values, np.array(list(trainer.inference.evaluate(targets_).values()))])
  for plain, compiled in zip(*found, strict=True):
    np.testing.assert_allclose(compiled, plain, rtol=1e-5, atol=1e-5)
  assert trainer.inference.infer_features.experimental_get_tracing_count() == trainer.num_replicas


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize('replicas', ['one_replica', 'two_replicas'])
@pytest.mark.parametrize('jit_compile', [False, True])
def test_several_steps_a_call_change_nothing(records, replicas, jit_compile, tmp_path, request):
  """Epochs of 3 steps and a checkpoint every 4: calls of 5 steps end there all the same."""
  strategy = request.getfixturevalue(replicas)
  plan = schedule(epoch_size=6 * strategy.num_replicas_in_sync, batch_size=2, total_epochs=3)
  found, saved = [], []
  for steps_per_call in (1, 5):
    folder = tmp_path / str(steps_per_call)
    options = {'steps_per_call': steps_per_call, 'jit_compile': jit_compile, 'checkpoint_steps': 4}
    trainer = make_trainer(records, strategy, NormalizedAudio, **options)
    found.append(train(trainer, folder, plan, records))
    saved.append(sorted(path.name for path in (folder / 'checkpoints').iterdir()))
  for one, several in zip(*found, strict=True):
    np.testing.assert_array_equal(one, several)
  assert saved[0] == saved[1] and any('8' in name for name in saved[0])
  texts = [(tmp_path / name / 'metrics.csv').read_text() for name in ('1', '5')]
  assert texts[0] == texts[1]


@pytest.mark.stack
def test_autograph_rewrites_nothing(records, one_replica, tmp_path):
  """It takes seconds of every run, and each function that it rewrites becomes a module of this process."""
  before = set(sys.modules)
  trainer = make_trainer(records, one_replica)
  train(trainer, tmp_path, schedule(total_epochs=1), records)
  assert len(list(trainer.inference.embed('train', [0]))) > 0
  assert not [name for name in set(sys.modules) - before if 'autograph_generated' in name]


@pytest.mark.stack
def test_the_audio_stems_pool_is_the_same_under_xla():
  """Forward and gradients, zeros that tie included; XLA refuses the gradient of max_pool2d where ops must be deterministic."""
  x = tf.Variable(np.maximum(np.random.default_rng(0).normal(size=[2, 9, 14, 3]), 0).astype(np.float32))
  stem = PooledStem(4, layer_seeds(0), None)
  weight = np.random.default_rng(1).normal(size=stem(x[..., :1], training=True).shape).astype(np.float32)
  found = []
  for under_xla in (False, True):
    stem.trains_under_xla = under_xla
    with tf.GradientTape() as tape:
      y = stem(x[..., :1], training=True)
      loss = tf.reduce_sum(y * weight)
    found.append([y, *tape.gradient(loss, [stem.convolution.convolution.kernel, stem.convolution.batch_norm.gamma])])
  for plain, by_views in zip(*found, strict=True):
    np.testing.assert_allclose(by_views, plain, rtol=1e-5, atol=1e-6)


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
@pytest.mark.stack
@pytest.mark.parametrize(
  'options', [{'precision': 'bfloat16'}, {'precision': 'float16'}, {'jit_compile': True}, {'optimizer': 'lamb'}]
)
def test_every_way_of_computing_learns_to_tell_three_clips_apart(records, one_replica, tmp_path, options):
  trainer = make_trainer(records, one_replica, **options)
  rate = 0.02 if options.get('optimizer') == 'lamb' else 0.003
  train(
    trainer,
    tmp_path,
    schedule(total_epochs=8, epoch_size=24, base_learning_rate=rate, decay='step', step_epochs=99),
    records,
  )
  rows = read_metrics(str(tmp_path / 'metrics.csv'))
  assert float(rows[-1]['train_loss']) < 0.7 * float(rows[0]['train_loss'])


@pytest.mark.slow
@pytest.mark.stack
def test_a_resnet_trains_on_two_replicas_and_its_features_have_the_records_order(records, two_replicas, tmp_path):
  narrow = lambda seed, dtype: AudioResNet18(base_width=4, seed=seed, dtype=dtype)  # noqa: E731
  trainer = make_trainer(records, two_replicas, model=narrow, evaluation_batch_size=3)
  train(trainer, tmp_path, schedule(total_epochs=1, batch_size=2), records)
  assert os.path.exists(tmp_path / 'weights.index')
  batches = list(trainer.inference.embed('train', [0, 2]))
  index = np.concatenate([i for i, _ in batches])
  np.testing.assert_array_equal(index, [0, 1, 2, 3, 8, 9, 10, 11])
  # A batch never runs over two shards, or a resume would change it.
  assert [len(i) for i, _ in batches] == [3, 1, 3, 1]
  assert np.concatenate([f for _, f in batches]).shape == (8, 32)


def test_features_of_several_clips_are_their_mean(records, one_replica):
  trainer = make_trainer(records, one_replica, inputs=AudioInput(num_frames=10, clip_length=2), evaluation_batch_size=3)
  found = np.concatenate([features for _, features in trainer.inference.embed('train', [1], num_clips=3)])
  views = next(iter(reader.evaluation_dataset(records, 'train', trainer.inputs, batch_size=4, num_clips=3, shards=[1])))
  clips = np.swapaxes(views['input'].numpy(), 0, 1)
  assert np.ptp(clips, axis=0).max() > 0
  expected = np.mean([trainer.encoder(clip, training=False).numpy() for clip in clips], axis=0)
  np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_a_batch_holds_no_more_clips_than_the_memory_is_for(records, one_replica):
  inputs = AudioInput(num_frames=10, clip_length=2)
  table = np.zeros(records.num_rows('train'), np.int32)
  for batch_size, num_clips, videos in ((6, 3, 2), (7, 3, 2), (2, 3, 1), (3, 1, 3)):
    trainer = make_trainer(records, one_replica, inputs=inputs, evaluation_batch_size=batch_size)
    embedded = [len(index) for index, _ in trainer.inference.embed('train', [0], num_clips)]
    predicted = [len(index) for index, _ in trainer.inference.predict(Targets('train', {'video': table}), num_clips)]
    assert max(embedded) == max(predicted) == videos
    assert (sum(embedded), sum(predicted)) == (4, 12)


def test_evaluate_counts_the_labelled_clips_of_a_split(records, one_replica):
  trainer = make_trainer(records, one_replica)
  head = trainer.model.head_video
  head.kernel.assign(np.zeros(head.kernel.shape))
  head.bias.assign([0.0, 2.0, 0.0])  # Always class 1.
  labels = np.full(records.num_rows('validation'), -1, np.int32)
  labels[:3] = [1, 1, 2]
  found = trainer.inference.evaluate(Targets('validation', {'video': labels}))
  assert found['accuracy_video'] == pytest.approx(2 / 3)
  log_sum = np.log(np.exp(2) + 2)
  assert found['loss'] == pytest.approx((2 * (log_sum - 2) + log_sum) / 3, rel=1e-6)


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


@pytest.mark.stack
def test_predictions_are_the_mean_of_the_clips_probabilities(records, one_replica):
  trainer = make_trainer(records, one_replica)
  subset = np.isin(np.arange(records.num_rows('train')), [2, 7, 8])
  labels = np.zeros(records.num_rows('train'), np.int32)
  several = label_table.pack(np.zeros([len(labels), NUM_CLUSTERS], bool))
  data = list(reader.evaluation_dataset(records, 'train', trainer.inputs, 1, num_clips=3, subset=subset))
  logits = [trainer.model(batch['input'][0])['video'].numpy().astype(np.float64) for batch in data]
  for table, activation in (
    (labels, lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)),
    (several, lambda x: 1 / (1 + np.exp(-x))),
  ):
    found = list(trainer.inference.predict(Targets('train', {'video': table}, subset), num_clips=3))
    assert np.concatenate([index for index, _ in found]).tolist() == [2, 7, 8]
    probabilities = np.concatenate([values['video'] for _, values in found])
    np.testing.assert_allclose(probabilities, [activation(x).mean(axis=0) for x in logits], rtol=1e-4)


def test_several_labels_a_clip_train_a_sigmoid_for_each_class():
  labels = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0]], bool)
  logits = np.array([[0.5, -1.0, 2.0], [3.0, 1.0, 0.0], [9.0, 9.0, 9.0]], np.float32)
  total, statistics = scores.statistics(['video'], {'video': logits}, {'video': tf.constant(label_table.pack(labels))})
  p = 1 / (1 + np.exp(-logits.astype(np.float64)))
  expected = -(labels * np.log(p) + ~labels * np.log(1 - p))[:2].sum()  # The third clip has no label.
  assert float(total) == pytest.approx(expected, rel=1e-5)
  assert statistics.numpy()[1:].tolist() == [1.0, 2.0]


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
