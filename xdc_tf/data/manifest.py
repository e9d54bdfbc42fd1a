"""The manifest: the list of all spans of a data set, in numbered CSV files, written once and read a few rows at a time.

A manifest is a folder: `NAME-SPLIT.csv-00000-of-00010` files of `rows_per_file` rows, and `manifest.json`, written last.
A row's `index` is its position within its split; it is the identity of a clip everywhere else (records, features, labels).
"""

import csv
import dataclasses
import hashlib
import io
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import tensorflow as tf

from xdc_tf import files
from xdc_tf.data import media, schema

MANIFEST_FILE = 'manifest.json'
COLUMNS = ('index', 'video_id', 'path', 'start', 'end', 'labels', 'official_split')
VIDEO_EXTENSIONS = (
  '.mp4',
  '.m4v',
  '.mov',
  '.mkv',
  '.webm',
  '.avi',
  '.mpg',
  '.mpeg',
  '.ts',
  '.wmv',
  '.flv',
  '.3gp',
  '.ogv',
)
CSV_COLUMNS = ('path', 'start', 'end', 'label', 'labels', 'split', 'video_id', 'official_split')
_MANIFEST_KEYS = ('name', 'splits', 'rows_per_file', 'label_names', 'num_official_splits')


@dataclasses.dataclass(frozen=True)
class Row:
  """One span of one video.

  Attributes:
    index: position within the split, dense from 0; `write_manifest` assigns it.
    video_id: identifies the video; spans of one video share it.
    path: the video file, local or of any file system that tf.io.gfile knows.
    start_seconds: where the span starts.
    end_seconds: where it ends; None means at the end of the video.
    labels: names of the classes: none, one or many.
    official_split: one value per official split: 0 unused, 1 train, 2 test.
  """

  index: int
  video_id: str
  path: str
  start_seconds: float = 0.0
  end_seconds: float | None = None
  labels: tuple[str, ...] = ()
  official_split: tuple[int, ...] = ()


def _check_row(row: Row, split: str) -> None:
  """Raises ValueError when a row cannot be written or decoded."""
  problem = None
  if not row.path:
    problem = 'has no path'
  elif not row.video_id:
    problem = 'has no video_id'
  elif not (math.isfinite(row.start_seconds) and row.start_seconds >= 0):
    problem = f'starts at {row.start_seconds}; expected seconds >= 0'
  elif row.end_seconds is not None and not (math.isfinite(row.end_seconds) and row.end_seconds > row.start_seconds):
    problem = f'ends at {row.end_seconds}, which is not behind its start {row.start_seconds}'
  elif any(';' in label or not label for label in row.labels):
    problem = (
      f'has the labels {row.labels}; expected names without ";", which separates them in the file, and not empty'
    )
  elif any(value not in (0, 1, 2) for value in row.official_split):
    problem = f'has the official splits {row.official_split}; expected 0 (unused), 1 (train) or 2 (test)'
  if problem:
    raise ValueError(f'A row of split {split!r} (video {row.video_id!r}, {row.path!r}) {problem}.')


def _to_fields(row: Row) -> list[str]:
  # repr() is the shortest text that reads back as the same float64.
  end = '' if row.end_seconds is None else repr(float(row.end_seconds))
  official = ';'.join(str(value) for value in row.official_split)
  return [str(row.index), row.video_id, row.path, repr(float(row.start_seconds)), end, ';'.join(row.labels), official]


def _from_fields(fields: Sequence[str]) -> Row:
  index, video_id, path, start, end, labels, official = fields
  return Row(
    index=int(index),
    video_id=video_id,
    path=path,
    start_seconds=float(start),
    end_seconds=float(end) if end else None,
    labels=tuple(labels.split(';')) if labels else (),
    official_split=tuple(int(value) for value in official.split(';')) if official else (),
  )


class _SplitWriter:
  """Writes the files of one split; they get their final names when their number is known."""

  def __init__(self, directory: str, name: str, split: str, rows_per_file: int):
    schema.check_name(split, 'split name')
    self._directory, self._name, self._split, self._rows_per_file = directory, name, split, rows_per_file
    self._temporary_paths: list[str] = []
    self._buffer: list[Row] = []
    self.num_rows = 0

  def write(self, row: Row) -> None:
    self._buffer.append(dataclasses.replace(row, index=self.num_rows))
    self.num_rows += 1
    if len(self._buffer) == self._rows_per_file:
      self._flush()

  def _flush(self) -> None:
    text = io.StringIO(newline='')
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(COLUMNS)
    writer.writerows(_to_fields(row) for row in self._buffer)
    path = os.path.join(self._directory, f'{self._name}-{self._split}.csv.part-{len(self._temporary_paths):05d}')
    with files.atomic_write(path, 'w') as file:
      file.write(text.getvalue())
    self._temporary_paths.append(path)
    self._buffer.clear()

  def finish(self) -> None:
    if self._buffer:
      self._flush()
    total = len(self._temporary_paths)
    for number, path in enumerate(self._temporary_paths):
      final = os.path.join(self._directory, file_name(self._name, self._split, number, total))
      tf.io.gfile.rename(path, final, overwrite=True)


