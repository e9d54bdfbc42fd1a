"""A linear SVM on frozen features of clips: how the paper classifies the recordings of DCASE (Section 6, after its reference 29).

Every clip of a training recording is a sample; a test recording gets the class with the highest mean decision value of its clips,
which the paper does not say.
"""

import dataclasses
import math

import numpy as np
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from xdc_tf.training.finite import check_finite

# scikit-learn's 1,000 are often too few for thousands of samples.
MAX_PASSES = 10_000


@dataclasses.dataclass(frozen=True)
class SvmOptions:
  """What the paper does not tell of its SVM; the values are ours.

  Attributes:
    regularization: C, the inverse strength of the L2 penalty.
    scale: give every feature mean 0 and variance 1 (of the training clips) first, so that one C suits all encoders.
  """

  regularization: float = 1.0
  scale: bool = True

  def __post_init__(self):
    if not 0 < self.regularization < math.inf:
      raise ValueError(f'The regularization C of an SVM must be positive and finite. Received: {self.regularization}.')


def fit(features: np.ndarray, labels: np.ndarray, options: SvmOptions) -> Pipeline:
  """Trains a one-against-all linear SVM.

  Args:
    features: float [n, c, d], c clips of each recording.
    labels: int [n].
    options: see SvmOptions.

  Raises:
    ValueError: with fewer than two classes; DivergedError when a feature is not finite.
  """
  if len(np.unique(labels)) < 2:
    raise ValueError(f'An SVM needs training recordings of at least two classes. Received: {len(np.unique(labels))}.')
  check_finite('training features', features)
  steps = [StandardScaler()] if options.scale else []
  classifier = LinearSVC(C=options.regularization, dual='auto', max_iter=MAX_PASSES, random_state=0)
  num_clips, dimension = features.shape[1:]
  return make_pipeline(*steps, classifier).fit(features.reshape(-1, dimension), np.repeat(labels, num_clips))


def predict(classifier: Pipeline, features: np.ndarray) -> np.ndarray:
  """Returns the class of each recording, int [m].

  Args:
    classifier: what `fit` returned.
    features: float [m, c, d].

  Raises:
    DivergedError: when a feature is not finite.
  """
  check_finite('test features', features)
  num_recordings, num_clips, dimension = features.shape
  decisions = classifier.decision_function(features.reshape(-1, dimension))
  if decisions.ndim == 1:  # Two classes: one value, positive for the second.
    decisions = np.stack([-decisions, decisions], axis=1)
  mean = decisions.reshape(num_recordings, num_clips, -1).mean(axis=1)
  return classifier.classes_[mean.argmax(axis=1)]


def top_1(
  train_features: np.ndarray,
  train_labels: np.ndarray,
  test_features: np.ndarray,
  test_labels: np.ndarray,
  options: SvmOptions,
) -> float:
  """Trains on one part and returns the share of the other part's recordings that get their class, 0 to 1.

  Args:
    train_features: float [n, c, d].
    train_labels: int [n].
    test_features: float [m, c, d].
    test_labels: int [m].
    options: see SvmOptions.
  """
  predicted = predict(fit(train_features, train_labels, options), test_features)
  return float(np.mean(predicted == test_labels))
