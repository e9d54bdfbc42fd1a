"""The manifest: the list of all spans of a data set, in numbered CSV files, written once and read a few rows at a time.

A manifest is a folder: `NAME-SPLIT.csv-00000-of-00010` files of `rows_per_file` rows, and `manifest.json`, written last.
A row's `index` is its position within its split; it is the identity of a clip everywhere else (records, features, labels).
"""

import csv
import dataclasses
import hashlib
import io
import itertools
import math
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import tensorflow as tf

from xdc_tf import files, lease, progress

MANIFEST_FILE = 'manifest.json'
UNUSED, TRAIN, TEST = 0, 1, 2  # What `official_split` says of each official split.
COLUMNS = ('index', 'video_id', 'path', 'start', 'end', 'labels', 'official_split')
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


def check_name(name: str, what: str) -> None:
  """Refuses names of data sets and splits that TFDS could not read back from the names of files.

  Raises:
    ValueError: when `name` is not lower case letters, digits and '_' behind a letter, or is 'all'.
  """
  if not re.fullmatch(r'[a-z][a-z0-9_]*', name):
    raise ValueError(
      f'The {what} {name!r} cannot be part of a TFDS file name; expected lower case letters, digits and "_", a letter first, '
      f'such as {re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_0123456789") or "my_videos"!r}.'
    )
  if name == 'all':
    raise ValueError(f"The {what} cannot be 'all', which TFDS keeps for the union of all splits.")


_LABELS = (
  'names that are not empty, without ";", which separates them in the file, and without line breaks or blanks at their ends, which '
  'TFDS does not keep in its list of names'
)


def _is_label(name: str) -> bool:
  return bool(name) and name == name.strip() and not set(name) & set(';\n\r')


def _check_label_names(directory: str, label_names: Sequence[str]) -> None:
  odd = [name for name in label_names if not _is_label(name)]
  if odd:
    raise ValueError(f'The label names for {directory} hold {odd[:10]}; expected {_LABELS}.')


