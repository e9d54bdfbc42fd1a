"""The SVM on clips, against scikit-learn used by hand and cases whose answer is known."""

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from xdc_tf.evaluation.linear_svm import SvmOptions, fit, predict, top_1


def recordings(labels, num_clips, noise, seed):
  """Clips around one corner for each class, float [n, num_clips, 5]."""
  random = np.random.default_rng(seed)
  corners = 3 * np.eye(5)[labels][:, np.newaxis]
  return corners + noise * random.normal(size=(len(labels), num_clips, 5))


@pytest.mark.parametrize('num_classes', [2, 3])
@pytest.mark.parametrize('scale', [True, False])
def test_it_is_scikit_learn_recording_by_recording(num_classes, scale):
  labels = np.arange(24) % num_classes + 4  # Classes need not count from 0.
  train = recordings(labels - 4, 6, 6.0, seed=0) * [1, 10, 1, 0.1, 1]
  test = recordings(labels - 4, 6, 6.0, seed=1) * [1, 10, 1, 0.1, 1]
  scaler = StandardScaler().fit(np.concatenate(train))
  prepare = scaler.transform if scale else np.asarray
  svm = LinearSVC(C=0.3, dual='auto', max_iter=10_000, random_state=0)
  svm.fit(prepare(np.concatenate(train)), [label for label in labels for _ in range(6)])
  expected = []
  for clips in test:
    mean = sum(svm.decision_function(prepare(clip[np.newaxis]))[0] for clip in clips) / 6
    expected.append(4 + int(mean > 0) if num_classes == 2 else 4 + int(np.argmax(mean)))
  options = SvmOptions(0.3, scale)
  np.testing.assert_array_equal(predict(fit(train, labels, options), test), expected)
  accuracy = top_1(train, labels, test, labels, options)
  assert accuracy == np.mean(expected == labels)
  assert 0.5 < accuracy < 1.0  # Hard enough that wrong means would show.


def test_the_mean_decides_and_not_the_majority_of_clips():
  train, labels = np.array([[[-1.0]], [[1.0]]]), np.array([0, 1])
  svm = fit(train, labels, SvmOptions(scale=False))
  # Two clips are a little on the side of class 0, one is far on the side of class 1.
  assert predict(svm, np.array([[[-0.1], [-0.1], [5.0]], [[0.1], [0.1], [-5.0]]])).tolist() == [1, 0]


def test_regularization_and_scaler_do_something():
  labels = np.arange(30) % 3
  features = recordings(labels, 2, 2.0, seed=2) * [1, 100, 1, 1, 1]
  weights = [
    fit(features, labels, SvmOptions(c, scale)).steps[-1][1].coef_ for c, scale in ((1, True), (1e-4, True), (1, False))
  ]
  assert np.abs(weights[0]).sum() > 2 * np.abs(weights[1]).sum()
  assert not np.allclose(weights[0], weights[2])


def test_what_cannot_be_learned_is_refused():
  with pytest.raises(ValueError, match='at least two classes. Received: 1'):
    fit(np.ones([3, 2, 4]), np.zeros(3, int), SvmOptions())
  for wrong in (0, float('inf')):
    with pytest.raises(ValueError, match=f'must be positive and finite. Received: {wrong}'):
      SvmOptions(regularization=wrong)
