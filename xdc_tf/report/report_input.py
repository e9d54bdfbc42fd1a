"""What a report shows, taken from a run directory and the source videos."""

import contextlib
import dataclasses
import functools
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from xdc_tf import files
from xdc_tf.clustering import metrics
from xdc_tf.clustering.assignments import PseudoLabels
from xdc_tf.clustering.feature_source import FeatureSource
from xdc_tf.clustering.feature_store import FeatureStore
from xdc_tf.deep_clustering.methods import ClusteringSpec
from xdc_tf.manifest import manifest
from xdc_tf.media import media
from xdc_tf.records import schema
from xdc_tf.records.human_labels import first_labels_if_any
from xdc_tf.records.schema import Records
from xdc_tf.report.cluster_ranking import ClusteringView
from xdc_tf.report.cluster_report import ReportInput
from xdc_tf.report.report_content import ClipName
from xdc_tf.report.thumbnails import ClipMedia
from xdc_tf.runs.run_info import FinishedRun
from xdc_tf.training.metrics_log import read_metrics

_BLOCK_SIZE = 8192
_ROWS_PER_READ = 10_000  # as many as a file of a manifest has
_SECONDS = 2.0  # of a longer clip: its beginning


def from_run(run: FinishedRun, credit: str, iterations: list[dict] | None) -> ReportInput:
  """Collects what is known of a run's last clusterings.

  Args:
    run: a finished run.
    credit: who made the videos.
    iterations: numbers of each iteration; None takes those of the clusterings.
  """
  clusterings = run.config.clusterings
  human = first_labels_if_any(run.records, 'train')
  clips = _Clips(run)
  views = [_view(run, clustering, human) for clustering in clusterings]
  warnings = [
    metrics.collapse_warning(c.name, v.pseudo_labels, c.num_clusters) for c, v in zip(clusterings, views, strict=True)
  ]
  warnings = [warning for warning in warnings if warning]
  return ReportInput(
    title=f'Clusters of {run.records.name}',
    views=views,
    label_names=[] if human is None else run.records.label_names,
    clip_names=clips.names,
    clip_media=clips.media,
    features=[functools.partial(_features, run, clustering) for clustering in clusterings],
    earlier=[functools.partial(_earlier, run, clustering) for clustering in clusterings],
    iterations=iterations or [_iteration(run, number) for number in range(run.config.num_iterations + 1)],
    training={encoder: _training(run, encoder) for encoder in run.config.encoders},
    facts={
      'clips': f'{run.records.num_clips("train"):,}',
      **_set_aside(run.records),
      'iterations': run.config.num_iterations,
      'clusterings': ', '.join(
        f'{c.name} (k = {c.num_clusters}) teaches {" and ".join(c.teaches)}' for c in clusterings
      ),
      **({'warning': ' '.join(warnings)} if warnings else {}),
    },
    credit=credit,
    source=run.records.fingerprint(),
  )


def _set_aside(records: Records) -> dict[str, str]:
  """What is said of rows of the manifest without a clip; nothing where all have one."""
  failed = ', '.join(f'{reason.replace("_", " ")} {rows:,}' for reason, rows in sorted(records.failed['train'].items()))
  return {'set aside': failed} if failed else {}


def _pseudo_labels(run: FinishedRun, clustering: ClusteringSpec, number: int) -> PseudoLabels:
  folder = run.iteration(number).pseudo_labels(clustering.name, 'train')
  return PseudoLabels.load(folder, run.records.num_rows('train'))


def _view(run: FinishedRun, clustering: ClusteringSpec, human: np.ndarray | None) -> ClusteringView:
  pseudo_labels = _pseudo_labels(run, clustering, run.config.num_iterations)
  return ClusteringView(clustering.name, pseudo_labels.labels, np.sqrt(pseudo_labels.distances), human)


def _earlier(run: FinishedRun, clustering: ClusteringSpec) -> Iterator[tuple[int, np.ndarray]]:
  for number in range(run.config.num_iterations):
    yield number, _pseudo_labels(run, clustering, number).labels


def _features(run: FinishedRun, clustering: ClusteringSpec) -> Iterator[tuple[np.ndarray, np.ndarray]]:
  stores = [FeatureStore(run.iteration().features(name), 'train') for name in clustering.sources]
  return FeatureSource(stores, run.config.kmeans.l2_normalize).blocks(_BLOCK_SIZE)


