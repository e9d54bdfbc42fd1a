"""The losses of G-TAD, with the thresholds of [code of G-TAD], which took them from BSN and BMN."""

import tensorflow as tf

# Starts and ends: snippets that one covers by more are positive.
BOUNDARY_THRESHOLD = 0.5
# Classification: proposals that overlap more are positive.
OVERLAP_THRESHOLD = 0.9
# So many positives, and negatives, of no loss are counted with those of a batch [code of G-TAD]: a batch may have no positive.
EXTRA = 10.0
# Regression: overlaps above the first are high, above the second medium, above 0 low; the same number of each is taken.
HIGH, MEDIUM = 0.7, 0.3
EPSILON = 1e-6


def balanced_cross_entropy(scores: tf.Tensor, positive: tf.Tensor, valid: tf.Tensor, extra: float = 0.0) -> tf.Tensor:
  """Returns binary cross-entropy in which positives and negatives count half each, whatever their numbers.

  Args:
    scores: float32, from 0 to 1.
    positive: bool of the same shape.
    valid: bool of a shape that fits; what is neither counts for nothing.
    extra: added to the number of positives, and of negatives.

  Returns:
    float32 [].
  """

  def mean(values: tf.Tensor, where: tf.Tensor) -> tf.Tensor:
    weights = tf.cast(where & valid, tf.float32)
    return tf.reduce_sum(weights * values) / tf.maximum(tf.reduce_sum(weights) + extra, 1.0)

  right = mean(tf.math.log(scores + EPSILON), positive)
  wrong = mean(tf.math.log(1.0 - scores + EPSILON), ~positive)
  return -0.5 * (right + wrong)


def boundary_loss(scores: tf.Tensor, covered: tf.Tensor) -> tf.Tensor:
  """Returns the loss of the starts, or of the ends: float32 [].

  Args:
    scores: float32 [B, T].
    covered: float32 [B, T], see targets.boundary_scores.
  """
  return balanced_cross_entropy(scores, covered > BOUNDARY_THRESHOLD, tf.constant(True))


def classification_loss(scores: tf.Tensor, overlaps: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
  """Returns the loss of telling high overlaps from the rest: float32 [].

  Args:
    scores: float32 [B, D, T].
    overlaps: float32 [B, D, T], see targets.overlap_map.
    mask: bool [D, T], see targets.proposal_mask.
  """
  return balanced_cross_entropy(scores, overlaps > OVERLAP_THRESHOLD, mask, EXTRA)


def regression_loss(scores: tf.Tensor, overlaps: tf.Tensor, mask: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
  """Returns half the mean squared error over the high overlaps, and about as many medium and as many low ones: float32 [].

  Overlaps of exactly 0 are not taught. Where there are fewer medium or low ones than high ones, all of them are taken.

  Args:
    scores: float32 [B, D, T].
    overlaps: float32 [B, D, T].
    mask: bool [D, T].
    draws: float32 [B, D, T], uniform from 0 to 1: which medium and low ones.
  """
  high = overlaps > HIGH
  medium = (overlaps > MEDIUM) & ~high
  low = (overlaps > 0) & (overlaps <= MEDIUM)

  def number(where: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(where & mask, tf.float32))

  taken = high
  for part in (medium, low):
    taken |= part & (draws * number(part) < number(high))
  weights = tf.cast(taken & mask, tf.float32)
  errors = tf.reduce_sum(weights * (scores - overlaps) ** 2)
  return 0.5 * errors / tf.maximum(tf.reduce_sum(weights), 1.0)
