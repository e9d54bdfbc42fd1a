"""XLA, several steps a call and AutoGraph: however a step is computed, the numbers are the same."""

import functools
import sys

import numpy as np
import pytest
import tensorflow as tf
from tiny_encoders import NormalizedAudio
from trainer_cases import NUM_CLUSTERS, make_trainer, schedule, targets, train

from xdc_tf.models.audio_resnet import AudioResNet18, PooledStem
from xdc_tf.models.r2plus1d import R2Plus1D18
from xdc_tf.models.residual import layer_seeds
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.training.metrics_log import read_metrics
from xdc_tf.training.targets import Targets


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


@pytest.mark.slow
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
