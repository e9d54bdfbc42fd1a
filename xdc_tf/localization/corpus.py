"""What a localisation reads: snippet features, as `xdc extract-features --snippet_frames` writes them, and annotations in time."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from xdc_tf import files
from xdc_tf.localization.windows import Track
from xdc_tf.manifest import manifest
from xdc_tf.manifest.official import thumos14
from xdc_tf.records import folds, positions, snippets
from xdc_tf.records.schema import Records
from xdc_tf.records.snippets import Snippets


@dataclasses.dataclass(frozen=True)
class Annotations:
  """The actions of one part of a data set.

  Attributes:
    actions: {class: {video: float64 [n, 2]}}, start and end in seconds; n is at least 1.
    ambiguous: {video: float64 [n, 2]}, parts of which nobody can say whether they hold an action.
  """

  actions: dict[str, dict[str, np.ndarray]]
  ambiguous: dict[str, np.ndarray]

  @property
  def digest(self) -> str:
    """Tells these actions from others; ambiguous parts, which nothing is trained on, do not count."""
    named = {
      label: {video: segments.tolist() for video, segments in videos.items()} for label, videos in self.actions.items()
    }
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:16]

  def of_any_class(self) -> dict[str, np.ndarray]:
    """Returns {video: float64 [n, 2]}, every interval once: each CliffDiving is annotated as a Diving too."""
    of_all_classes: dict[str, list[np.ndarray]] = {}
    for videos in self.actions.values():
      for video, segments in videos.items():
        of_all_classes.setdefault(video, []).append(segments)
    return {video: np.unique(np.concatenate(segments), axis=0) for video, segments in of_all_classes.items()}


def read_annotations(folder: str, part: str) -> Annotations:
  """Reads THUMOS14's annotations of one part, 'val' or 'test'; see thumos14.read_annotations."""
  grouped: dict[str, dict[str, list[tuple[float, float]]]] = {}
  for video, intervals in thumos14.read_annotations(folder, part).items():
    for label, start, end in intervals:
      grouped.setdefault(label, {}).setdefault(video, []).append((start, end))
  arrays = {
    label: {video: np.array(intervals) for video, intervals in videos.items()}
    for label, videos in sorted(grouped.items())
  }
  return Annotations(arrays, arrays.pop(thumos14.AMBIGUOUS, {}))


@dataclasses.dataclass(frozen=True)
class Corpus:
  """The features of a data set that was made of official lists.

  Attributes:
    folder: the folder of the features.
    records: that they are features of.
    snippets: how they were cut.
    rows: (name of the video, split, index, use: folds.TRAIN or folds.TEST) of every record that has features, videos together.
    digest: tells features of one encoder from those of another.
  """

  folder: str
  records: Records
  snippets: Snippets
  rows: tuple[tuple[str, str, int, int], ...]
  digest: str

  def tracks(self, use: int) -> Iterator[Track]:
    """Yields the records for training, or those for testing; the records of one video one after the other."""
    for video, split, index, used in self.rows:
      if used == use:
        seconds, features = snippets.load(self.folder, split, index)
        step = self.snippets.stride / self.records.frame_rate
        yield Track(video, float(seconds[0]) - step / 2, step, features)

  def videos(self, use: int) -> list[str]:
    """Returns the names of the videos for training, or for testing."""
    return sorted({video for video, _, _, used in self.rows if used == use})


def open_corpus(folder: str, records: Records) -> Corpus:
  """Opens a folder of snippet features.

  Args:
    folder: that has been written to its end.
    records: that the features were taken of.

  Raises:
    FileNotFoundError: when the folder is not finished.
    ValueError: when it holds features of other records, not of all of them, or not of snippets, or none to train or to test on.
  """
  if not tf.io.gfile.exists(os.path.join(folder, 'DONE')):
    raise FileNotFoundError(
      f'{folder} is not a finished folder of features (it has no DONE). `xdc extract-features --snippet_frames 16` makes one.'
    )
  settings = files.read_json(os.path.join(folder, files.SETTINGS_FILE))
  if not settings.get('snippets'):
    raise ValueError(f'{folder} holds a feature of each record; expected features of snippets: --snippet_frames 16.')
  if settings['records'] != records.fingerprint():
    raise ValueError(f'The features in {folder} are of other records than those in {records.directory}.')
  rows = _rows(folder, records)
  for use, purpose in ((folds.TRAIN, 'train'), (folds.TEST, 'test')):
    if not any(used == use for *_, used in rows):
      raise ValueError(f'{folder} has no video to {purpose} on.')
  digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
  return Corpus(folder, records, Snippets(**settings['snippets']), rows, digest)


def _rows(folder: str, records: Records) -> tuple[tuple[str, str, int, int], ...]:
  (fold,) = folds.read_folds(records)[:1]
  uses: dict[tuple[str, int], int] = {}
  for use, part in ((folds.TRAIN, fold.train), (folds.TEST, fold.test)):
    uses |= {(part.split, int(index)): use for index in np.flatnonzero(part.clips)}
  listed = []
  for split in {part.split for part in (fold.train, fold.test)}:
    stored = _check_all_there(folder, records, split)
    for row in manifest.read_manifest(records.manifest_directory).rows(split):
      if row.index in stored and (split, row.index) in uses:
        listed.append((row.video_id, split, row.index, uses[split, row.index]))
  return tuple(sorted(listed))


def _check_all_there(folder: str, records: Records, split: str) -> set[int]:
  """Returns the indices of the records of a split, each of which must have its features: a copy may have broken off."""
  stored, lacking, present = set(), [], snippets.present_files(folder)
  for shard, path in enumerate(records.shard_paths(split)):
    stored.update(positions.read_indices(path).tolist())
    lacking += np.flatnonzero(snippets.missing(present, records, split, shard)).tolist()
  if lacking:
    raise ValueError(
      f'{snippets.path(folder, split, lacking[0])} is missing, and {len(lacking)} of the {len(stored)} files of the split '
      f'{split} in all. Copy them again, or give the command that made them once more: it makes what is missing.'
    )
  return stored


def mean_features(tracks: Sequence[Track] | Iterator[Track]) -> dict[str, np.ndarray]:
  """Returns the mean feature of each video's snippets: {video: float64 [d]}."""
  sums: dict[str, list[np.ndarray]] = {}
  for track in tracks:
    sums.setdefault(track.video, []).append(track.features)
  return {video: np.concatenate(parts).mean(axis=0, dtype=np.float64) for video, parts in sums.items()}
