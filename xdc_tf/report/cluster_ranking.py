"""What a clustering found: clusters ranked, their nearest clips, their label shares, their overlap with other clusterings.

The measures are those of Figure 2 and Tables 6, 14 and 15 of the paper: a cluster is shown by the 10 clips nearest to its
centroid and by its top concepts with their shares, and clusters are ranked by purity, which is the share of the top concept.
Without labels the tightest cluster comes first.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True)
class ClusteringView:
  """One clustering of N clips, as it is to be shown.

  Attributes:
    name: what was clustered, e.g. 'video'.
    pseudo_labels: int32 [N], the cluster of every clip; -1 for a clip that is in none.
    distances: float32 [N], the distance (not squared) of every clip to its centroid; ignored where pseudo_labels is -1.
    label_ids: int32 [N], the human label of every clip (-1: none), or None when the data has no labels.
  """

  name: str
  pseudo_labels: np.ndarray
  distances: np.ndarray
  label_ids: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class Share:
  """How large a part of a cluster has one label, or lies in one cluster of another clustering."""

  id: int
  share: float


@dataclasses.dataclass(frozen=True)
class ClusterSummary:
  """One cluster.

  Attributes:
    cluster: its number in pseudo_labels.
    rank: 1 for the best.
    size: the number of its clips.
    tightness: mean distance of its clips to the centroid; smaller is tighter.
    purity: the share of its top label among its labelled clips; None when none of them has a label.
    nearest: indices of the clips nearest to the centroid, the nearest first.
    nearest_distances: their distances.
    farthest: indices of the clips farthest from it, the farthest last; none that is among the nearest.
    farthest_distances: their distances.
    labels: its most frequent labels with their shares of the labelled clips.
    overlaps: for every other clustering, in the given order, its clusters that hold the most clips of this one.
  """

  cluster: int
  rank: int
  size: int
  tightness: float
  purity: float | None
  nearest: list[int]
  nearest_distances: list[float]
  farthest: list[int]
  farthest_distances: list[float]
  labels: list[Share]
  overlaps: list[list[Share]]


def check_views(views: Sequence[ClusteringView]) -> None:
  """Raises ValueError unless all views describe the same clips with finite distances."""
  if not views:
    raise ValueError('There is no clustering to report on: expected at least one ClusteringView.')
  num_clips = len(views[0].pseudo_labels)
  for view in views:
    arrays = {'pseudo_labels': view.pseudo_labels, 'distances': view.distances, 'label_ids': view.label_ids}
    for field, array in arrays.items():
      if array is not None and np.shape(array) != (num_clips,):
        raise ValueError(
          f'{field} of clustering {view.name!r} has shape {np.shape(array)}, expected ({num_clips},) as the pseudo_labels of '
          f'{views[0].name!r}. All clusterings of one report must come from the same clips: cluster them again.'
        )
    if not np.all(np.isfinite(view.distances[view.pseudo_labels >= 0])):
      raise ValueError(f'Clustering {view.name!r} has distances that are not finite: cluster its features again.')


def nearest_first(members: np.ndarray, distances: np.ndarray) -> np.ndarray:
  """Orders the clips of a cluster by their distance to the centroid.

  Args:
    members: int64 [n], the clips of one cluster.
    distances: float32 [N], of all clips.

  Returns:
    int64 [n], the nearest first; equal distances in the order of the indices.
  """
  return members[np.lexsort((members, distances[members]))]


def shares(ids: np.ndarray, num_shares: int) -> list[Share]:
  """Returns the most frequent ids with their shares of all ids that are not negative.

  Args:
    ids: int32 [n]; negative ids mean none and are left out.
    num_shares: how many to return at most.

  Returns:
    The largest share first; equal shares in the order of the ids. Empty when all ids are negative.
  """
  values, counts = np.unique(ids[ids >= 0], return_counts=True)
  order = np.lexsort((values, -counts))[:num_shares]
  return [Share(int(values[i]), float(counts[i] / counts.sum())) for i in order]


def rank_clusters(
  view: ClusteringView,
  others: Sequence[ClusteringView] = (),
  num_nearest: int = 10,
  num_shares: int = 5,
  num_farthest: int = 0,
) -> list[ClusterSummary]:
  """Describes every cluster that has clips, the best first (Tables 6, 14, 15).

  Clusters are ranked by purity when the view has labels (clusters without any labelled clip come last), else by tightness;
  the larger cluster, then the smaller number, comes first among equals.

  Args:
    view: the clustering to describe.
    others: the clusterings to compare it with.
    num_nearest: how many nearest clips to list.
    num_shares: how many labels, and how many clusters of each other clustering, to list.
    num_farthest: how many of the clips farthest from the centroid to list.
  """
  summaries = [
    _summary(view, cluster, members, others, (num_nearest, num_farthest), num_shares)
    for cluster, members in _clusters(view.pseudo_labels)
  ]
  by_purity = is_labelled(view)
  summaries.sort(key=lambda summary: _ranking_key(summary, by_purity))
  return [dataclasses.replace(summary, rank=rank) for rank, summary in enumerate(summaries, start=1)]


def is_labelled(view: ClusteringView) -> bool:
  """Whether any clip of the view has a human label, so that purity means something."""
  return view.label_ids is not None and bool(np.any(view.label_ids >= 0))


def _clusters(pseudo_labels: np.ndarray) -> list[tuple[int, np.ndarray]]:
  """Returns (cluster, its clips in the order of their indices) by one sort, however many clusters there are."""
  order = np.argsort(pseudo_labels, kind='stable')
  clusters, starts = np.unique(pseudo_labels[order], return_index=True)
  return [(int(c), members) for c, members in zip(clusters, np.split(order, starts[1:]), strict=True) if c >= 0]


def _summary(view, cluster, members, others, num_shown, num_shares) -> ClusterSummary:
  ordered = nearest_first(members, view.distances)
  num_nearest, num_farthest = num_shown
  nearest = ordered[:num_nearest]
  farthest = ordered[num_nearest:][max(0, len(ordered) - num_nearest - num_farthest) :]
  labels = shares(view.label_ids[members], num_shares) if view.label_ids is not None else []
  return ClusterSummary(
    cluster=cluster,
    rank=0,
    size=len(members),
    tightness=float(np.mean(view.distances[members], dtype=np.float64)),
    purity=labels[0].share if labels else None,
    nearest=nearest.tolist(),
    nearest_distances=view.distances[nearest].tolist(),
    farthest=farthest.tolist(),
    farthest_distances=view.distances[farthest].tolist(),
    labels=labels,
    overlaps=[shares(other.pseudo_labels[members], num_shares) for other in others],
  )


def _ranking_key(summary: ClusterSummary, by_purity: bool) -> tuple:
  if not by_purity:
    return summary.tightness, -summary.size, summary.cluster
  return 1.0 if summary.purity is None else -summary.purity, -summary.size, summary.cluster