def _iteration(run: FinishedRun, number: int) -> dict:
  report = files.read_json(run.iteration(number).metrics_file)
  row = {'iteration': number} | {f'nmi {pair}': value for pair, value in report['train_nmi_between'].items()}
  for name, values in report['clusterings'].items():
    for key, title in (('purity', 'purity'), ('changed_since_previous_iteration', 'changed')):
      if key in values:
        row[f'{title} {name}'] = values[key]
  return row


def _training(run: FinishedRun, encoder: str) -> list[list[dict[str, float]]]:
  """The epochs of every iteration, and of the training after them where there was one, as the trainer wrote them down."""
  folders = [run.weights_folder(encoder, number) for number in range(1, run.config.num_iterations + 1)]
  if encoder in run.config.retrained_encoders:
    folders.append(run.weights_folder(encoder))
  return [
    [{key: float(value) for key, value in row.items()} for row in read_metrics(os.path.join(folder, 'metrics.csv'))]
    for folder in folders
  ]


class _Clips:
  """Names training clips, and reads their pictures and sound from the source videos; where one is gone, the record's own frames."""

  def __init__(self, run: FinishedRun):
    self._gone, self._records = '', run.records
    # A manifest reads and checks a whole file for a single row, and clips are asked for in the order of their rows.
    self._rows = functools.lru_cache(maxsize=8)(self._read_rows)
    self._frames = functools.lru_cache(maxsize=8)(self._read_frames)
    try:
      self._manifest = manifest.read_manifest(run.records.manifest_directory)
    except FileNotFoundError as error:
      self._gone = str(error)

  def names(self, clips: np.ndarray) -> list[ClipName]:
    """Videos are named by their paths below the folder that all share."""
    if self._gone:
      return [ClipName(f'clip {clip}', 0.0) for clip in clips]
    wanted = set(clips.tolist())
    rows = [(row.path, row.start_seconds) for row in self._manifest.rows('train') if row.index in wanted]
    shared = os.path.commonprefix([os.path.dirname(path) + '/' for path, _ in rows])
    shared = shared[: shared.rfind('/') + 1]
    return [ClipName(path[len(shared) :], start) for path, start in rows]

  def media(self, clip: int) -> ClipMedia:
    """Reads one clip."""
    if self._gone:
      return self._stored(clip, self._gone)
    row = self._rows(clip // _ROWS_PER_READ)[clip % _ROWS_PER_READ]
    end = min(row.end_seconds or np.inf, row.start_seconds + _SECONDS)
    try:
      span = _read(row.path, row.start_seconds, end, self._records.audio_track)
    except media.MediaError as error:
      return self._stored(clip, str(error))
    return ClipMedia(span.frames, span.waveform)

  def _stored(self, clip: int, note: str) -> ClipMedia:
    """What the record holds: frames, and of the sound only its log-mel, which cannot be heard."""
    frames = []
    with contextlib.suppress(ValueError):  # There is no such record.
      frames = self._frames(self._records.shard_of('train', clip)).get(clip, [])
    return ClipMedia(frames, np.zeros(0, np.float32), self._records.frame_rate, note)

  def _read_frames(self, shard: int) -> dict[int, list[bytes]]:
    """Returns the first frames of every record of a shard by its index."""
    count = round(_SECONDS * self._records.frame_rate)
    data = tf.data.TFRecordDataset(self._records.shard_paths('train')[shard])
    examples = data.map(lambda record: schema.parse(record, want_log_mel=False)).as_numpy_iterator()
    return {int(example['index']): example['frames'][:count].tolist() for example in examples}

  def _read_rows(self, block: int) -> list[manifest.Row]:
    first = block * _ROWS_PER_READ
    return list(self._manifest.rows('train', first, min(first + _ROWS_PER_READ, self._manifest.num_rows('train'))))


def _read(path: str, start: float, end: float, audio_track: str) -> media.MediaSpan:
  """Reads both streams, or the one that there is."""
  options = media.ReadOptions(short_side=128, audio_track=audio_track)
  without: dict[str, dict[str, Any]] = {
    'no_video_track': {'want_video': False},
    'no_audio_track': {'want_audio': False},
  }
  try:
    return media.read_span(path, start, end, options)
  except media.MediaError as error:
    if error.reason not in without:
      raise
    return media.read_span(path, start, end, dataclasses.replace(options, **without[error.reason]))
