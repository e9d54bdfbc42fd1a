"""Which classes a video holds: G-TAD's proposals have none, so each takes the likeliest classes of its whole video.

G-TAD, and so the paper, take the scores that UntrimmedNet, another network trained on these videos, gave to the test videos. Here
they may come from a file; by default they come from a linear classifier of our own on the mean feature of a video, trained on
the training videos. The numbers of the two ways are not comparable.
"""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

# {video: {class: score}}
VideoScores = Mapping[str, Mapping[str, float]]
# What results.json calls the classifier of our own.
OWN_CLASSIFIER = 'linear classifier on mean snippet features'


def read_scores(path: str, classes: Sequence[str], videos: Sequence[str]) -> dict[str, dict[str, float]]:
  """Reads the class scores of videos from a file.

  Args:
    path: a .json file, {video: {class: score}}, or a .csv file with a header and the columns video, class, score.
    classes: that there may be.
    videos: that must have scores.

  Returns:
    {video: {class: score}}.

  Raises:
    ValueError: for a damaged file, an unknown class, a score that is negative or not finite, two scores of one class for a video,
      and a video without any.
  """
  with tf.io.gfile.GFile(path, 'r') as file:
    text = file.read().removeprefix('\ufeff')  # Of Excel.
  try:
    if path.endswith('.json'):
      by_key = json.loads(text, object_pairs_hook=_without_repeats)
      rows = [(video, label, score) for video, scores in by_key.items() for label, score in scores.items()]
    else:
      rows = [(row['video'], row['class'], row['score']) for row in csv.DictReader(text.splitlines())]
    rows = [(video, label, float(score)) for video, label, score in rows]
  except (ValueError, KeyError, AttributeError, TypeError) as error:
    raise ValueError(
      f'{path} does not hold class scores ({type(error).__name__}: {error}); expected JSON, {{video: {{class: score}}}}, in a '
      '.json file, or a .csv file with the header video,class,score.'
    ) from error
  by_video: dict[str, dict[str, float]] = {}
  for video, label, score in rows:
    if label not in classes:
      raise ValueError(f'{path}: {video} has the class {label!r}; expected one of {", ".join(classes)}.')
    if not (math.isfinite(score) and score >= 0):
      raise ValueError(f'{path}: {video} has the score {score} for {label}; expected a finite one of at least 0.')
    if label in by_video.setdefault(video, {}):
      raise ValueError(
        f'{path}: {video} has two scores for {label}, {by_video[video][label]} and {score}; expected one.'
      )
    by_video[video][label] = score
  missing = sorted(set(videos) - set(by_video))
  if missing:
    raise ValueError(
      f'{path} has no scores of {len(missing)} of the {len(videos)} test videos; the first is {missing[0]}.'
    )
  return by_video


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
  found: dict[str, Any] = {}
  for key, value in pairs:
    if key in found:
      raise ValueError(f'{key} comes twice')
    found[key] = value
  return found


def best_classes(scores: VideoScores, video: str, number: int) -> list[tuple[str, float]]:
  """Returns the likeliest classes of a video with their scores, the likeliest first."""
  return sorted(scores[video].items(), key=lambda item: (-item[1], item[0]))[:number]


def learned_scores(
  train_features: np.ndarray,
  train_labels: np.ndarray,
  test_features: Mapping[str, np.ndarray],
  classes: Sequence[str],
  regularization: float,
) -> dict[str, dict[str, float]]:
  """Trains a logistic regression for each class and returns its probabilities; ours.

  Features are first given mean 0 and variance 1 (of the training videos).

  Args:
    train_features: float [n, d], the mean feature of each training video.
    train_labels: bool [n, classes]; a video may have several, as each CliffDiving is a Diving.
    test_features: float [d] of each test video.
    classes: names of the columns. A class that no training video has, or every one, gets its share of them as its score.
    regularization: C, the inverse strength of the L2 penalty.

  Returns:
    {video: {class: probability}}.
  """
  from sklearn.linear_model import LogisticRegression
  from sklearn.preprocessing import StandardScaler

  scaler = StandardScaler().fit(train_features)
  train, test = scaler.transform(train_features), scaler.transform(np.stack(list(test_features.values())))
  columns = []
  for labels in np.asarray(train_labels, bool).T:
    if labels.all() or not labels.any():
      columns.append(np.full(len(test), labels.mean()))
    else:
      classifier = LogisticRegression(C=regularization, max_iter=1000).fit(train, labels)
      columns.append(classifier.predict_proba(test)[:, 1])
  return {
    video: dict(zip(classes, row, strict=True))
    for video, row in zip(test_features, np.stack(columns, axis=1).tolist(), strict=True)
  }
