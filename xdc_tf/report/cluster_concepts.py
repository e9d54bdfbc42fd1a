"""Which concepts a cluster holds: Tables 6, 14 and 15 of the paper. Clusters are ranked by purity, the share of the top concept.

A concept is a human label. Its share is that of the cluster's labelled clips that carry it. Where clips have several labels
(AudioSet) the shares of a cluster may add up to more than 1; where they have one each, they are what cluster_ranking.shares gives.
"""

import csv
import dataclasses
import io
import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from xdc_tf.report.cluster_ranking import Share

_CHUNK = 1 << 16


@dataclasses.dataclass(frozen=True)
class ClusterConcepts:
  """One cluster.

  Attributes:
    rank: 1 for the purest.
    cluster: its number in the pseudo-labels.
    size: the number of its clips.
    labelled: how many of them have a label.
    concepts: its most frequent labels, the largest share first; none where no clip has a label.
  """

  rank: int
  cluster: int
  size: int
  labelled: int
  concepts: list[Share]

  @property
  def purity(self) -> float | None:
    """The share of the top concept; None where no clip has a label."""
    return self.concepts[0].share if self.concepts else None


@dataclasses.dataclass(frozen=True)
class ConceptsTable:
  """What is to be printed.

  Attributes:
    data_set: the name of the data set, e.g. 'Kinetics'.
    label_names: by label id.
    clusterings: the clusters that are listed of every clustering, by its name; they stand side by side in this order.
    top: how many of the purest, and how many of the least pure, are listed at most.
    num_concepts: how many concepts are listed at most.
  """

  data_set: str
  label_names: Sequence[str]
  clusterings: Mapping[str, Sequence[ClusterConcepts]]
  top: int
  num_concepts: int


def count_labels(pseudo_labels: np.ndarray, label_bits: np.ndarray, num_labels: int) -> tuple[np.ndarray, np.ndarray]:
  """Counts the labels of every cluster, in pieces: what is unpacked fits into memory however many clips there are.

  Args:
    pseudo_labels: int32 [N], -1 for a clip that is in no cluster.
    label_bits: uint8 [N, ceil(num_labels / 8)], as human_labels.all_labels has them.
    num_labels: how many labels there are.

  Returns:
    counts int64 [clusters, num_labels], of clips that carry the label; labelled int64 [clusters], of clips that carry any.
  """
  num_clusters = int(np.max(pseudo_labels, initial=-1)) + 1
  counts, labelled = np.zeros(num_clusters * num_labels, np.int64), np.zeros(num_clusters, np.int64)
  for first in range(0, len(pseudo_labels), _CHUNK):
    clusters = pseudo_labels[first : first + _CHUNK].astype(np.int64)
    bits = np.unpackbits(label_bits[first : first + _CHUNK], axis=1, count=num_labels)[clusters >= 0]
    clusters = clusters[clusters >= 0]
    clip, label = np.nonzero(bits)
    counts += np.bincount(clusters[clip] * num_labels + label, minlength=len(counts))
    labelled += np.bincount(clusters[bits.any(axis=1)], minlength=num_clusters)
  return counts.reshape(num_clusters, num_labels), labelled


def rank_by_purity(
  pseudo_labels: np.ndarray, label_bits: np.ndarray, num_labels: int, num_concepts: int
) -> list[ClusterConcepts]:
  """Returns every cluster that has clips, the purest first; of equally pure ones the larger, then the smaller number.

  Args:
    pseudo_labels: see count_labels.
    label_bits: see count_labels.
    num_labels: see count_labels.
    num_concepts: how many concepts to list of each at most.

  Raises:
    ValueError: when no clip has a label.
  """
  counts, labelled = count_labels(pseudo_labels, label_bits, num_labels)
  if not labelled.any():
    raise ValueError('No clip of these clusters has a label, and purity is about labels. `xdc report` needs none.')
  sizes = np.bincount(pseudo_labels[pseudo_labels >= 0], minlength=len(counts))
  clusters = []
  for cluster in np.flatnonzero(sizes):
    order = np.argsort(-counts[cluster], kind='stable')[:num_concepts]
    concepts = [Share(int(i), float(counts[cluster, i] / labelled[cluster])) for i in order if counts[cluster, i] > 0]
    clusters.append(ClusterConcepts(0, int(cluster), int(sizes[cluster]), int(labelled[cluster]), concepts))
  # Clusters without any labelled clip come last.
  clusters.sort(key=lambda c: (1.0 if c.purity is None else -c.purity, -c.size, c.cluster))
  return [dataclasses.replace(cluster, rank=rank) for rank, cluster in enumerate(clusters, start=1)]


def top_and_bottom(ranked: Sequence[ClusterConcepts], top: int) -> list[ClusterConcepts]:
  """Returns the first and the last `top` clusters, or all where there are no more than these."""
  return list(ranked) if len(ranked) <= 2 * top else [*ranked[:top], *ranked[-top:]]


def markdown(table: ConceptsTable) -> str:
  """Formats the table as the paper does: a rank and the concepts with their shares, the clusterings side by side."""
  cells = [['#', f'{table.data_set} concepts'] * len(table.clusterings)]
  for clusters in itertools.zip_longest(*table.clusterings.values()):
    cells.append([cell for cluster in clusters for cell in _cells(cluster, table.label_names)])
  cells = [[cell.replace('|', r'\|') for cell in row] for row in cells]
  widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
  lines = [
    '| ' + ' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + ' |' for row in cells
  ]
  rule = '|' + '|'.join('-' * (width + 2) for width in widths) + '|'
  return '\n'.join([_caption(table), '', lines[0], rule, *lines[1:]])


def _cells(cluster: ClusterConcepts | None, names: Sequence[str]) -> tuple[str, str]:
  if cluster is None:
    return '', ''
  return str(cluster.rank), ', '.join(f'{names[c.id]}({c.share:.2f})' for c in cluster.concepts) or 'no labels'


def _caption(table: ConceptsTable) -> str:
  names, last = list(table.clusterings), table.num_concepts
  sides = ['left', 'right'] if len(names) == 2 else [f'column {n}' for n in range(1, len(names) + 1)]
  listed = ' and '.join(f'{name} ({side})' if len(names) > 1 else name for name, side in zip(names, sides, strict=True))
  return (
    f'Top and bottom {table.top} {listed} clusters ranked by clustering purity w.r.t. {table.data_set} labels. For each cluster, '
    f'the {last} concepts with the highest purity (given in parentheses).'
  )


def as_csv(table: ConceptsTable) -> str:
  """Formats the table as CSV: a row for every concept of every cluster listed."""
  text = io.StringIO()
  writer = csv.writer(text, lineterminator='\n')
  writer.writerow(['clustering', 'rank', 'cluster', 'clips', 'labelled_clips', 'concept', 'share'])
  for name, clusters in table.clusterings.items():
    for c in clusters:
      for concept in c.concepts:
        writer.writerow([name, c.rank, c.cluster, c.size, c.labelled, table.label_names[concept.id], concept.share])
  return text.getvalue()


def as_dictionary(table: ConceptsTable) -> dict:
  """Returns the table as plain values for JSON: a list of the clusters listed for every clustering."""
  return {
    name: [
      {'rank': c.rank, 'cluster': c.cluster, 'clips': c.size, 'labelled_clips': c.labelled, 'purity': c.purity}
      | {'concepts': [{'concept': table.label_names[s.id], 'share': s.share} for s in c.concepts]}
      for c in clusters
    ]
    for name, clusters in table.clusterings.items()
  }
