"""Settings of localisation in time: G-TAD (Xu et al., CVPR 2020) on THUMOS14, whose defaults the paper takes (Section 7).

Marks: [code of G-TAD] is a value of the THUMOS14 release of its authors' code; 'ours' is what we chose.
"""

import dataclasses
import math

import gin

from xdc_tf import value_types


@gin.configurable
@dataclasses.dataclass(frozen=True)
class SnippetWindows:
  """How a video is cut into windows of snippets, and what a window is asked about.

  Attributes:
    length: snippets in a window, T: 256 [code of G-TAD].
    stride: snippets from one window to the next: 128 [code of G-TAD].
    max_duration: snippets in the longest proposal, D: 64 [code of G-TAD].
    min_inside: a window is trained on when at least one action lies in it with more than this share of its length: 0.9 [code
      of G-TAD].
  """

  length: int = 256
  stride: int = 128
  max_duration: int = 64
  min_inside: float = 0.9

  def __post_init__(self):
    value_types.check_fields(self)
    if not 1 <= self.stride <= self.length or not 1 <= self.max_duration <= self.length:
      raise ValueError(f'SnippetWindows: stride and max_duration must be 1 to length. Received: {self}.')
    if not 0 <= self.min_inside < 1:
      raise ValueError(f'SnippetWindows.min_inside must be from 0 to below 1. Received: {self.min_inside}.')


@gin.configurable
@dataclasses.dataclass(frozen=True)
class GTAD:
  """The sizes of the network; see network.py. All are of [code of G-TAD].

  Attributes:
    width: channels of a node (a snippet), C.
    feature_groups: groups of the convolution that maps features to nodes.
    paths: parallel paths (groups) of a GCNeXt block, in each of its two graphs.
    path_width: channels of a path.
    neighbours: edges of a node in the semantic graph, k; the first is the node itself.
    context: how far a sub-graph reaches beyond its proposal on either side, in lengths of the proposal.
    bins: points that a sub-graph is sampled at.
    sub_graph_width: channels of a sub-graph after the first layer of the localisation head.
    map_width: channels of its further layers.
  """

  width: int = 256
  feature_groups: int = 4
  paths: int = 32
  path_width: int = 4
  neighbours: int = 3
  context: float = 0.5
  bins: int = 16
  sub_graph_width: int = 512
  map_width: int = 128

  def __post_init__(self):
    value_types.check_fields(self)
    if min(dataclasses.astuple(self)) <= 0:
      raise ValueError(f'The sizes of GTAD must be positive. Received: {self}.')
    if self.width % self.feature_groups:
      raise ValueError(f'GTAD.width must be a multiple of feature_groups. Received: {self}.')


@gin.configurable
@dataclasses.dataclass(frozen=True)
class Detection:
  """From maps of confidence to detections; see proposals.py.

  Attributes:
    below_snippets: proposals of so many snippets or more are dropped: 60, which are the 300 frames of [code of G-TAD].
    sigma: the sigma of the soft-NMS, whose scores decay by exp(-tIoU^2 / sigma): 0.46 [code of G-TAD].
    num_proposals: kept of a window, and again of a video: 200 [code of G-TAD].
    num_classes: classes of a video, the likeliest ones, that each of its proposals becomes a detection of: 2 [code of G-TAD].
  """

  below_snippets: int = 60
  sigma: float = 0.46
  num_proposals: int = 200
  num_classes: int = 2

  def __post_init__(self):
    value_types.check_fields(self)
    if min(self.below_snippets - 1, self.sigma, self.num_proposals, self.num_classes) <= 0:
      raise ValueError(f'Detection needs positive values, and below_snippets of at least 2. Received: {self}.')


@gin.configurable
@dataclasses.dataclass(frozen=True)
class Localization:
  """Everything that decides the result of a localisation, together with the features and the annotations.

  Attributes:
    windows: see SnippetWindows.
    network: see GTAD.
    detection: see Detection.
    batch_size: windows of a step: 8 [code of G-TAD].
    learning_rate: the learning rate of Adam: 4e-5 [code of G-TAD].
    epochs: passes over the windows: 10 [code of G-TAD].
    step_epochs: after every so many the rate is multiplied by gamma: 5 [code of G-TAD].
    gamma: 0.1 [code of G-TAD].
    weight_decay: L2 of all weights, added to the clipped gradients: 1e-4 [code of G-TAD].
    clip_norm: the longest gradient of all weights together: 1 [code of G-TAD].
    classification_weight: the weight of the loss of the classified overlaps: 10 [code of G-TAD]; its release for ActivityNet has 1.
    regression_weight: the weight of the loss of the regressed overlaps: 1 [code of G-TAD]; its release for ActivityNet has 10.
    class_regularization: C of the video classifier (video_classes.py); the classifier and the value are ours.
    seed: the seed of the weights, the order of the windows and the balanced samples; ours.
  """

  windows: SnippetWindows
  network: GTAD
  detection: Detection
  batch_size: int = 8
  learning_rate: float = 4e-5
  epochs: int = 10
  step_epochs: int = 5
  gamma: float = 0.1
  weight_decay: float = 1e-4
  clip_norm: float = 1.0
  classification_weight: float = 10.0
  regression_weight: float = 1.0
  class_regularization: float = 1.0
  seed: int = 0

  def __post_init__(self):
    value_types.check_fields(self)
    if min(self.batch_size, self.epochs, self.step_epochs, self.clip_norm, self.class_regularization) <= 0:
      raise ValueError(f'Localization needs positive sizes, epochs, clip_norm and regularization. Received: {self}.')
    if not 1 <= self.network.neighbours <= self.windows.length:
      raise ValueError(
        f'Localization: GTAD.neighbours must be 1 to SnippetWindows.length. Received: {self.network.neighbours} and '
        f'{self.windows.length}.'
      )
    if not 0 < self.learning_rate < math.inf or not 0 < self.gamma <= 1:
      raise ValueError(
        f'Localization needs a positive learning_rate, and a gamma above 0 and at most 1. Received: {self}.'
      )
    if min(self.weight_decay, self.classification_weight, self.regression_weight) < 0:
      raise ValueError(
        f'Localization needs a weight_decay and weights of losses that are not negative. Received: {self}.'
      )

  def rate_of(self, epoch: int) -> float:
    """The learning rate of an epoch, counted from 0."""
    return self.learning_rate * self.gamma ** (epoch // self.step_epochs)
