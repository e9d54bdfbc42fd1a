"""The layer on frozen features, against Keras's layer and optimizer on the same batches."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from xdc_tf.evaluation import fc_only
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.schedules import Schedule

SCHEDULE = Schedule(
  epoch_size=20, batch_size=4, base_learning_rate=0.1, warmup_epochs=1, step_epochs=1, total_epochs=3, gamma=0.5,
  weight_decay=0.01, early_stop_epochs=0,
)  # fmt: skip


def data(num_videos=10, clips=3, dimension=6, num_classes=4):
  random = np.random.default_rng(1)
  labels = random.integers(0, num_classes, num_videos)
  return random.normal(0, 1, [num_videos, clips, dimension]).astype(np.float32), labels


@pytest.mark.stack
@pytest.mark.parametrize('nesterov', [True, False])
def test_it_is_keras_sgd_on_a_dense_layer(nesterov, monkeypatch):
  features, labels = data()
  seen = []
  batches = fc_only._batches

  def recorded(*arguments):
    for batch in batches(*arguments):
      seen.append(batch)
      yield batch

  monkeypatch.setattr(fc_only, '_batches', recorded)
  options = TrainingOptions(nesterov=nesterov, head_deviation=0.05)
  kernel, bias = fc_only.train(features, labels, 4, SCHEDULE, options, seed=3)

  layer = keras.layers.Dense(4)
  layer.build([None, 6])
  layer.kernel.assign(np.random.default_rng(3).normal(0, 0.05, [6, 4]))
  optimizer = keras.optimizers.SGD(0.1, momentum=0.9, nesterov=nesterov)
  for step, (video, clip) in enumerate(seen):
    optimizer.learning_rate = SCHEDULE.learning_rate(step / 5, 1)
    with tf.GradientTape() as tape:
      loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels[video], layer(features[video, clip]))
      ) + 0.01 * tf.nn.l2_loss(layer.kernel)
    weights = layer.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
  assert len(seen) == 15
  np.testing.assert_allclose(kernel, layer.kernel.numpy(), atol=1e-5)
  np.testing.assert_allclose(bias, layer.bias.numpy(), atol=1e-5)


def test_every_pass_takes_every_video_once():
  batches = fc_only._batches(np.random.default_rng(0), 6, 3, 4)
  videos, clips = (np.concatenate(parts) for parts in zip(*(next(batches) for _ in range(6)), strict=True))
  for start in range(0, 24, 6):
    assert sorted(videos[start : start + 6]) == list(range(6))
  assert set(clips) == {0, 1, 2}


def test_probabilities_are_averaged_over_clips_and_not_logits():
  features = np.array([[[0.0], [10.0]]], np.float32)
  found = fc_only.predict(features, np.array([[1.0, -1.0]], np.float32), np.zeros(2, np.float32))
  np.testing.assert_allclose(found, [[0.75, 0.25]], atol=1e-4)


def test_no_clips_are_refused_and_not_waited_for():
  with pytest.raises(ValueError, match='There is no clip to train on'):
    fc_only.train(np.zeros([0, 3, 6], np.float32), np.zeros(0, int), 4, SCHEDULE, TrainingOptions(), 0)
