"""Measures of predictions, against counting by hand and scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics

from xdc_tf.evaluation import classification, linear_probe, linear_svm, retrieval
from xdc_tf.localization.mean_average_precision import Detected, average_precisions
from xdc_tf.training.finite import DivergedError


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


def test_a_video_without_a_label_is_not_one_of_the_last_class():
  with pytest.raises(ValueError, match='without a label'):
    classification.measure(np.eye(3), np.array([0, 1, -1]))


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


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
def test_what_diverged_is_no_accuracy(bad):
  # The argmax of NaN is class 0: half of these labels.
  with pytest.raises(DivergedError, match='probabilities of 4 of 4 videos are not finite'):
    classification.measure(np.full([4, 3], np.nan), np.array([0, 1, 2, 0]))
  one = np.full([4, 3], 1 / 3)
  one[2, 1] = bad
  with pytest.raises(DivergedError, match='1 of 4 videos are not finite numbers, first those of number 2'):
    classification.measure(one, np.array([0, 1, 2, 0]))
  with pytest.raises(DivergedError):
    classification.measure_several(one, np.eye(3, dtype=bool)[[0, 1, 2, 0]])


@pytest.mark.parametrize('part', ['train', 'test'])
def test_features_that_diverged_are_not_measured(part):
  features = {name: np.random.default_rng(0).normal(size=[6, 1, 4]) for name in ('train', 'test')}
  features[part][3, 0, 2] = np.nan
  labels, train, test = np.arange(6) % 2, features['train'], features['test']
  measures = [
    lambda: linear_probe.linear_probe(train[:, 0], labels, test[:, 0], labels),
    lambda: linear_svm.top_1(train, labels, test, labels, linear_svm.SvmOptions()),
    lambda: retrieval.recall_at(train, labels, test, labels),
    lambda: retrieval.same_part_rate(features[part][:, 0], np.zeros(6), np.arange(6.0), labels > 0, 2.0, 0.5),
    lambda: average_precisions({}, [Detected('v', 'a', 0.0, 1.0, features[part][3, 0, 2])], [0.5]),
  ]
  for measure in measures:
    with pytest.raises(DivergedError):
      measure()


def test_several_labels_a_video():
  labels = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 1, 0]], bool)
  probabilities = np.array([[0.1, 0.2, 0.9, 0.95], [0.3, 0.8, 0.1, 0.2], [0.2, 0.1, 0.7, 0.1]])
  found = classification.measure_several(probabilities, labels)
  assert found['top1'] == pytest.approx(2 / 3)
  # Class 0: its video has the lowest of three (1/3); classes 1 and 2 are ranked right; class 3 does not occur.
  assert found['map'] == pytest.approx((1 / 3 + 1 + 1) / 3)
  with pytest.raises(ValueError, match='No video'):
    classification.measure_several(probabilities, np.zeros_like(labels))
