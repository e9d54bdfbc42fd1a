"""G-TAD: Sub-Graph Localization for Temporal Action Detection (Xu, Zhao, Rojas, Thabet, Ghanem; CVPR 2020), in Keras.

features [B, T, d]
   | grouped convolution of width 3, GCNeXt ------------+---------------------------+
   | GCNeXt                                             | GCNeXt, 1 unit, sigmoid    | GCNeXt, 1 unit, sigmoid
   | SGAlign, then the layers of the localisation head  |                           |
maps of proposals [B, D, T], two                        starts [B, T]               ends [B, T]

Of the two maps one is taught to regress the overlap with an action, the other to tell high overlaps from the rest.
"""

from typing import NamedTuple

import keras
import tensorflow as tf

from xdc_tf.localization.graphs import GCNeXt, GroupedConvolution, dense, initializer
from xdc_tf.localization.options import GTAD, SnippetWindows
from xdc_tf.localization.sub_graphs import SubGraphs
from xdc_tf.models.residual import layer_seeds


class Scores(NamedTuple):
  """What the network says of windows, from 0 to 1.

  Attributes:
    regression: float32 [B, D, T], the overlap of each proposal.
    classification: float32 [B, D, T], whether it is high.
    start: float32 [B, T], whether an action starts at a snippet.
    end: float32 [B, T], whether one ends there.
  """

  regression: tf.Tensor
  classification: tf.Tensor
  start: tf.Tensor
  end: tf.Tensor


def convolution(channels: int, filters: int, kernel_size: int, seed: int) -> keras.layers.Conv2D:
  """Returns a built convolution over the map of proposals, with ReLU."""
  layer = keras.layers.Conv2D(
    filters,
    kernel_size,
    padding='same',
    data_format='channels_last',
    activation='relu',
    kernel_initializer=initializer(channels * kernel_size**2, seed),
  )
  layer.build((None, None, None, channels))
  return layer


class GTADNetwork(keras.Model):
  """See the head of this file. There is no BatchNorm in it [code of G-TAD]."""

  def __init__(self, feature_dimension: int, windows: SnippetWindows, network: GTAD, seed: int = 0):
    """Makes the network with all its weights.

    Args:
      feature_dimension: d.
      windows: their length and the longest proposal.
      network: the sizes.
      seed: the seed of the random weights.

    Raises:
      ValueError: when the features cannot be shared out to the groups of the first layer.
    """
    super().__init__()
    seeds = layer_seeds(seed)
    n = network

    def block() -> GCNeXt:
      return GCNeXt(n.width, n.paths, n.path_width, n.neighbours, seeds)

    self.projection = GroupedConvolution(feature_dimension, n.width, 3, n.feature_groups, next(seeds))
    self.backbone, self.backbone_of_maps = block(), block()
    self.start_block, self.start_score = block(), dense(n.width, 1, next(seeds), 'sigmoid')
    self.end_block, self.end_score = block(), dense(n.width, 1, next(seeds), 'sigmoid')
    self.sub_graphs = SubGraphs(windows.length, windows.max_duration, n, next(seeds))
    self.narrow = dense(n.sub_graph_width, n.map_width, next(seeds), 'relu')
    self.map0 = convolution(n.map_width, n.map_width, 3, next(seeds))
    self.map1 = convolution(n.map_width, n.map_width, 3, next(seeds))
    self.map_scores = dense(n.map_width, 2, next(seeds), 'sigmoid')
    self.built = True

  def call(self, features):
    """Returns the Scores of windows, float32 [B, T, d]."""
    nodes = self.backbone(self.projection(features))
    maps = self.map_scores(self.map1(self.map0(self.narrow(self.sub_graphs(self.backbone_of_maps(nodes))))))
    return Scores(
      regression=maps[..., 0],
      classification=maps[..., 1],
      start=self.start_score(self.start_block(nodes))[..., 0],
      end=self.end_score(self.end_block(nodes))[..., 0],
    )