def file_name(name: str, split: str, number: int, total: int) -> str:
  """Returns the name of one CSV file of a manifest: 'NAME-SPLIT.csv-00000-of-00010'."""
  return f'{name}-{split}.csv-{number:05d}-of-{total:05d}'


def write_manifest(
  directory: str,
  name: str,
  rows: Iterable[tuple[str, Row]],
  rows_per_file: int = 10_000,
  label_names: Sequence[str] | None = None,
) -> 'Manifest':
  """Writes a manifest in one pass over `rows`, holding one file's rows per split in memory.

  Args:
    directory: the folder; made. It must not hold a manifest yet.
    name: the data set's name, part of every file name: lower case letters, digits, '_'.
    rows: (split, row) in any order; the index of a row is replaced by its position within its split.
    rows_per_file: rows in each CSV file; the last file of a split may hold fewer.
    label_names: the classes in the order of their numbers; None: the names that occur, sorted.

  Returns:
    the manifest, opened.

  Raises:
    ValueError: when a name cannot be part of a file name, a row is damaged, rows differ in their number of official splits,
      a label is not among `label_names`, there is no row at all, or the folder holds a manifest.
  """
  schema.check_name(name, 'data set name')
  directory = os.fspath(directory)
  path = os.path.join(directory, MANIFEST_FILE)
  if tf.io.gfile.exists(path):
    raise ValueError(f'{path} exists already. A manifest is never changed: write to a new folder, or delete this one.')
  writers: dict[str, _SplitWriter] = {}
  found_labels: set[str] = set()
  num_official_splits = None
  for split, row in rows:
    _check_row(row, split)
    if num_official_splits is None:
      num_official_splits = len(row.official_split)
    if len(row.official_split) != num_official_splits:
      raise ValueError(
        f'Row {row.path!r} of split {split!r} has {len(row.official_split)} official splits, the first row has '
        f'{num_official_splits}; expected the same number in all rows.'
      )
    found_labels.update(row.labels)
    if split not in writers:
      writers[split] = _SplitWriter(directory, name, split, rows_per_file)
    writers[split].write(row)
  if not writers:
    raise ValueError(f'There is no row to write to {directory}: expected at least one video.')
  unknown = sorted(found_labels - set(label_names)) if label_names is not None else []
  if unknown:
    raise ValueError(f'The rows for {directory} have labels that are not among the label names: {unknown[:10]}.')
  for writer in writers.values():
    writer.finish()
  contents = {
    'name': name,
    'splits': {split: writer.num_rows for split, writer in sorted(writers.items())},
    'rows_per_file': rows_per_file,
    'label_names': sorted(found_labels) if label_names is None else list(label_names),
    'num_official_splits': num_official_splits,
  }
  files.write_json(path, contents)
  return read_manifest(directory)


