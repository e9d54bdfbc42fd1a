"""SGAlign: the sub-graph of every proposal, sampled at equally many points, and the first layer on it.

Sampling is linear in the nodes and the same for every window, so it is a matrix; the layer behind it is linear too. Here the
layer comes first: each node is mapped once for each bin, and the matrix sums what its proposals take. That is the same function,
without a tensor of all sampled sub-graphs (at G-TAD's sizes half a gigabyte for each window).
"""

import keras
import numpy as np
import tensorflow as tf

from xdc_tf.localization import graphs
from xdc_tf.localization.options import GTAD


def sampling_matrix(length: int, max_duration: int, bins: int, context: float) -> np.ndarray:
  """Returns how much each node counts in each bin of each proposal [code of G-TAD].

  The proposal (d, t) spans the nodes t to t + d, and is widened by `context` of its d + 1 nodes on either side. Each bin is the
  mean of ceil(span / bins) points, interpolated linearly between nodes. A point takes the outermost node up to one node beyond
  the window, and nothing further out. Proposals that leave the window are 0 (ours; their scores are never used).

  Args:
    length: nodes in a window, T.
    max_duration: D.
    bins: R.
    context: see above.

  Returns:
    float32 [D, T, R, T].
  """
  matrix = np.zeros([max_duration, length, bins, length], np.float32)
  for duration in range(max_duration):
    first = np.arange(length - duration)  # Proposals that stay in the window.
    margin = context * (duration + 1)
    span = max(duration + 2 * margin, 1.0)
    num_points = int(np.ceil(span / bins))
    # Of the first proposal: [bins, points]; the others' are shifted by whole nodes.
    points = -margin + span / bins * (np.arange(bins)[:, None] + (np.arange(num_points) + 0.5) / num_points)
    places = first[:, None, None] + points
    inside = (places >= -1) & (places <= length)
    places = places.clip(0, length - 1)
    low = places.astype(np.int64)
    high = np.minimum(low + 1, length - 1)
    proposal, bin_, _ = np.indices(places.shape)
    rows = matrix[duration]
    np.add.at(rows, (proposal, bin_, low), inside * (1 - (places - low)) / num_points)
    np.add.at(rows, (proposal, bin_, high), inside * (places - low) / num_points)
  return matrix


class SubGraphs(keras.layers.Layer):
  """Nodes and the means of their neighbours -> SGAlign -> a linear layer and ReLU, for every proposal."""

  def __init__(self, length: int, max_duration: int, network: GTAD, seed: int):
    """Makes the weights and the matrix.

    Args:
      length: nodes in a window, T.
      max_duration: D.
      network: the sizes.
      seed: the seed of the weights.
    """
    super().__init__()
    self.neighbours, self.bins, self.filters = network.neighbours, network.bins, network.sub_graph_width
    fan_in = 2 * network.width * network.bins
    self.kernel = self.add_weight(
      name='kernel',
      shape=(2 * network.width, network.bins * self.filters),
      initializer=graphs.initializer(fan_in, seed),
    )
    self.bias = self.add_weight(name='bias', shape=(self.filters,), initializer='zeros')
    # It follows from the sizes, and is no weight. A tensor, so that the graphs of functions refer to it and hold no copy.
    matrix = sampling_matrix(length, max_duration, network.bins, network.context)
    self.matrix = tf.constant(matrix.reshape(max_duration * length, network.bins * length))
    self.length, self.max_duration = length, max_duration
    self.built = True

  def call(self, x):
    """Maps [B, T, width] to [B, D, T, sub_graph_width]."""
    means = tf.reduce_mean(graphs.neighbour_features(x, self.neighbours), axis=2)
    mapped = tf.matmul(tf.concat([x, means], axis=-1), self.kernel)
    mapped = tf.reshape(mapped, [-1, self.length, self.bins, self.filters])
    mapped = tf.reshape(tf.transpose(mapped, [0, 2, 1, 3]), [-1, self.bins * self.length, self.filters])
    summed = tf.einsum('pn,bnf->bpf', self.matrix, mapped)
    return tf.nn.relu(tf.reshape(summed, [-1, self.max_duration, self.length, self.filters]) + self.bias)
