"""THUMOS14 (Jiang et al., THUMOS Challenge 2014): untrimmed videos whose actions are marked in time, for localisation.

The annotation folder has CLASS_val.txt and CLASS_test.txt for each of the 20 classes; a line is the name of a video, the start and
the end of an action in seconds. Ambiguous_val.txt and Ambiguous_test.txt mark what the evaluation leaves out. Models are trained on
the validation videos and tested on the test videos: one official split. Only annotated videos become rows.
"""

import os
import re
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from xdc_tf import files
from xdc_tf.manifest.manifest import TEST, TRAIN
from xdc_tf.manifest.official import listing
from xdc_tf.manifest.official.listing import Entry, Listing, MediaFolder, Skipped

AMBIGUOUS = 'Ambiguous'
# part of the data set, as in the names of the lists: (beginning of the names of its videos, use in the official split)
PARTS = {'val': ('video_validation_', TRAIN), 'test': ('video_test_', TEST)}


def read_annotations(
  annotations: str, part: str, skipped: Skipped | None = None
) -> dict[str, list[tuple[str, float, float]]]:
  """Reads the temporal annotations of one part of the data set.

  Args:
    annotations: folder of the lists, searched through all levels.
    part: 'val' or 'test'.
    skipped: takes annotations that do not last; None: they are passed over.

  Returns:
    {video: [(class, start, end)]}, times in seconds, in the order of time. An action of two classes (each CliffDiving is a
    Diving) is there for both. The class 'Ambiguous' marks parts that an evaluation must leave out.

  Raises:
    FileNotFoundError: when there is no list.
    ValueError: for the first damaged line, a video of the other part, and an unknown part.
  """
  if part not in PARTS:
    raise ValueError(f'part is {part!r}; expected one of {", ".join(PARTS)}.')
  prefix, _ = PARTS[part]
  actions: dict[str, list[tuple[str, float, float]]] = {}
  for label, path in _lists(annotations, part):
    for line, text in listing.read_lines(path, f'the annotations of the class {label}'):
      fields = text.split()
      start, end = (listing.to_seconds(field) for field in fields[1:]) if len(fields) == 3 else (None, None)
      if start is None or end is None or not fields[0].startswith(prefix):
        raise listing.damaged(path, line, text, f'{prefix}0000001, start and end in seconds')
      if end > start:
        actions.setdefault(fields[0], []).append((label, start, end))
      elif skipped is not None:
        skipped.add('empty_interval', fields[0], f'{label} from {start} to {end} s ({path}, line {line})')
  return {video: sorted(intervals, key=lambda interval: interval[1:]) for video, intervals in sorted(actions.items())}


def read(annotations: str, media: str, skipped: Skipped) -> Listing:
  """Reads the annotations and finds the videos.

  Args:
    annotations: folder of the lists of both parts.
    media: folder of the videos of both parts, in any order of folders.
    skipped: takes what does not become a row: among the videos also the many that have no temporal annotation.

  Returns:
    a Listing of one split, 'official', with one official split; a row a video, with every class that occurs in it.

  Raises:
    FileNotFoundError: when a part has no list, or the folder of the videos is missing.
    ValueError: for the first damaged line.
  """
  classes = tuple(label for label, _ in _lists(annotations, 'val') if label != AMBIGUOUS)
  entries = list(_entries(annotations, classes, skipped))
  return Listing(listing.find_rows(entries, MediaFolder(media, listing.VIDEO_EXTENSIONS, skipped), skipped), classes)


def _entries(annotations: str, classes: tuple[str, ...], skipped: Skipped) -> Iterator[Entry]:
  for part, (_, use) in PARTS.items():
    for video, intervals in read_annotations(annotations, part, skipped).items():
      labels = sorted({label for label, _, _ in intervals} - {AMBIGUOUS})
      for label in labels:
        if label not in classes:
          skipped.add('unknown_class', video, f'{label} has no list {label}_val.txt')
      known = tuple(label for label in labels if label in classes)
      if known:
        yield Entry(video, (video,), listing.OFFICIAL_SPLIT, known, (use,), listed_in=f'annotations of part {part!r}')


def _lists(annotations: str, part: str) -> list[tuple[str, str]]:
  """Returns (class, path) of the lists of a part, sorted by class."""
  files.use_file_system(annotations)
  paths: dict[str, Any] = {}
  for directory, _, names in tf.io.gfile.walk(annotations):
    for name in names:
      match = re.fullmatch(rf'([A-Za-z]+)_{part}\.txt', name)
      if match:
        path = os.path.join(directory, name)
        if paths.setdefault(match.group(1), path) != path:
          raise ValueError(f'{annotations} holds both {paths[match.group(1)]} and {path}; expected one of them.')
  if not paths:
    raise FileNotFoundError(f'{annotations} holds no list of part {part!r}; expected files such as Diving_{part}.txt.')
  return sorted(paths.items())