class Manifest:
  """A manifest that can be read at any place. Made by `read_manifest`."""

  def __init__(self, directory: str, contents: dict[str, Any]):
    self.directory = directory
    self.name: str = contents['name']
    self.splits: dict[str, int] = contents['splits']
    self.label_names: tuple[str, ...] = tuple(contents['label_names'])
    self.num_official_splits: int = contents['num_official_splits']
    self._rows_per_file: int = contents['rows_per_file']

  def num_rows(self, split: str) -> int:
    """Returns the number of rows of a split.

    Raises:
      ValueError: when there is no such split.
    """
    if split not in self.splits:
      raise ValueError(f'The manifest {self.directory} has no split {split!r}; it has {sorted(self.splits)}.')
    return self.splits[split]

  def paths(self, split: str) -> list[str]:
    """Returns the CSV files of a split, in order."""
    total = -(-self.num_rows(split) // self._rows_per_file)
    return [os.path.join(self.directory, file_name(self.name, split, number, total)) for number in range(total)]

  def rows(self, split: str, first: int = 0, last: int | None = None) -> Iterator[Row]:
    """Yields rows first .. last - 1 (None: to the end) of a split; opens only the files that hold them.

    Raises:
      ValueError: for an unknown split or range, and for a file that does not hold what manifest.json says.
    """
    num_rows = self.num_rows(split)
    last = num_rows if last is None else last
    if not 0 <= first <= last <= num_rows:
      raise ValueError(
        f'Rows {first}..{last} of split {split!r} were asked for; {self.directory} has {num_rows} of them.'
      )
    paths = self.paths(split)
    position = first
    while position < last:
      number = position // self._rows_per_file
      file_first = number * self._rows_per_file
      file_rows = self._read_file(paths[number], file_first, min(self._rows_per_file, num_rows - file_first))
      file_last = min(last, file_first + self._rows_per_file)
      yield from file_rows[position - file_first : file_last - file_first]
      position = file_last

  def row(self, split: str, index: int) -> Row:
    """Returns one row."""
    return next(self.rows(split, index, index + 1))

  def _read_file(self, path: str, first_index: int, num_rows: int) -> list[Row]:
    """Returns all rows of one file after checking that they are those that belong there."""
    if not tf.io.gfile.exists(path):
      raise ValueError(f'{path} is missing although {MANIFEST_FILE} lists it: restore it or write the manifest again.')
    with tf.io.gfile.GFile(path, 'r') as file:
      lines = list(csv.reader(io.StringIO(file.read(), newline='')))
    if not lines or tuple(lines[0]) != COLUMNS:
      raise ValueError(f'{path} starts with {lines[:1]}; expected the columns {",".join(COLUMNS)}.')
    rows = []
    for number, fields in enumerate(lines[1:]):
      try:
        row = _from_fields(fields)
      except ValueError as error:
        raise ValueError(
          f'{path}, row {number + 2}: {fields} is damaged ({error}); expected {",".join(COLUMNS)}.'
        ) from error
      if row.index != first_index + number:
        raise ValueError(
          f'{path}, row {number + 2} has index {row.index}; expected {first_index + number}. Was the file edited?'
        )
      rows.append(row)
    if len(rows) != num_rows:
      raise ValueError(f'{path} has {len(rows)} rows; expected {num_rows} by {MANIFEST_FILE}. Was the file edited?')
    return rows

  def fingerprint(self) -> str:
    """Returns the SHA-256 of the whole manifest (hexadecimal), to notice later that it has changed; reads every file once."""
    digest = hashlib.sha256()
    for path in [
      os.path.join(self.directory, MANIFEST_FILE),
      *(p for split in sorted(self.splits) for p in self.paths(split)),
    ]:
      with tf.io.gfile.GFile(path, 'rb') as file:
        digest.update(file.read())
    return digest.hexdigest()


def read_manifest(directory: str) -> Manifest:
  """Opens a manifest.

  Raises:
    FileNotFoundError: when the folder holds no finished manifest.
    ValueError: when its manifest.json is damaged.
  """
  path = os.path.join(directory, MANIFEST_FILE)
  if not tf.io.gfile.exists(path):
    raise FileNotFoundError(f'{path} does not exist; expected a manifest, as `xdc manifest folder|csv ...` writes it.')
  contents = files.read_json(path)
  missing = [key for key in _MANIFEST_KEYS if not isinstance(contents, dict) or key not in contents]
  if missing:
    raise ValueError(f'{path} lacks {missing}; expected {list(_MANIFEST_KEYS)}. Write the manifest again.')
  return Manifest(os.fspath(directory), contents)


def _absolute(path: str) -> str:
  """Returns a local path in absolute form: workers run elsewhere than the command that wrote the manifest."""
  return path if '://' in path else os.path.abspath(path)


def _video_files(folder: str) -> list[tuple[str, str]]:
  """Returns (path relative to the folder, full path) of all video files below a folder, sorted; `folder` may be one file."""
  if not tf.io.gfile.exists(folder):
    raise FileNotFoundError(f'{folder} does not exist; expected a folder of videos or one video file.')
  if not tf.io.gfile.isdir(folder):
    return [(os.path.basename(folder), _absolute(folder))]
  found = []
  for directory, _, names in tf.io.gfile.walk(folder):
    paths = [os.path.join(directory, name) for name in names if os.path.splitext(name)[1].lower() in VIDEO_EXTENSIONS]
    found.extend((os.path.relpath(path, folder), _absolute(path)) for path in paths)
  if not found:
    raise FileNotFoundError(f'{folder} holds no video file; expected files that end in {" ".join(VIDEO_EXTENSIONS)}.')
  return sorted(found)


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
  return list(zip(starts, [*starts[1:], None], strict=True))


def _held_out_videos(video_ids: Sequence[str], fraction: float) -> set[str]:
  """Returns at least one video and at most all but one, chosen by a hash of the names: the same choice on every machine."""
  if fraction == 0:
    return set()
  if len(video_ids) < 2:
    raise ValueError(
      "hold_out='video' needs at least two videos, one of them for validation; found one. Use hold_out='span' to hold out "
      'spans of it.'
    )
  number = min(max(1, round(fraction * len(video_ids))), len(video_ids) - 1)
  return set(sorted(video_ids, key=lambda video_id: hashlib.sha256(video_id.encode()).hexdigest())[:number])


def folder_rows(
  folder: str,
  span_seconds: float | None = 2.0,
  hold_out: str = 'video',
  validation_fraction: float = 0.1,
  labels_from_folders: bool = False,
) -> Iterator[tuple[str, Row]]:
  """Yields (split, row) for the spans of all videos below a folder, in the order of their names.

  Args:
    folder: a folder of videos (searched through all levels), or one video file.
    span_seconds: length of a span; None or 0: each video is one span.
    hold_out: 'video': whole videos form the split 'validation'; 'span': every n-th span does.
    validation_fraction: share of videos or spans for 'validation', 0 <= fraction < 1; 0: none.
    labels_from_folders: whether the name of the folder that a video lies in is its label.

  Raises:
    FileNotFoundError: when there is no video.
    ValueError: for arguments out of range, and for one video that cannot be divided.
  """
  if hold_out not in ('video', 'span'):
    raise ValueError(f"hold_out is {hold_out!r}; expected 'video' or 'span'.")
  if not 0 <= validation_fraction < 1:
    raise ValueError(f'validation_fraction is {validation_fraction}; expected 0 <= fraction < 1.')
  if span_seconds is not None and not (math.isfinite(span_seconds) and span_seconds >= 0):
    raise ValueError(f'span_seconds is {span_seconds}; expected more than 0, or 0 for whole videos.')
  videos = _video_files(folder)
  held_out = (
    _held_out_videos([video_id for video_id, _ in videos], validation_fraction) if hold_out == 'video' else set()
  )
  position = 0
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
      yield 'validation' if validation else 'train', Row(0, video_id, path, start, end, labels)


def _csv_row(fields: dict[str, str], media_root: str) -> tuple[str, Row]:
  """Turns the named fields of one line of a user's CSV file into (split, row)."""
  path = fields['path']
  if not path:
    raise ValueError('the path is empty')
  labels = fields.get('labels') or fields.get('label') or ''
  official = fields.get('official_split') or ''
  split = fields.get('split') or 'train'
  schema.check_name(split, 'split name')
  row = Row(
    index=0,
    video_id=fields.get('video_id') or path,
    path=_absolute(path if '://' in path else os.path.join(media_root, path)),
    start_seconds=float(fields.get('start') or 0),
    end_seconds=float(fields['end']) if fields.get('end') else None,
    labels=tuple(label.strip() for label in labels.split(';') if label.strip()),
    official_split=tuple(int(value) for value in official.split(';')) if official else (),
  )
  _check_row(row, split)
  return split, row


def csv_rows(csv_path: str, media_root: str = '') -> Iterator[tuple[str, Row]]:
  """Yields (split, row) for the lines of a user's CSV file.

  Args:
    csv_path: a CSV file (UTF-8, comma) whose first line names its columns: `path`, and any of `start`, `end` (seconds),
      `label` or `labels` (several separated by ';'), `split` (default 'train'), `video_id` (default: the path),
      `official_split` (one value per official split, separated by ';': 0 unused, 1 train, 2 test).
    media_root: the folder that relative paths start from; default: the current one.

  Raises:
    FileNotFoundError: when there is no such file.
    ValueError: for the first damaged line, with the file and the line number.
  """
  if not tf.io.gfile.exists(csv_path):
    raise FileNotFoundError(f'{csv_path} does not exist; expected a CSV file with a column "path".')
  with tf.io.gfile.GFile(csv_path, 'r') as file:
    reader = csv.DictReader(file, restkey='', strict=True)
    columns = [column.strip().lstrip('\ufeff') for column in reader.fieldnames or []]
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
        yield _csv_row({name: value.strip() for name, value in fields.items()}, media_root)
    except (ValueError, csv.Error) as error:
      raise ValueError(f'{csv_path}, line {reader.line_num}: {error}') from error
