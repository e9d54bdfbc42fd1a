"""What all official data sets share: reading their lists, finding their media files, and noting down what is left out.

A data set's module turns each line of its lists into an Entry; `find_rows` looks for the media file of each and makes the rows
of the manifest. Whatever cannot become a row is noted in a Skipped and ends up in `skipped.csv`: nothing disappears silently,
and one missing video stops nothing. Only a damaged list is an error.
"""

import csv
import dataclasses
import hashlib
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import tensorflow as tf

from xdc_tf import files
from xdc_tf.manifest import manifest
from xdc_tf.manifest.manifest import Row
from xdc_tf.manifest.media_files import VIDEO_EXTENSIONS as VIDEO_EXTENSIONS
from xdc_tf.manifest.media_files import PassedOver, walk

# The record split of data sets whose division into training and test lies in `official_split`, so that every clip is stored
# once whatever the number of official splits. Not 'all': TFDS keeps that name for the union of splits.
OFFICIAL_SPLIT = 'official'

# Beside VIDEO_EXTENSIONS.
AUDIO_EXTENSIONS = ('.wav', '.flac', '.mp3', '.m4a', '.ogg', '.opus')
IMAGE_EXTENSIONS = ('.jpeg', '.jpg')

SKIPPED_FILE = 'skipped.csv'
SKIPPED_KINDS = {
  'missing_media': 'listed, but there is no such media file',
  'unlisted_media': 'media files that no list mentions',
  'unknown_class': 'of a class that the data set does not have',
  'duplicate_entry': 'listed more than once',
  'duplicate_media': 'further media files of the same name',
  'empty_interval': 'annotations that end before they begin',
  'subset_short': 'subset smaller than asked for',
}


class Skipped:
  """Collects what does not become a row, in memory: about 200 bytes each."""

  def __init__(self):
    """Starts with nothing."""
    self.entries: list[tuple[str, str, str]] = []

  def add(self, kind: str, name: str, detail: str = '') -> None:
    """Notes one thing down: one of SKIPPED_KINDS, the name in the list or the file, and what was found."""
    if kind not in SKIPPED_KINDS:
      raise ValueError(f'The kind is {kind!r}; expected one of {", ".join(SKIPPED_KINDS)}.')
    self.entries.append((kind, name, detail))

  def summary(self) -> str:
    """Returns one line: how many of each kind; '' when nothing was left out."""
    counts = Counter(kind for kind, _, _ in self.entries)
    return '; '.join(f'{counts[kind]} {text} ({kind})' for kind, text in SKIPPED_KINDS.items() if counts[kind])

  def write(self, directory: str) -> str:
    """Writes `skipped.csv` (kind, name, detail; only its header when nothing was left out) and returns its path."""
    text = io.StringIO(newline='')
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(('kind', 'name', 'detail'))
    writer.writerows(self.entries)
    path = os.path.join(directory, SKIPPED_FILE)
    with files.atomic_write(path, 'w') as file:
      file.write(text.getvalue())
    return path


@dataclasses.dataclass(frozen=True)
class Entry:
  """One clip as a list names it, its media file not yet found.

  Attributes:
    video_id: identifies the clip; an entry that repeats one is left out.
    stems: names that the media file may have, without folder and suffix; the first that exists is taken.
    split: the split of the manifest.
    labels: names of the classes.
    official_split: one value per official split: 0 unused, 1 train, 2 test.
    start_seconds: where the clip starts in its file.
    end_seconds: where it ends; None at the end of the file.
    listed_in: the list and its line, for `skipped.csv`.
  """

  video_id: str
  stems: tuple[str, ...]
  split: str
  labels: tuple[str, ...] = ()
  official_split: tuple[int, ...] = ()
  start_seconds: float = 0.0
  end_seconds: float | None = None
  listed_in: str = ''


@dataclasses.dataclass
class Listing:
  """A data set, ready to be written.

  Attributes:
    rows: (split, row), made while they are read; when they are at their end, everything skipped has been noted.
    label_names: the classes in the official order of their numbers; None: those that occur, sorted by name.
  """

  rows: Iterator[tuple[str, Row]]
  label_names: tuple[str, ...] | None = None


def stem(path: str) -> str:
  """Returns the name of a file without its folders and its suffix."""
  return os.path.splitext(os.path.basename(path))[0]


class MediaFolder:
  """Finds media files by their names wherever they lie below a folder.

  Holds a dictionary of all names. With the names that `find_rows` has seen and the rows that `mixed` holds that makes about 1 kB a
  clip: 2 GB for the two million clips of AudioSet.
  """

  def __init__(self, folder: str, extensions: Sequence[str], skipped: Skipped):
    """Lists the folder once; of files with the same name the first in the order of `media_files.walk` counts, unless it is empty.

    Raises:
      FileNotFoundError: when there is no such folder, or no media file below it.
    """
    self._folder, self._skipped = files.absolute_path(folder), skipped
    self._paths: dict[str, str] = {}
    self._used: set[str] = set()
    passed_over = PassedOver()
    for path in walk(folder, extensions, passed_over):
      kept = self._paths.setdefault(stem(path), path)
      if kept != path:
        if self._is_empty(kept) and not self._is_empty(path):
          self._paths[stem(path)], kept, path = path, path, kept
        skipped.add('duplicate_media', path, f'{kept} is taken')
    for path, taken in passed_over.copies:
      skipped.add('duplicate_media', path, f'a further link to {taken}')
    if not self._paths:
      raise FileNotFoundError(f'{folder} holds no media file; expected files that end in {" ".join(extensions)}.')

  def _is_empty(self, path: str) -> bool:
    return not tf.io.gfile.stat(os.path.join(self._folder, path)).length

  def __contains__(self, name: str) -> bool:
    return name in self._paths

  def find(self, names: Iterable[str]) -> str | None:
    """Returns the absolute path of the first of `names` (without suffix) that exists, None when none does."""
    for name in names:
      if name in self._paths:
        self._used.add(name)
        return os.path.join(self._folder, self._paths[name])
    return None

  def note_unlisted(self) -> None:
    """Notes every file that was never asked for."""
    for name, path in self._paths.items():
      if name not in self._used:
        self._skipped.add('unlisted_media', path)


