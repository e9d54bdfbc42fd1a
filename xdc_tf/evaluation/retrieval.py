"""Nearest-neighbour retrieval: between the parts of a film, which needs no labels, and of labelled videos from test to train."""

from collections.abc import Sequence

import numpy as np

from xdc_tf import progress
from xdc_tf.training.finite import check_finite

QUERIES_AT_A_TIME = 1024


def same_part_rate(
  features: np.ndarray,
  videos: np.ndarray,
  start_seconds: np.ndarray,
  is_query: np.ndarray,
  part_seconds: float,
  neighbour_seconds: float,
) -> tuple[float, float]:
  """How often a query's nearest neighbour lies in the same part of the same video.

  Neighbours in time share most of their picture and sound, so finding them proves nothing: they are left out.

  Args:
    features: float [n, d]; compared by cosine similarity.
    videos: [n], anything that tells the videos apart.
    start_seconds: float [n], where each span starts in its video.
    is_query: bool [n]; every span that is not left out can be found.
    part_seconds: the length of a part, e.g. 20.
    neighbour_seconds: spans of the same video that start within this time of the query cannot be found.

  Returns:
    The rate over the queries whose part has another span to find, and the rate by chance of the same queries; nan and nan where
    there is no such query, as in videos of a few seconds.

  Raises:
    DivergedError: when a feature is not finite.
  """
  check_finite('features', features)
  unit = _unit(features)
  parts = np.floor(np.asarray(start_seconds) / part_seconds)
  hits, chances = [], []
  for query in np.flatnonzero(is_query):
    same_video = videos == videos[query]
    allowed = ~(same_video & (np.abs(start_seconds - start_seconds[query]) <= neighbour_seconds))
    same_part = same_video & (parts == parts[query])
    if not (allowed & same_part).any():
      continue
    nearest = np.argmax(np.where(allowed, unit @ unit[query], -np.inf))
    hits.append(same_part[nearest])
    chances.append((allowed & same_part).sum() / allowed.sum())
  if not hits:
    return float('nan'), float('nan')
  return float(np.mean(hits)), float(np.mean(chances))


def recall_at(
  train_features: np.ndarray,
  train_labels: np.ndarray,
  test_features: np.ndarray,
  test_labels: np.ndarray,
  ks: Sequence[int] = (1, 5, 20),
) -> dict[int, float]:
  """How often one of the k nearest training videos has the class of a test video (R@k, as SeLaVi and others report it).

  Args:
    train_features: float [n, c, d], c clips of each video; their mean is compared, by cosine similarity.
    train_labels: int [n].
    test_features: float [m, c, d]: the queries.
    test_labels: int [m].
    ks: how many neighbours count; a k beyond n counts all.

  Returns:
    {k: share of the queries with a hit, 0 to 1}.

  Raises:
    ValueError: when there is nothing to search or to be searched; DivergedError when a feature is not finite.
  """
  if not len(train_labels) or not len(test_labels):
    raise ValueError(
      f'Retrieval needs videos to find and to ask for. Received: {len(train_labels)} and {len(test_labels)}.'
    )
  check_finite('training features', train_features)
  check_finite('test features', test_features)
  train, test = (_unit(features.mean(axis=1)) for features in (train_features, test_features))
  farthest = min(max(ks), len(train))
  first_hits = []
  parts = range(0, len(test), QUERIES_AT_A_TIME)
  for first in progress.bar(parts, description='retrieval', unit=f'{QUERIES_AT_A_TIME} queries', delay=5):
    similarity = test[first : first + QUERIES_AT_A_TIME] @ train.T
    nearest = nearest_columns(similarity, farthest)
    hits = train_labels[nearest] == test_labels[first : first + QUERIES_AT_A_TIME, np.newaxis]
    first_hits.append(np.where(hits.any(axis=1), hits.argmax(axis=1), len(train)))
  first_hit = np.concatenate(first_hits)
  return {k: float(np.mean(first_hit < min(k, len(train)))) for k in ks}


def nearest_columns(similarity: np.ndarray, number: int) -> np.ndarray:
  """Returns the columns of the largest values of each row, int64 [q, number]: the largest first, of equal ones the first column."""
  last = similarity.shape[1] - number
  # Sorting all of a large gallery for its first twenty takes eight times as long.
  thresholds = np.partition(similarity, last, axis=1)[:, last]
  nearest = np.empty((len(similarity), number), np.int64)
  for row, threshold, columns in zip(similarity, thresholds, nearest, strict=True):
    candidates = np.flatnonzero(row >= threshold)
    columns[:] = candidates[np.argsort(-row[candidates], kind='stable')[:number]]
  return nearest


def _unit(features: np.ndarray) -> np.ndarray:
  """Returns features of length 1, float32 [n, d]."""
  features = np.asarray(features, np.float32)
  return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
