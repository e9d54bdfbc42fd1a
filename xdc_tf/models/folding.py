"""An encoder for inference only: every BatchNorm folded into its convolution, which saves a pass over memory each."""

import contextlib
from collections.abc import Iterator

import keras
import tensorflow as tf

from xdc_tf.models.residual import ConvNorm


class FoldedWeights:
  """The folded kernels and biases of an encoder, as variables beside the encoder's own, which stay as they are.

  They are folded once, not in every call: a kernel of R(2+1)D-18 is read faster than it is folded. They have the type that the
  encoder computes in: a call would round them to it anyway, and an exported bfloat16 encoder takes half the space.
  """

  def __init__(self, encoder: keras.Model, stored_in: tf.DType | None = None):
    """Makes the variables, all zero until `update`, under the strategy of the caller. An encoder without ConvNorm has none.

    Every replica folds its own BatchNorm statistics: replicas need not wait for each other.

    Args:
      encoder: whose weights are folded.
      stored_in: the variables' type, instead of the one that the encoder computes in.
    """
    self._layers = [layer for layer in encoder._flatten_layers(include_self=False) if isinstance(layer, ConvNorm)]
    own = {'synchronization': tf.VariableSynchronization.ON_READ, 'aggregation': tf.VariableAggregation.MEAN}
    self._variables = [
      [
        tf.Variable(tf.zeros(value.shape, stored_in or layer.compute_dtype), trainable=False, **own)
        for value in layer.fold()
      ]
      for layer in self._layers
    ]

  def update(self) -> None:
    """Folds the weights as they are now; what was traced goes on with them. Call it in every replica."""
    for layer, variables in zip(self._layers, self._variables, strict=True):
      for variable, value in zip(variables, layer.fold(), strict=True):
        variable.assign(tf.cast(value, variable.dtype))

  @contextlib.contextmanager
  def used(self) -> Iterator[None]:
    """Within it, the encoder infers with these weights, and so does for ever what is traced."""
    try:
      for layer, variables in zip(self._layers, self._variables, strict=True):
        layer.folded_weights = lambda variables=variables: variables
      yield
    finally:
      for layer in self._layers:
        layer.folded_weights = None
