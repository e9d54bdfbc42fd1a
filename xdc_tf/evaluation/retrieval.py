"""Nearest-neighbour retrieval between spans of video: a check of an embedding that needs no labels."""

import numpy as np


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
  """
  features = np.asarray(features, np.float32)
  unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
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
