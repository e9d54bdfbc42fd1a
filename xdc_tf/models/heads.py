"""Classification heads: one linear layer per clustering that teaches the encoder (two for MDC, one for the others)."""

from collections.abc import Mapping

import keras
import tensorflow as tf

from xdc_tf.models.residual import layer_seeds

# VMZ's; the paper does not say.
STANDARD_DEVIATION = 0.01


class HeadedEncoder(keras.Model):
  """An encoder with its heads: x -> {head name: logits}.

  Heads are new after every clustering, for cluster numbers mean nothing across iterations (Supplement A); the encoder
  goes on.
  """

  def __init__(
    self,
    encoder: keras.Model,
    num_classes: Mapping[str, int],
    seed: int = 0,
    standard_deviation: float = STANDARD_DEVIATION,
    name: str | None = None,
  ):
    """Makes the heads with their weights.

    Args:
      encoder: maps a batch to float32 [B, encoder.feature_dimension].
      num_classes: classes (clusters) of every head by its name.
      seed: the seed of the heads' random weights.
      standard_deviation: the standard deviation of these weights; biases are 0.
      name: the model's name.

    Raises:
      ValueError: when there is no head, or one without classes.
    """
    if not num_classes or min(num_classes.values()) < 1:
      raise ValueError(
        f'A headed encoder needs at least one head with at least one class. Received: {dict(num_classes)}.'
      )
    super().__init__(name=name, dtype='float32')  # Not Keras's global policy; the encoder has its own.
    self.encoder = encoder
    self.standard_deviation = standard_deviation
    # Sorted, so that the weights do not depend on the order in which a caller lists the heads.
    for head_name, head_seed in zip(sorted(num_classes), layer_seeds(seed), strict=False):
      initialiser = keras.initializers.RandomNormal(stddev=self.standard_deviation, seed=head_seed)
      # Logits stay float32 under every policy: softmax over many clusters needs the digits.
      head = keras.layers.Dense(num_classes[head_name], kernel_initializer=initialiser, dtype='float32')
      head.build((None, encoder.feature_dimension))
      # Keras 3 hides what lies in lists and dicts from tf.train.Checkpoint: every head is an attribute of its own.
      setattr(self, f'head_{head_name}', head)
    self.head_names = tuple(sorted(num_classes))
    self.built = True

  def reset_heads(self, seed: int) -> None:
    """Gives all heads new weights, as if the model had been made with `seed`; the variables stay, so nothing is traced again."""
    for head_name, head_seed in zip(self.head_names, layer_seeds(seed), strict=False):
      head = getattr(self, f'head_{head_name}')
      initialiser = keras.initializers.RandomNormal(stddev=self.standard_deviation, seed=head_seed)
      head.kernel.assign(initialiser(head.kernel.shape))
      head.bias.assign(tf.zeros(head.bias.shape))

  def call(self, x, training=False):
    """Returns float32 logits [B, num_classes] by head name."""
    embedding = self.encoder(x, training=training)
    return {name: getattr(self, f'head_{name}')(embedding) for name in self.head_names}
