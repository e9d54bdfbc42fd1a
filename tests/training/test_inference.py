"""Features, predictions and scores of a trained network."""

import numpy as np
import pytest
import tensorflow as tf
from trainer_cases import NUM_CLUSTERS, make_trainer

from xdc_tf.records import label_table, reader
from xdc_tf.records.inputs import AudioInput
from xdc_tf.training import scores
from xdc_tf.training.targets import Targets


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
