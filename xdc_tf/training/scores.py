"""Loss and hits of every head, in the graph as sums that replicas and batches add up, and as the means that people read."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from xdc_tf.records import label_table


def statistics(
  heads: Sequence[str], logits: dict[str, tf.Tensor], labels: dict[str, tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor]:
  """Returns the summed cross-entropy of all heads, and float32 [3 * heads]: loss, hits and clips of each head."""
  sums, total = [], 0.0
  for head in heads:
    has_label, losses, hits = _scores(logits[head], labels[head])
    loss = tf.reduce_sum(has_label * losses)
    sums += [loss, tf.reduce_sum(has_label * hits), tf.reduce_sum(has_label)]
    total += loss
  return total, tf.stack(sums)


def summary(heads: Sequence[str], prefix: str, totals: np.ndarray) -> dict[str, float]:
  """The mean loss summed over the heads, and every head's mean loss and accuracy."""
  row = {f'{prefix}_loss': 0.0}
  for head, (loss, hits, clips) in zip(heads, totals.reshape(-1, 3), strict=True):
    row[f'{prefix}_loss'] += loss / max(1.0, clips)
    row[f'{prefix}_accuracy_{head}'] = hits / max(1.0, clips)
  return {name: float(value) for name, value in row.items()}


def _scores(logits: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
  """Returns whether clips have a label, their loss, and whether the highest logit is right: float32 [B] each.

  Args:
    logits: float32 [B, C].
    labels: int32 [B], or the bits of several labels, uint8 [B, ceil(C / 8)]: then the loss is the sum of C binary ones.
  """
  best = tf.argmax(logits, axis=-1, output_type=tf.int32)
  if labels.shape.rank == 1:
    target = tf.maximum(labels, 0)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(target, logits)
    return tf.cast(labels >= 0, tf.float32), losses, tf.cast(best == target, tf.float32)
  targets = label_table.unpack(labels, logits.shape[1])
  losses = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(targets, logits), axis=1)
  return tf.reduce_max(targets, axis=1), losses, tf.gather(targets, best, batch_dims=1)
