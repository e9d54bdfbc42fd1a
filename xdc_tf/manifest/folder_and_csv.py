"""Where manifests come from: a folder of videos, or a CSV file that somebody wrote. Both become (split, Row) for write_manifest."""

import bisect
import csv
import hashlib
import itertools
import math
import os
from collections.abc import Iterable, Iterator, Sequence

import tensorflow as tf

from xdc_tf import files
from xdc_tf.manifest import media_files
from xdc_tf.manifest.manifest import Row, check_name, check_row
from xdc_tf.manifest.media_files import VIDEO_EXTENSIONS, PassedOver
from xdc_tf.media import media

CSV_COLUMNS = ('path', 'start', 'end', 'label', 'labels', 'split', 'video_id', 'official_split')


def _video_files(folder: str, passed_over: PassedOver) -> list[tuple[str, str]]:
  """Returns (path relative to the folder, full path) of all video files below a folder, sorted; `folder` may be one file."""
  files.use_file_system(folder)
  if not tf.io.gfile.exists(folder):
    raise FileNotFoundError(f'{folder} does not exist; expected a folder of videos or one video file.')
  if not tf.io.gfile.isdir(folder):
    media.probe(folder)  # What is named one by one is no folder's leftover: it must be a video.
    return [(os.path.basename(folder), files.absolute_path(folder))]
  videos = sorted(media_files.walk(folder, VIDEO_EXTENSIONS, passed_over))
  if not videos:
    raise FileNotFoundError(
      f'{folder} holds no video file; expected files that end in {" ".join(VIDEO_EXTENSIONS)}. '
      f'Passed over: {passed_over.summary() or "nothing"}.'
    )
  return [(path, files.absolute_path(os.path.join(folder, path))) for path in videos]


def _cut(path: str, span_seconds: float | None) -> list[tuple[float, float | None]]:
  """Returns the (start, end) of the spans of one video.

  Nothing of the video is left out: a rest of at least half a span is a span of its own, a shorter one makes the last span
  longer. A video that cannot be opened becomes one row, so that the Beam job sets it aside with the reason.
  """
  if not span_seconds:
    return [(0.0, None)]
  try:
    duration = media.probe(path).duration_seconds
  except media.MediaError:
    return [(0.0, None)]
  number = max(1, math.floor(duration / span_seconds + 0.5))
  starts = [round(position * span_seconds, 6) for position in range(number)]
  # The last one ends with the film, but is never longer than that, whatever the film's header says.
  return list(zip(starts, [*starts[1:], round(starts[-1] + 1.5 * span_seconds, 6)], strict=True))


def _held_out_videos(videos: Sequence[tuple[str, str]], fraction: float) -> set[str]:
  """Returns at least one video and at most all but one, chosen by a hash of the names: the same choice on every machine.

  Those that can be opened and have sound come first: of few films one is held out, and XDC learns nothing from a mute one.
  """
  if fraction == 0:
    return set()
  if len(videos) < 2:
    raise ValueError(
      'To hold out videos there must be at least two, one of them for validation; found one. --hold_out span holds out spans '
      'of it.'
    )
  number = min(max(1, round(fraction * len(videos))), len(videos) - 1)
  order = sorted(videos, key=lambda video: hashlib.sha256(video[0].encode()).hexdigest())
  candidates = order[: 2 * number + 10]  # A folder without any sound is not opened as a whole.
  heard = itertools.islice((video_id for video_id, path in candidates if _has_sound(path)), number)
  chosen = dict.fromkeys([*heard, *(video_id for video_id, _ in order)])
  return set(itertools.islice(chosen, number))


def _has_sound(path: str) -> bool:
  try:
    return media.probe(path).has_audio
  except media.MediaError:
    return False


