"""Which clips two clusterings agree on, where neither knows the other's numbers: those whose pair of clusters meets often."""

import numpy as np

from xdc_tf.clustering.metrics import ContingencyTable

# Standard deviations of the statistic below that two independent clusterings do not reach.
_SURELY_DEPENDENT = 5.0


def agreeing(first: np.ndarray, second: np.ndarray) -> np.ndarray:
  """Finds the clips whose two clusters meet at least as often as they would if the clusterings were independent.

  A film with the sound of another one belongs to a pair of clusters that is rare. Where the two clusterings as a whole are
  independent, as those of random encoders are, rare pairs mean nothing, and all clips are kept.

  Args:
    first: int [n], the clusters of a clustering; -1 where a clip has none.
    second: int [n], those of another one.

  Returns:
    bool [n]; True too where a clip has only one cluster, or none: there is nothing to disagree with.
  """
  table = ContingencyTable(first.max(initial=0) + 1, second.max(initial=0) + 1)
  table.add(first, second)
  counts = table.counts[table.counts.sum(axis=1) > 0][:, table.counts.sum(axis=0) > 0].astype(np.float64)
  if not counts.size or not _are_dependent(counts):
    return np.ones(len(first), bool)
  rows, columns = (table.counts.sum(axis=axis) for axis in (1, 0))
  often = table.counts * table.counts.sum() >= np.outer(rows, columns)
  return (first < 0) | (second < 0) | often[np.maximum(first, 0), np.maximum(second, 0)]


def _are_dependent(counts: np.ndarray) -> bool:
  """Pearson's chi-squared statistic of counts [a, b] without empty rows or columns, beyond its mean by several deviations."""
  freedom = (counts.shape[0] - 1) * (counts.shape[1] - 1)
  if not freedom:
    return False
  expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
  statistic = (np.square(counts - expected) / expected).sum()
  return statistic - freedom > _SURELY_DEPENDENT * np.sqrt(2 * freedom)