def find_rows(entries: Iterable[Entry], media: MediaFolder, skipped: Skipped) -> Iterator[tuple[str, Row]]:
  """Yields (split, row) for the entries whose media file exists, and notes the others, and files that no entry names."""
  seen = set()
  for entry in entries:
    path = media.find(entry.stems)
    if entry.video_id in seen:
      skipped.add('duplicate_entry', entry.video_id, entry.listed_in)
    elif path is None:
      skipped.add('missing_media', entry.video_id, entry.listed_in)
    else:
      times = (entry.start_seconds, entry.end_seconds)
      yield entry.split, Row(0, entry.video_id, path, *times, entry.labels, entry.official_split)
    seen.add(entry.video_id)
  media.note_unlisted()


def damaged(path: str, line: int, found: object, expected: str) -> ValueError:
  """Returns the error for a line of a list that cannot be understood."""
  return ValueError(f'{path}, line {line}: found {found!r}; expected {expected}. Restore the file from the data set.')


def _read_text(path: str, what: str) -> str:
  files.use_file_system(path)
  if not tf.io.gfile.exists(path) or tf.io.gfile.isdir(path):
    raise FileNotFoundError(f'{path} is not a file; expected {what}.')
  with tf.io.gfile.GFile(path, 'rb') as file:
    data = file.read()
  try:
    return data.decode('utf-8-sig')
  except UnicodeDecodeError as error:
    line = data.count(b'\n', 0, error.start) + 1
    raise damaged(path, line, data[error.start : error.start + 10], f'{what}, in UTF-8') from error


def read_lines(path: str, what: str) -> Iterator[tuple[int, str]]:
  """Yields (line number, text without blanks at its ends) for the lines of a list that are not empty.

  Args:
    path: the list.
    what: what it holds, for error messages.

  Raises:
    FileNotFoundError: when there is no such file.
    ValueError: when it is no text.
  """
  for number, line in enumerate(_read_text(path, what).splitlines(), 1):
    if line.strip():
      yield number, line.strip()


def read_table(path: str, what: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
  """Yields (line number, {column: text}) for the lines of a CSV file with a header.

  Args:
    path: the list.
    what: what it holds, for error messages.
    columns: those that must be there; further ones are passed through.

  Raises:
    FileNotFoundError: when there is no such file.
    ValueError: when it has other columns, or a line another number of fields than the header.
  """
  lines = read_fields(path, what)
  number, header = next(lines, (1, []))
  if not set(columns) <= set(header):
    raise damaged(path, number, ','.join(header), f'a header with the columns {",".join(columns)}')
  for number, fields in lines:
    if len(fields) != len(header):
      raise damaged(path, number, ','.join(fields), f'{len(header)} fields: {",".join(header)}')
    yield number, dict(zip(header, fields, strict=True))


def read_fields(path: str, what: str) -> Iterator[tuple[int, list[str]]]:
  """Yields (line number, fields) for the lines of a CSV file; fields may be quoted, blanks behind a comma do not count.

  Raises:
    FileNotFoundError: when there is no such file.
    ValueError: when a line cannot be divided into fields.
  """
  reader = csv.reader(io.StringIO(_read_text(path, what), newline=''), skipinitialspace=True, strict=True)
  while True:
    try:
      fields = next(reader)
    except StopIteration:
      return
    except csv.Error as error:
      raise damaged(path, reader.line_num, str(error), what) from error
    if fields:
      yield reader.line_num, [field.strip() for field in fields]


def to_seconds(text: str) -> float | None:
  """Returns a time of at least 0 seconds, None for anything else."""
  try:
    seconds = float(text)
  except ValueError:
    return None
  return seconds if 0 <= seconds < float('inf') else None


def mixed(rows: Iterable[tuple[str, Row]]) -> list[tuple[str, Row]]:
  """Returns (split, row) in an order of hashes of their videos, the same on every machine; spans of a video stay together.

  The official lists are sorted by class, and records lie as the rows do: training, which shuffles what lies near, would meet some
  classes for hundreds of steps, and then others.
  """
  return sorted(rows, key=lambda row: hashlib.sha256(row[1].video_id.encode(errors='surrogateescape')).digest())


def write_listing(directory: str, name: str, listing: Listing, skipped: Skipped) -> manifest.Manifest:
  """Writes the manifest of a data set, `mixed`, with `skipped.csv` in its folder.

  Raises:
    ValueError: when not one clip is left, or the folder holds another manifest already (see `manifest.write_manifest`), whose
      `skipped.csv` stays as it is.
  """
  finished = tf.io.gfile.exists(os.path.join(directory, manifest.MANIFEST_FILE))

  def rows() -> Iterator[tuple[str, Row]]:
    empty = True
    for row in mixed(listing.rows):
      empty = False
      yield row
    # Before manifest.json, which marks the folder as finished.
    see = '' if finished else f' See {skipped.write(directory)}.'
    if empty:
      why = skipped.summary() or 'the lists are empty'
      raise ValueError(f'Nothing is left to write to {directory}: {why}.{see}')

  written = manifest.write_manifest(directory, name, rows(), label_names=listing.label_names)
  if finished:  # The same manifest as it was: other files may have been left out.
    skipped.write(directory)
  return written