def check_row(row: Row, split: str) -> None:
  """Raises ValueError when a row of `split` cannot be written or decoded."""
  problem = None
  if not row.path:
    problem = 'has no path'
  elif not row.video_id:
    problem = 'has no video_id'
  elif '\r' in row.path + row.video_id:
    problem = 'has a carriage return in its path or video_id, which no CSV file keeps: rename the file'
  elif not (math.isfinite(row.start_seconds) and row.start_seconds >= 0):
    problem = f'starts at {row.start_seconds}; expected seconds >= 0'
  elif row.end_seconds is not None and not (math.isfinite(row.end_seconds) and row.end_seconds > row.start_seconds):
    problem = f'ends at {row.end_seconds}, which is not behind its start {row.start_seconds}'
  elif not all(map(_is_label, row.labels)):
    problem = f'has the labels {row.labels}; expected {_LABELS}'
  elif any(value not in (UNUSED, TRAIN, TEST) for value in row.official_split):
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
    check_name(split, 'split name')
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
      files.replace(path, final)


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
    directory: the folder; made. A manifest that it holds must be the same.
    name: the data set's name, part of every file name: lower case letters, digits, '_'.
    rows: (split, row) in any order; the index of a row is replaced by its position within its split.
    rows_per_file: rows in each CSV file; the last file of a split may hold fewer.
    label_names: the classes in the order of their numbers; None: the names that occur, sorted.

  Returns:
    the manifest, opened.

  Raises:
    ValueError: when a name cannot be part of a file name or be a label, a row is damaged, rows differ in their number of official
      splits, a label is not among `label_names`, there is no row at all, or the folder holds another manifest. The same one stays.
  """
  check_name(name, 'data set name')
  directory = os.fspath(directory)
  path = os.path.join(directory, MANIFEST_FILE)
  if tf.io.gfile.exists(path):
    return _same_manifest(directory, name, rows, rows_per_file, label_names)
  _check_label_names(directory, label_names or ())
  rows = iter(rows)
  first = next(rows, None)  # Who has none makes no folder.
  if first is None:
    raise ValueError(f'There is no row to write to {directory}: expected at least one video.')
  with lease.held(directory):  # Two would mix their rows.
    files.write_json(path, _write_rows(directory, name, itertools.chain([first], rows), rows_per_file, label_names))
  return read_manifest(directory)


def _write_rows(
  directory: str, name: str, rows: Iterable[tuple[str, Row]], rows_per_file: int, label_names: Sequence[str] | None
) -> dict[str, Any]:
  """Writes the files of a manifest and returns what manifest.json says of them; arguments and errors as write_manifest."""
  writers: dict[str, _SplitWriter] = {}
  found_labels: set[str] = set()
  num_official_splits = None
  for split, row in progress.bar(rows, description=f'manifest {name}', unit='row', delay=5):
    check_row(row, split)
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
  unknown = sorted(found_labels - set(label_names)) if label_names is not None else []
  if unknown:
    raise ValueError(f'The rows for {directory} have labels that are not among the label names: {unknown[:10]}.')
  for writer in writers.values():
    writer.finish()
  return {
    'name': name,
    'splits': {split: writer.num_rows for split, writer in sorted(writers.items())},
    'rows_per_file': rows_per_file,
    'label_names': sorted(found_labels) if label_names is None else list(label_names),
    'num_official_splits': num_official_splits,
  }


def _same_manifest(directory: str, *arguments) -> 'Manifest':
  """Returns the manifest that is there if it is what write_manifest would make: a command that is typed again does no harm."""
  with tempfile.TemporaryDirectory() as again:
    write_manifest(again, *arguments)
    for name in files.list_folder(again):
      path = os.path.join(directory, name)
      if not tf.io.gfile.exists(path) or files.read_text(path) != files.read_text(os.path.join(again, name)):
        raise ValueError(
          f'{directory} holds another manifest ({name} differs). A manifest is never changed: write to a new folder, or delete '
          'this one.'
        )
  return read_manifest(directory)


class Manifest:
  """A manifest that can be read at any place. Made by `read_manifest`."""

  def __init__(self, directory: str, contents: dict[str, Any]):
    self.directory = directory
    self.name: str = contents['name']
    self.splits: dict[str, int] = contents['splits']
    self.label_names: tuple[str, ...] = tuple(contents['label_names'])
    self._known_labels = frozenset(self.label_names)
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
    lines = list(csv.reader(io.StringIO(files.read_text(path), newline='')))
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
      unknown = sorted(set(row.labels) - self._known_labels)
      if unknown:
        raise ValueError(
          f'{path}, row {number + 2} has the labels {unknown}, which {MANIFEST_FILE} does not list. Write the manifest again.'
        )
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


def copy_manifest(source: str, folder: str) -> None:
  """Copies a manifest; manifest.json, without which it is none, comes last."""
  tf.io.gfile.makedirs(folder)
  names = [name for name in files.list_folder(source) if re.fullmatch(r'.+\.csv-\d{5}-of-\d{5}', name)]
  for name in [*names, MANIFEST_FILE]:
    with files.atomic_path(os.path.join(folder, name)) as temporary:
      tf.io.gfile.copy(os.path.join(source, name), temporary, overwrite=True)


def read_manifest(directory: str) -> Manifest:
  """Opens a manifest.

  Raises:
    FileNotFoundError: when the folder holds no finished manifest.
    ValueError: when its manifest.json is damaged.
  """
  path = os.path.join(directory, MANIFEST_FILE)
  files.use_file_system(path)
  if not tf.io.gfile.exists(path):
    raise FileNotFoundError(f'{path} does not exist; expected a manifest, as `xdc manifest folder|csv ...` writes it.')
  contents = files.read_json(path)
  missing = [key for key in _MANIFEST_KEYS if not isinstance(contents, dict) or key not in contents]
  if missing:
    raise ValueError(f'{path} lacks {missing}; expected {list(_MANIFEST_KEYS)}. Write the manifest again.')
  _check_contents(path, contents)
  return Manifest(os.fspath(directory), contents)


def _check_contents(path: str, contents: dict[str, Any]) -> None:
  """Checks what becomes part of the names of files, and what is counted with: an edited file must not lead elsewhere.

  Raises:
    ValueError: when a value is not what write_manifest writes.
  """
  try:
    check_name(contents['name'], 'data set name')
    for split, rows in contents['splits'].items():
      check_name(split, 'split name')
      _check_number(f'rows of {split}', rows, 0)
    _check_number('rows_per_file', contents['rows_per_file'], 1)
    _check_number('num_official_splits', contents['num_official_splits'], 0)
    names = contents['label_names']
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
      raise ValueError(f'label_names are {contents["label_names"]}')
  except (ValueError, TypeError, AttributeError) as error:
    raise ValueError(f'{path} is damaged or was edited: {error}. Write the manifest again.') from error


def _check_number(what: str, value: Any, least: int) -> None:
  if not isinstance(value, int) or value < least:
    raise ValueError(f'{what} is {value!r}, expected a whole number of at least {least}')
