"""The last layer of a finetuned encoder: from an embedding to the probabilities of the classes that it learned."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow as tf


@dataclasses.dataclass(frozen=True, eq=False)
class Classifier:
  """A linear layer with the names of its classes.

  Attributes:
    kernel: float32 [d, classes].
    bias: float32 [classes].
    classes: the names, in the order of the columns.
    several_labels: a clip may be of several classes: each has a probability of its own, and they do not sum up to 1.
  """

  kernel: np.ndarray
  bias: np.ndarray
  classes: Sequence[str]
  several_labels: bool = False

  def __post_init__(self):
    if self.kernel.shape[1:] != self.bias.shape or self.bias.shape != (len(self.classes),):
      raise ValueError(
        f'The last layer has a kernel of shape {list(self.kernel.shape)} and a bias of shape {list(self.bias.shape)}; expected '
        f'[d, n] and [n] for {len(self.classes)} classes.'
      )

  def probabilities(self, embedding: tf.Tensor) -> tf.Tensor:
    """Returns float32 [B, classes] of float32 [B, d]: a softmax, or a sigmoid each where a clip may have several labels."""
    logits = tf.matmul(embedding, tf.constant(self.kernel, tf.float32)) + tf.constant(self.bias, tf.float32)
    return tf.math.sigmoid(logits) if self.several_labels else tf.nn.softmax(logits)
