"""What a linear classifier can read out of frozen features: the cheap measure of a representation."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from xdc_tf.records.label_table import NO_LABEL
from xdc_tf.training.finite import check_finite

MAX_PASSES = 1000


def linear_probe(
  train_features: np.ndarray,
  train_labels: np.ndarray,
  test_features: np.ndarray,
  test_labels: np.ndarray,
  regularization: float = 1.0,
) -> float:
  """Trains scikit-learn's logistic regression on frozen features and returns its accuracy on the test clips.

  Features are first given mean 0 and variance 1 (of the training clips), so that one regularisation suits all encoders.

  Args:
    train_features: float [n, d].
    train_labels: int [n].
    test_features: float [m, d].
    test_labels: int [m].
    regularization: C, the inverse strength of the L2 penalty; the paper has no such probe, so the value is ours.

  Returns:
    The share of test clips with the right class, 0 to 1; clips without a label (-1) are left out everywhere.

  Raises:
    ValueError: with fewer than two classes to train on, and without test clips; DivergedError when a feature is not finite.
  """
  train, test = train_labels != NO_LABEL, test_labels != NO_LABEL
  classes = np.unique(train_labels[train])
  if len(classes) < 2 or not test.any():
    raise ValueError(
      f'A linear probe needs training clips of at least two classes and test clips. Received: {len(classes)} classes and '
      f'{test.sum()} labelled test clips.'
    )
  check_finite('training features', train_features)
  check_finite('test features', test_features)
  classifier = make_pipeline(StandardScaler(), LogisticRegression(C=regularization, max_iter=MAX_PASSES))
  classifier.fit(train_features[train], train_labels[train])
  return float(classifier.score(test_features[test], test_labels[test]))


def choose_per_class(labels: np.ndarray, number: int, seed: int) -> np.ndarray:
  """Chooses clips of every class at random, to learn from few labels.

  Args:
    labels: int [n], -1 for none.
    number: clips of each class; a class that has fewer gives all.
    seed: the seed of the choice.

  Returns:
    bool [n].
  """
  chosen = np.zeros(len(labels), bool)
  random = np.random.default_rng(seed)
  for label in np.unique(labels[labels != NO_LABEL]):
    members = np.flatnonzero(labels == label)
    chosen[random.permutation(members)[:number]] = True
  return chosen