def folder_rows(
  folder: str,
  span_seconds: float | None = 2.0,
  hold_out: str = 'video',
  validation_fraction: float = 0.1,
  labels_from_folders: bool = False,
  passed_over: PassedOver | None = None,
) -> Iterator[tuple[str, Row]]:
  """Yields (split, row) for the spans of all videos below a folder, in the order of their names.

  Args:
    folder: a folder of videos (searched through all levels), or one video file.
    span_seconds: length of a span; None or 0: each video is one span.
    hold_out: 'video': whole videos form the split 'validation'; 'span': every n-th span does.
    validation_fraction: share of videos or spans for 'validation', 0 <= fraction < 1; 0: none.
    labels_from_folders: whether the name of the folder that a video lies in is its label.
    passed_over: takes what is no video, and further links to one.

  Raises:
    FileNotFoundError: when there is no video.
    ValueError: for arguments out of range, a named file that is no video, and for one video or span that cannot be divided.
  """
  if hold_out not in ('video', 'span'):
    raise ValueError(f"hold_out is {hold_out!r}; expected 'video' or 'span'.")
  if not 0 <= validation_fraction < 1:
    raise ValueError(f'validation_fraction is {validation_fraction}; expected 0 <= fraction < 1.')
  if span_seconds is not None and not (math.isfinite(span_seconds) and span_seconds >= 0):
    raise ValueError(f'span_seconds is {span_seconds}; expected more than 0, or 0 for whole videos.')
  videos = _video_files(folder, PassedOver() if passed_over is None else passed_over)
  held_out = _held_out_videos(videos, validation_fraction) if hold_out == 'video' else set()
  position, num_held_out, last = 0, 0, None
  for video_id, path in videos:
    labels = (os.path.basename(os.path.dirname(path)),) if labels_from_folders else ()
    for start, end in _cut(path, span_seconds):
      # Counted over all videos, so that the share is right for short videos too: the n-th span is held out when n * fraction
      # passes a whole number.
      span_held_out = math.floor((position + 1) * validation_fraction + 1e-9) > math.floor(
        position * validation_fraction + 1e-9
      )
      position += 1
      validation = video_id in held_out if hold_out == 'video' else span_held_out
      num_held_out += validation
      if last is not None:
        yield last
      last = 'validation' if validation else 'train', Row(0, video_id, path, start, end, labels)
  if last is not None and validation_fraction and not num_held_out:
    # There are fewer spans than 1 / fraction. One is held out at least, as of videos.
    if position == 1:
      raise ValueError(
        f'{folder} is one span, which cannot be trained on and held out as well. Give more videos, or a shorter span_seconds.'
      )
    last = 'validation', last[1]
  if last is not None:
    yield last


def _csv_row(fields: dict[str, str], media_root: str) -> tuple[str, Row]:
  """Turns the named fields of one line of a user's CSV file into (split, row)."""
  path = fields['path']
  if not path:
    raise ValueError('the path is empty')
  labels = fields.get('labels') or fields.get('label') or ''
  official = fields.get('official_split') or ''
  split = fields.get('split') or 'train'
  check_name(split, 'split name')
  row = Row(
    index=0,
    video_id=fields.get('video_id') or path,
    path=files.absolute_path(path if '://' in path else os.path.join(media_root, os.path.expanduser(path))),
    start_seconds=_number(fields, 'start') or 0.0,
    end_seconds=_number(fields, 'end'),
    labels=tuple(label.strip() for label in labels.split(';') if label.strip()),
    official_split=tuple(int(value) for value in official.split(';')) if official else (),
  )
  check_row(row, split)
  return split, row


def _number(fields: dict[str, str], column: str) -> float | None:
  """Returns the number in a column, None where the column is not there or empty."""
  text = fields.get(column)
  try:
    return float(text) if text else None
  except ValueError as error:
    raise ValueError(f'{column} is {text!r}; expected seconds, such as 12.5') from error


