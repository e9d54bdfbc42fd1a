"""How good a clustering is, and how alike two are. Clips with -1 in either array (no label) are left out."""

import numpy as np
from scipy.optimize import linear_sum_assignment

_CHUNK = 1 << 20


def collapse_warning(name: str, labels: np.ndarray, num_clusters: int) -> str:
  """Returns what to say of a clustering most of whose clusters are empty, '' of others: NMI and purity mean little then.

  Args:
    name: the name of the clustering.
    labels: int [n], the cluster of every clip; -1 for none.
    num_clusters: k.
  """
  empty = int((cluster_sizes(labels, num_clusters) == 0).sum())
  if 2 * empty <= num_clusters:
    return ''
  return (
    f'{empty} of the {num_clusters} clusters of {name} are empty, so there is little to learn from them, and NMI and purity mean '
    'little. Either the features are nearly all alike (silent sound, still pictures, an encoder that diverged: try a lower '
    'learning rate), or there are too few different clips for so many clusters: try fewer.'
  )


class ContingencyTable:
  """Counts how often each pair of labels meets; fed in pieces, so that long arrays need not be in memory.

  Attributes:
    counts: int64 [num_first, num_second].
  """

  def __init__(self, num_first: int, num_second: int):
    self.counts = np.zeros((num_first, num_second), np.int64)

  def add(self, first: np.ndarray, second: np.ndarray) -> None:
    """Adds clips, given their labels int [n] in two labellings; -1 in either leaves a clip out.

    Raises:
      ValueError: for different lengths or a label that the table has no place for.
    """
    first, second = np.asarray(first), np.asarray(second)
    if first.shape != second.shape or first.ndim != 1:
      raise ValueError(
        f'Two label arrays [n] of the same length are compared. Received: {first.shape} and {second.shape}.'
      )
    num_first, num_second = self.counts.shape
    for begin in range(0, len(first), _CHUNK):
      a, b = (labels[begin : begin + _CHUNK].astype(np.int64) for labels in (first, second))
      both = (a != -1) & (b != -1)
      a, b = a[both], b[both]
      if len(a) and (min(a.min(), b.min()) < 0 or a.max() >= num_first or b.max() >= num_second):
        raise ValueError(
          f'Labels must lie in -1 .. {num_first - 1} and -1 .. {num_second - 1}. Received: {a.min()} .. {a.max()} and '
          f'{b.min()} .. {b.max()}.'
        )
      self.counts += np.bincount(a * num_second + b, minlength=num_first * num_second).reshape(num_first, num_second)

  def purity(self) -> float:
    """The share of clips whose second label is the most frequent one in their cluster (first label); nan without clips."""
    total = self.counts.sum()
    return float(self.counts.max(axis=1).sum() / total) if total else float('nan')

  def normalized_mutual_information(self) -> float:
    """Mutual information over the mean of both entropies, 0 .. 1; 1 when neither varies (as scikit-learn), nan without clips."""
    total = self.counts.sum()
    if not total:
      return float('nan')
    joint = self.counts / total
    entropies = _entropy(joint.sum(axis=1)), _entropy(joint.sum(axis=0))
    mean_entropy = sum(entropies) / 2
    if mean_entropy == 0:
      return 1.0
    return float(np.clip((sum(entropies) - _entropy(joint.ravel())) / mean_entropy, 0.0, 1.0))

  def matched_share(self) -> float:
    """The share of clips on which both agree once clusters are renamed one to one in the best way; nan without clips."""
    total = self.counts.sum()
    if not total:
      return float('nan')
    rows, columns = linear_sum_assignment(self.counts, maximize=True)
    return float(self.counts[rows, columns].sum() / total)


def purity(assignments: np.ndarray, labels: np.ndarray) -> float:
  """The share of clips that carry the most frequent label of their cluster (Table 6), for int [n] arrays; -1 is left out."""
  return _table(assignments, labels).purity()


def normalized_mutual_information(first: np.ndarray, second: np.ndarray) -> float:
  """NMI (arithmetic mean of entropies) of two int [n] label arrays; clips with -1 in either are left out."""
  return _table(first, second).normalized_mutual_information()


def agreement(first: np.ndarray, second: np.ndarray) -> float:
  """The share of clips on which two clusterings agree, clusters renamed one to one in the best way (their numbers mean nothing).

  1 - agreement is the change since the last iteration.

  Args:
    first: int [n], -1 where a clip has no label; such clips are left out.
    second: int [n], likewise.

  Returns:
    0 .. 1, or nan when no clip has both labels.
  """
  return _table(first, second).matched_share()


def cluster_sizes(assignments: np.ndarray, num_clusters: int) -> np.ndarray:
  """The number of clips of every cluster, int64 [num_clusters]; -1 is left out."""
  table = ContingencyTable(num_clusters, 1)
  table.add(assignments, np.zeros(len(assignments), np.int8))
  return table.counts[:, 0]


def _table(first: np.ndarray, second: np.ndarray) -> ContingencyTable:
  table = ContingencyTable(*(int(np.max(labels, initial=-1)) + 1 for labels in (first, second)))
  table.add(first, second)
  return table


def _entropy(shares: np.ndarray) -> float:
  """In nats."""
  shares = shares[shares > 0]
  return float(-(shares * np.log(shares)).sum())
