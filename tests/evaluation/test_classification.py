"""Measures of predictions, against counting by hand and scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics

from xdc_tf.evaluation import classification


def test_a_small_case_by_hand():
  probabilities = np.array([
    [0.5, 0.3, 0.2, 0.0, 0.0, 0.0, 0.0],
    [0.1, 0.2, 0.7, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.1, 0.2, 0.3, 0.4, 0.0, 0.0],
    [0.2, 0.2, 0.2, 0.2, 0.1, 0.1, 0.0],
  ])  # fmt: skip
  found = classification.measure(probabilities, np.array([0, 1, 5, 0]))
  assert (found['top1'], found['top5']) == (0.5, 0.75)
  assert found['per_class'] == [1.0, 0.0, None, None, None, 0.0, None]
  assert found['confusion'][1][2] == 1 and found['confusion'][5][4] == 1 and found['confusion'][0][0] == 2
  with pytest.raises(ValueError, match='no video'):
    classification.measure(probabilities[:0], np.array([], int))


def test_it_agrees_with_scikit_learn():
  random = np.random.default_rng(0)
  labels = random.integers(0, 9, 300)
  probabilities = random.dirichlet(np.ones(9), 300) + 0.3 * np.eye(9)[labels]
  found = classification.measure(probabilities, labels)
  predicted = probabilities.argmax(axis=1)
  assert found['top1'] == pytest.approx(metrics.accuracy_score(labels, predicted))
  assert found['top5'] == pytest.approx(metrics.top_k_accuracy_score(labels, probabilities, k=5))
  np.testing.assert_array_equal(found['confusion'], metrics.confusion_matrix(labels, predicted))
  assert np.mean(found['per_class']) == pytest.approx(metrics.balanced_accuracy_score(labels, predicted))


def test_several_labels_a_video():
  labels = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 1, 0]], bool)
  probabilities = np.array([[0.1, 0.2, 0.9, 0.95], [0.3, 0.8, 0.1, 0.2], [0.2, 0.1, 0.7, 0.1]])
  found = classification.measure_several(probabilities, labels)
  assert found['top1'] == pytest.approx(2 / 3)
  # Class 0: its video has the lowest of three (1/3); classes 1 and 2 are ranked right; class 3 does not occur.
  assert found['map'] == pytest.approx((1 / 3 + 1 + 1) / 3)
  with pytest.raises(ValueError, match='No video'):
    classification.measure_several(probabilities, np.zeros_like(labels))