class _Covered:
  """What spans cover together, in parts that do not touch: one film may have very many."""

  def __init__(self):
    self._starts: list[float] = []
    self._ends: list[float] = []

  def overlaps(self, start: float, end: float) -> bool:
    """Whether a part of it lies between two times."""
    first = bisect.bisect_right(self._ends, start)
    return first < len(self._starts) and self._starts[first] < end

  def add(self, start: float, end: float) -> None:
    """Takes a span."""
    first, last = bisect.bisect_left(self._ends, start), bisect.bisect_right(self._starts, end)
    if first < last:
      start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
    self._starts[first:last], self._ends[first:last] = [start], [end]


class _Spans:
  """All spans of each real file: what one split has, no other may have."""

  def __init__(self):
    self._of_file: dict[str, dict[str, _Covered]] = {}

  def add(self, split: str, row: Row) -> None:
    """Takes a row; raises ValueError when another split has a part of it."""
    start, end = row.start_seconds, math.inf if row.end_seconds is None else row.end_seconds
    by_split = self._of_file.setdefault(row.path if '://' in row.path else os.path.realpath(row.path), {})
    for other, covered in by_split.items():
      if other != split and covered.overlaps(start, end):
        raise ValueError(
          f'{row.path} is in the splits {other} and {split} at the same time ({start:g} s): what is learned by heart would look '
          'like what is understood. Give it one split'
        )
    by_split.setdefault(split, _Covered()).add(start, end)


def _without_byte_order_mark(lines: Iterable[str]) -> Iterator[str]:
  """Spreadsheets begin a file with it, and some of them quote the first column's name behind it."""
  for number, line in enumerate(lines):
    yield line if number else line.removeprefix('\ufeff')


def csv_rows(csv_path: str, media_root: str = '') -> Iterator[tuple[str, Row]]:
  """Yields (split, row) for the lines of a user's CSV file.

  Args:
    csv_path: a CSV file (UTF-8, comma) whose first line names its columns: `path`, and any of `start`, `end` (seconds),
      `label` or `labels` (several separated by ';'), `split` (default 'train'), `video_id` (default: the path),
      `official_split` (one value per official split, separated by ';': 0 unused, 1 train, 2 test).
    media_root: the folder that relative paths start from; default: the current one.

  Raises:
    FileNotFoundError: when there is no such file.
    ValueError: for the first damaged line, with the file and the line number; also where a file is in two splits at the same time.
  """
  files.use_file_system(csv_path)
  spans = _Spans()
  if not tf.io.gfile.exists(csv_path):
    raise FileNotFoundError(f'{csv_path} does not exist; expected a CSV file with a column "path".')
  with tf.io.gfile.GFile(csv_path, 'r') as file:
    reader = csv.DictReader(_without_byte_order_mark(file), restkey='', strict=True, skipinitialspace=True)
    try:
      columns = [column.strip() for column in reader.fieldnames or []]
    except (ValueError, csv.Error) as error:
      raise ValueError(
        f'{csv_path} is not a CSV file in UTF-8 ({error}); expected one with a column "path".'
      ) from error
    reader.fieldnames = columns
    unknown = [column for column in columns if column not in CSV_COLUMNS]
    if 'path' not in columns or unknown or len(set(columns)) < len(columns) or {'label', 'labels'} <= set(columns):
      raise ValueError(
        f'{csv_path}, line 1: found the columns {columns}; expected "path" and any of {", ".join(CSV_COLUMNS[1:])}, each once '
        '("label" or "labels").'
      )
    try:
      for fields in reader:
        if '' in fields or None in fields.values():
          raise ValueError(f'found a line with another number of fields than the {len(columns)} columns')
        split, row = _csv_row({name: value.strip() for name, value in fields.items()}, media_root)
        spans.add(split, row)
        yield split, row
      if reader.line_num <= 1:
        raise ValueError('no video stands below it')
    except (ValueError, csv.Error) as error:
      raise ValueError(f'{csv_path}, line {reader.line_num}: {error}') from error
