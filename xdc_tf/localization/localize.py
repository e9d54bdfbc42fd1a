"""Localisation from features to mean average precision, in stages that go on where they were interrupted.

training/weights.*       G-TAD, trained on the training videos
proposals/VIDEO.npy      what soft-NMS leaves of a test video
detections.json          with classes, in ActivityNet's format
results.json             mean average precision at every tIoU
"""

import itertools
import os
import urllib.parse
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from xdc_tf import files, graphs, progress
from xdc_tf.localization import corpus as corpora
from xdc_tf.localization import mean_average_precision, proposals, training, video_classes
from xdc_tf.localization.corpus import Annotations, Corpus
from xdc_tf.localization.mean_average_precision import Detected
from xdc_tf.localization.network import GTADNetwork
from xdc_tf.localization.options import Localization
from xdc_tf.localization.proposals import Proposals
from xdc_tf.localization.video_classes import VideoScores
from xdc_tf.records import folds
from xdc_tf.training import checkpoints

# Table 8's columns.
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)


def train(run, config: Localization, corpus: Corpus, annotations: Annotations) -> str:
  """Trains G-TAD, or finds it in the run directory; returns the folder of its weights."""

  def stage(folder: str) -> None:
    examples = training.examples(corpus.tracks(folds.TRAIN), annotations.of_any_class(), config.windows)
    training.Trainer(config, examples[0].track.features.shape[1]).train(folder, examples)

  folder = run.once('training', stage)
  checkpoints.delete_folders(folder, 'checkpoints')  # As long as the stage is not done they are what it goes on from.
  return folder


def propose(run, config: Localization, corpus: Corpus, weights: str) -> dict[str, Proposals]:
  """Makes the proposals of all test videos, video by video, or finds them in the run directory."""

  def stage(folder: str) -> None:
    network = None
    videos = corpus.videos(folds.TEST)
    tracks = itertools.groupby(corpus.tracks(folds.TEST), lambda track: track.video)
    for video, of_video in progress.bar(tracks, description='proposals', total=len(videos), unit='video'):
      path = _proposals_path(folder, video)
      if tf.io.gfile.exists(path):
        continue
      of_video = list(of_video)
      network = network or _load_network(config, weights, of_video[0].features.shape[1])
      parts = [proposals.of_track(network, track, config) for track in of_video]
      kept = Proposals.joined(parts).thinned(config.detection)
      files.write_array(path, np.column_stack([kept.segments, kept.scores]))

  folder = run.once('proposals', stage)
  tables = {video: files.read_array(_proposals_path(folder, video)) for video in corpus.videos(folds.TEST)}
  return {video: Proposals(table[:, :2], table[:, 2]) for video, table in tables.items()}


def own_class_scores(config: Localization, corpus: Corpus, annotations: Annotations) -> VideoScores:
  """Returns the class scores of the test videos by our own classifier, trained on the training videos."""
  features = corpora.mean_features(corpus.tracks(folds.TRAIN))
  classes = list(annotations.actions)
  labels = [[video in annotations.actions[label] for label in classes] for video in features]
  return video_classes.learned_scores(
    np.stack(list(features.values())),
    np.array(labels),
    corpora.mean_features(corpus.tracks(folds.TEST)),
    classes,
    config.class_regularization,
  )


def detect(by_video: Mapping[str, Proposals], scores: VideoScores, num_classes: int) -> list[Detected]:
  """Makes every proposal a detection of each of its video's likeliest classes; the scores are multiplied [code of G-TAD]."""
  detections = []
  for video, kept in by_video.items():
    for label, class_score in video_classes.best_classes(scores, video, num_classes):
      for (start, end), score in zip(kept.segments.tolist(), kept.scores.tolist(), strict=True):
        detections.append(Detected(video, label, start, end, score * class_score))
  return detections


def measure(detections: list[Detected], annotations: Annotations) -> dict[str, object]:
  """Returns the numbers of results.json: mean average precisions, fractions from 0 to 1, by tIoU.

  'map' is by ActivityNet's protocol, as in G-TAD's code; ambiguous parts are no actions, and what is found there is wrong.
  'map_ambiguous_ignored' leaves out what is found there and finds no action, as THUMOS14's own evaluation does.
  """
  numbers: dict[str, object] = {}
  for name, ignored in (('map', None), ('map_ambiguous_ignored', annotations.ambiguous)):
    precisions = mean_average_precision.average_precisions(annotations.actions, detections, THRESHOLDS, ignored)
    numbers[name] = _by_threshold(np.mean(list(precisions.values()), axis=0))
    if ignored is None:
      numbers['average_precision'] = {label: _by_threshold(values) for label, values in precisions.items()}
  return numbers


def write_detections(path: str, detections: list[Detected], videos: list[str]) -> None:
  """Writes detections in ActivityNet's format: {'version', 'external_data', 'results': {video: [{segment, label, score}]}}."""
  results: dict[str, list[dict]] = {video: [] for video in videos}
  for d in sorted(detections, key=lambda detection: -detection.score):
    results[d.video].append({'segment': [d.start, d.end], 'label': d.label, 'score': d.score})
  files.write_json(path, {'version': 'THUMOS14', 'external_data': {}, 'results': results})


def _load_network(config: Localization, weights: str, feature_dimension: int):
  network = GTADNetwork(feature_dimension, config.windows, config.network)
  checkpoints.load_weights(network, weights)
  return graphs.compiled(network)


def _proposals_path(folder: str, video: str) -> str:
  return os.path.join(folder, urllib.parse.quote(video, safe='') + '.npy')


def _by_threshold(values: np.ndarray) -> dict[str, float]:
  return {f'{threshold:g}': float(value) for threshold, value in zip(THRESHOLDS, values, strict=True)}
