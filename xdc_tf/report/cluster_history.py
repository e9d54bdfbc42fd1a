"""How a cluster came to be: in which clusters its clips were in every earlier iteration."""

import dataclasses
from collections.abc import Iterable

import numpy as np

from xdc_tf.clustering.metrics import ContingencyTable
from xdc_tf.report.cluster_ranking import Share


@dataclasses.dataclass(frozen=True)
class Origin:
  """Where the clips of one cluster were in one earlier iteration.

  Attributes:
    iteration: its number.
    shares: the clusters that held most of them then, the largest share first.
    labels: the most frequent human label that each of these had then; None where no clip of it has one.
  """

  iteration: int
  shares: list[Share]
  labels: list[int | None]


def origins(
  pseudo_labels: np.ndarray,
  earlier: Iterable[tuple[int, np.ndarray]],
  label_ids: np.ndarray | None = None,
  num_shares: int = 6,
) -> dict[int, list[Origin]]:
  """Follows the clips of every cluster back through the iterations, one of which is in memory at a time.

  Args:
    pseudo_labels: int32 [N], the clusters now; -1 for none.
    earlier: (iteration, its pseudo-labels int32 [N]); clips that are in no cluster then are left out of the shares.
    label_ids: int32 [N], the human labels; -1 or None for none.
    num_shares: how many clusters to name at most.

  Returns:
    For every cluster that has clips: its Origins, in the order of `earlier`.
  """
  num_clusters = int(np.max(pseudo_labels, initial=-1)) + 1
  origins_by_cluster: dict[int, list] = {int(cluster): [] for cluster in np.unique(pseudo_labels[pseudo_labels >= 0])}
  for iteration, before in earlier:
    num_before = int(np.max(before, initial=-1)) + 1
    table = ContingencyTable(num_clusters, num_before)
    table.add(pseudo_labels, before)
    labels = _top_labels(before, num_before, label_ids)
    for cluster, rows in origins_by_cluster.items():
      counts = table.counts[cluster]
      order = [int(i) for i in np.argsort(-counts, kind='stable')[:num_shares] if counts[i]]
      shares = [Share(i, float(counts[i] / counts.sum())) for i in order]
      rows.append(Origin(iteration, shares, [labels[i] for i in order]))
  return origins_by_cluster


def _top_labels(pseudo_labels: np.ndarray, num_clusters: int, label_ids: np.ndarray | None) -> list[int | None]:
  """The most frequent label of every cluster; None where there is none."""
  if label_ids is None or np.max(label_ids, initial=-1) < 0:
    return [None] * num_clusters
  table = ContingencyTable(num_clusters, int(np.max(label_ids)) + 1)
  table.add(pseudo_labels, label_ids)
  return [int(np.argmax(row)) if row.any() else None for row in table.counts]
