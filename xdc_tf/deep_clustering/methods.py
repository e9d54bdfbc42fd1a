"""Figure 1 of the paper as a table: a method is a list of clusterings. Nothing else in the code branches on the method.

To add a method, write one more function here and one gin file in gin/methods/ (docs/extending.md).
"""

import dataclasses
from collections.abc import Callable

import gin

from xdc_tf import value_types


@dataclasses.dataclass(frozen=True)
class ClusteringSpec:
  """One k-means clustering and who learns from it.

  Attributes:
    name: the name of the clustering, and of the head that predicts it.
    sources: encoders whose features are clustered; several are l2-normalised each and concatenated (CDC).
    teaches: encoders that must predict the result.
    num_clusters: k.
    shuffled: deal the pseudo-labels to other clips at random before they teach: a control, nothing can be learned from them.
  """

  name: str
  sources: tuple[str, ...]
  teaches: tuple[str, ...]
  num_clusters: int
  shuffled: bool = False

  def __post_init__(self):
    value_types.check_fields(self)


METHODS: dict[str, Callable[..., list[ClusteringSpec]]] = {}


def method(function: Callable[..., list[ClusteringSpec]]) -> Callable[..., list[ClusteringSpec]]:
  """Makes a function a method of this name, whose arguments gin files set."""
  METHODS[function.__name__] = gin.configurable(function)
  return METHODS[function.__name__]


@method
def sdc(num_video_clusters: int, num_audio_clusters: int) -> list[ClusteringSpec]:
  """Single-modality deep clustering, the baseline: every encoder teaches itself (Section 3.1).

  DeepCluster also draws training clips uniformly over the clusters (Supplement A); here every clip is drawn equally often.
  """
  return [
    ClusteringSpec('video', sources=('video',), teaches=('video',), num_clusters=num_video_clusters),
    ClusteringSpec('audio', sources=('audio',), teaches=('audio',), num_clusters=num_audio_clusters),
  ]


@method
def mdc(num_video_clusters: int, num_audio_clusters: int) -> list[ClusteringSpec]:
  """Multi-head deep clustering: every encoder predicts both clusterings, with a head for each (Section 3.2)."""
  return [
    ClusteringSpec('video', sources=('video',), teaches=('video', 'audio'), num_clusters=num_video_clusters),
    ClusteringSpec('audio', sources=('audio',), teaches=('video', 'audio'), num_clusters=num_audio_clusters),
  ]


@method
def cdc(num_clusters: int) -> list[ClusteringSpec]:
  """Concatenation deep clustering: one clustering of the joint features teaches both encoders (Section 3.2)."""
  return [ClusteringSpec('joint', sources=('video', 'audio'), teaches=('video', 'audio'), num_clusters=num_clusters)]


@method
def xdc(num_video_clusters: int, num_audio_clusters: int) -> list[ClusteringSpec]:
  """Cross-modal deep clustering: each modality is taught only by the other one (Section 3.2).

  Examples:
    >>> [(c.sources, c.teaches) for c in xdc_tf.methods.xdc(num_video_clusters=64, num_audio_clusters=64)]
    [(('video',), ('audio',)), (('audio',), ('video',))]
  """
  return [
    ClusteringSpec('video', sources=('video',), teaches=('audio',), num_clusters=num_video_clusters),
    ClusteringSpec('audio', sources=('audio',), teaches=('video',), num_clusters=num_audio_clusters),
  ]


@method
def same_modality_xdc(encoders: tuple[str, str], num_clusters: int) -> list[ClusteringSpec]:
  """XDC between two encoders of one modality: the control of Table 1 that shows what the other modality adds."""
  first, second = encoders
  return [
    ClusteringSpec(first, sources=(first,), teaches=(second,), num_clusters=num_clusters),
    ClusteringSpec(second, sources=(second,), teaches=(first,), num_clusters=num_clusters),
  ]


@method
def shuffled_xdc(num_video_clusters: int, num_audio_clusters: int) -> list[ClusteringSpec]:
  """XDC whose pseudo-labels go to the wrong clips: the control (ours) that shows that it is their pairing that teaches."""
  return [dataclasses.replace(c, shuffled=True) for c in xdc(num_video_clusters, num_audio_clusters)]


def check(clusterings: list[ClusteringSpec], encoders: list[str]) -> None:
  """Checks that a method and the encoders fit together.

  Raises:
    ValueError: when a name is used twice, an encoder is unknown, an encoder is taught by nothing, or by a single cluster.
  """
  names = [c.name for c in clusterings]
  if len(set(names)) < len(names):
    raise ValueError(f'Every clustering needs a name of its own. Received: {names}.')
  unknown = {e for c in clusterings for e in (*c.sources, *c.teaches)} - set(encoders)
  if unknown:
    raise ValueError(
      f'The method names the encoders {sorted(unknown)}, but Pretraining.encoders has {sorted(encoders)}.'
    )
  for clustering in clusterings:
    if clustering.num_clusters < 2:
      raise ValueError(
        f'The clustering {clustering.name!r} has num_clusters = {clustering.num_clusters}: nothing is learned from fewer than 2.'
      )
  untaught = set(encoders) - {e for c in clusterings for e in c.teaches}
  if untaught:
    raise ValueError(f'No clustering teaches the encoders {sorted(untaught)}: take them out of Pretraining.encoders.')
