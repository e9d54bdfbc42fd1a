"""The losses of G-TAD against loops over numbers, and by hand."""

import math

import numpy as np
import pytest
import tensorflow as tf

from xdc_tf.localization import losses

RANDOM = np.random.default_rng(0)


def cross_entropy(scores, positive, valid, extra) -> float:
  """G-TAD's weighted form, written as its code has it."""
  num_positive = extra + sum(p and v for p, v in zip(positive, valid, strict=True))
  num_entries = 2 * extra + sum(valid)
  ratio = num_entries / num_positive
  total = 0.0
  for score, is_positive, is_valid in zip(scores, positive, valid, strict=True):
    if is_valid and is_positive:
      total += 0.5 * ratio * math.log(score + 1e-6)
    elif is_valid:
      total += 0.5 * ratio / (ratio - 1) * math.log(1 - score + 1e-6)
  return -total / num_entries


@pytest.mark.parametrize('extra', [0.0, 10.0])
def test_balanced_cross_entropy(extra):
  scores, positive, valid = RANDOM.uniform(size=40), RANDOM.uniform(size=40) < 0.2, RANDOM.uniform(size=40) < 0.8
  found = losses.balanced_cross_entropy(tf.constant(scores, tf.float32), positive, valid, extra)
  assert float(found) == pytest.approx(cross_entropy(scores, positive, valid, extra), rel=1e-5)


def test_boundary_loss_by_hand():
  covered = [[0.75, 0.5, 0.0, 0.0]]  # The first alone is a start.
  found = float(losses.boundary_loss(tf.constant([[0.25, 0.5, 0.5, 0.75]]), tf.constant(covered)))
  assert found == pytest.approx(0.5 * math.log(4) + 0.5 * (math.log(2) + math.log(2) + math.log(4)) / 3, rel=1e-4)
  # No start at all: half of the mean over the others.
  none = float(losses.boundary_loss(tf.constant([[0.5, 0.5]]), tf.constant([[0.0, 0.0]])))
  assert none == pytest.approx(0.5 * math.log(2), rel=1e-4)


MASK = np.array([[True, True, True, True], [True, True, True, False]])


def test_classification_loss():
  overlaps = np.array([[[0.95, 0.9, 0.0, 0.3], [0.91, 0.0, 0.5, 0.0]]])
  scores = RANDOM.uniform(size=overlaps.shape)
  found = losses.classification_loss(
    tf.constant(scores, tf.float32), tf.constant(overlaps, tf.float32), tf.constant(MASK)
  )
  expected = cross_entropy(scores.ravel(), (overlaps > 0.9).ravel(), MASK.ravel(), 10.0)
  assert float(found) == pytest.approx(expected, rel=1e-5)


def regression(scores, overlaps, draws) -> float:
  overlaps = np.array(overlaps, np.float32)
  shape = (1, 2, 4)
  return float(
    losses.regression_loss(
      tf.constant(np.reshape(scores, shape), tf.float32),
      tf.constant(overlaps.reshape(shape)),
      tf.constant(MASK),
      tf.constant(np.reshape(draws, shape), tf.float32),
    )
  )


def test_regression_loss_takes_as_many_of_each_kind():
  # One high, two medium, three low (of which 1 / 3 are taken), one without overlap, and one outside of the mask.
  overlaps = [0.8, 0.5, 0.7, 0.3, 0.2, 0.1, 0.0, 0.9]
  scores = [0.9, 0.0, 0.9, 0.4, 0.9, 0.9, 0.9, 0.1]
  draws = [0.9, 0.6, 0.4, 0.3, 0.4, 0.9, 0.1, 0.0]
  taken = [0, 2, 3]
  expected = 0.5 * np.mean([(scores[i] - overlaps[i]) ** 2 for i in taken])
  assert regression(scores, overlaps, draws) == pytest.approx(expected, rel=1e-4)


def test_regression_loss_where_a_kind_is_missing():
  # Two high ones, and a single medium one, which is taken whatever is drawn.
  overlaps = [0.8, 0.9, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0]
  scores = [0.7, 0.7, 0.4, 0.9, 0.9, 0.9, 0.9, 0.9]
  assert regression(scores, overlaps, [0.99] * 8) == pytest.approx(0.5 * (0.01 + 0.04 + 0.01) / 3, rel=1e-4)
  # Nothing high: nothing is taken, and nothing is divided by 0.
  assert regression(scores, [0.5, 0.2] + [0.0] * 6, [0.5] * 8) == 0
