"""The graphs of G-TAD: snippets are nodes; edges go along time, and to the snippets with the most similar features.

Layers know their sizes when they are made, so weights depend on the seeds alone. PyTorch's deviation of weights, as G-TAD is
written in PyTorch; biases start at 0 (ours).
"""

import math
from collections.abc import Iterator

import keras
import tensorflow as tf


def initializer(fan_in: int, seed: int) -> keras.initializers.Initializer:
  """Returns PyTorch's default of linear layers and convolutions: uniform up to 1 / sqrt(fan_in)."""
  limit = 1 / math.sqrt(fan_in)
  return keras.initializers.RandomUniform(-limit, limit, seed=seed)


def dense(fan_in: int, units: int, seed: int, activation: str | None = None, use_bias: bool = True):
  """Returns a built Dense layer, which works on the last axis: a convolution of width 1."""
  layer = keras.layers.Dense(
    units, activation=activation, use_bias=use_bias, kernel_initializer=initializer(fan_in, seed)
  )
  layer.build((None, fan_in))
  return layer


def nearest_neighbours(x: tf.Tensor, number: int) -> tf.Tensor:
  """Returns each node's nearest nodes of the same window by Euclidean distance, itself (or an equal one) first.

  Args:
    x: float32 [B, T, C].
    number: k.

  Returns:
    int32 [B, T, k].
  """
  squares = tf.reduce_sum(x * x, axis=2)
  distances = squares[:, :, None] + squares[:, None, :] - 2 * tf.matmul(x, x, transpose_b=True)
  return tf.math.top_k(-distances, k=number).indices


def neighbour_features(x: tf.Tensor, number: int) -> tf.Tensor:
  """Returns the features of `nearest_neighbours`: [B, T, C] -> [B, T, k, C]."""
  return tf.gather(x, nearest_neighbours(x, number), batch_dims=1)


class GroupedConvolution(keras.layers.Layer):
  """A convolution along axis 1 (time) in groups, with ReLU. Keras's own has no gradient on CPUs."""

  def __init__(self, channels: int, filters: int, kernel_size: int, groups: int, seed: int):
    """Makes the weights.

    Args:
      channels: the channels of the input.
      filters: the filters of the output.
      kernel_size: 1, or 3 with zeros around the ends.
      groups: each has its share of the channels and of the filters.
      seed: the seed of the weights.

    Raises:
      ValueError: when the channels cannot be shared out.
    """
    super().__init__()
    if channels % groups or filters % groups:
      raise ValueError(f'{channels} channels and {filters} filters cannot be shared out to {groups} groups.')
    self.groups, self.kernel_size, self.filters = groups, kernel_size, filters
    fan_in = kernel_size * channels // groups
    self.kernel = self.add_weight(
      name='kernel', shape=(groups, fan_in, filters // groups), initializer=initializer(fan_in, seed)
    )
    self.bias = self.add_weight(name='bias', shape=(filters,), initializer='zeros')
    self.built = True

  def call(self, x):
    """Maps [B, T, ..., channels] to [B, T, ..., filters]."""
    shape = tf.shape(x)
    # [B, T, ..., groups, channels of a group]
    x = tf.reshape(x, tf.concat([shape[:-1], [self.groups, x.shape[-1] // self.groups]], axis=0))
    if self.kernel_size == 3:
      before, behind = tf.zeros_like(x[:, :1]), tf.zeros_like(x[:, :1])
      x = tf.concat([tf.concat([before, x[:, :-1]], axis=1), x, tf.concat([x[:, 1:], behind], axis=1)], axis=-1)
    x = tf.einsum('...gi,gio->...go', x, self.kernel)
    return tf.nn.relu(tf.reshape(x, tf.concat([shape[:-1], [self.filters]], axis=0)) + self.bias)


class GCNeXt(keras.layers.Layer):
  """A block of G-TAD: x + temporal graph + semantic graph, each of them in parallel paths as in ResNeXt, then ReLU.

  An edge of the semantic graph is the features of a neighbour beside the node's own; the node takes the maximum over its edges.
  """

  def __init__(self, width: int, paths: int, path_width: int, neighbours: int, seeds: Iterator[int]):
    """Makes the weights; see options.GTAD."""
    super().__init__()
    self.neighbours = neighbours
    inner = paths * path_width
    self.temporal_in = dense(width, inner, next(seeds), 'relu')
    self.temporal_paths = GroupedConvolution(inner, inner, 3, paths, next(seeds))
    self.temporal_out = dense(inner, width, next(seeds))
    self.semantic_in = dense(2 * width, inner, next(seeds), 'relu')
    self.semantic_paths = GroupedConvolution(inner, inner, 1, paths, next(seeds))
    self.semantic_out = dense(inner, width, next(seeds))
    self.built = True

  def call(self, x):
    """Maps [B, T, width] to the same shape."""
    temporal = self.temporal_out(self.temporal_paths(self.temporal_in(x)))
    neighbours = neighbour_features(x, self.neighbours)
    edges = tf.concat([neighbours, tf.broadcast_to(x[:, :, None], tf.shape(neighbours))], axis=-1)
    semantic = self.semantic_out(self.semantic_paths(self.semantic_in(edges)))
    return tf.nn.relu(x + temporal + tf.reduce_max(semantic, axis=2))
