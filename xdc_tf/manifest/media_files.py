"""Which files below a folder are media: each real file once, hidden ones never, and what was passed over is counted."""

import collections
import dataclasses
import os
from collections.abc import Iterator, Sequence

import tensorflow as tf

from xdc_tf import files

# What FFmpeg's demuxers of video name, without pictures, playlists and bare elementary streams.
# fmt: off
VIDEO_EXTENSIONS = (
  '.3g2', '.3gp', '.asf', '.avi', '.divx', '.dv', '.f4v', '.flv', '.gxf', '.m1v', '.m2t',
  '.m2ts', '.m2v', '.m4v', '.mkv', '.mov', '.mp4', '.mpe', '.mpeg', '.mpg', '.mts', '.mxf',
  '.nut', '.ogm', '.ogv', '.qt', '.rm', '.rmvb', '.ts', '.vob', '.webm', '.wmv', '.wtv',
)
# fmt: on


@dataclasses.dataclass
class PassedOver:
  """What a walk did not yield.

  Attributes:
    suffixes: how many files of each suffix are no media; hidden files are not counted.
    copies: (name, the name that is taken) of further links to a file.
    closed: folders that must not be looked into.
  """

  suffixes: collections.Counter = dataclasses.field(default_factory=collections.Counter)
  copies: list[tuple[str, str]] = dataclasses.field(default_factory=list)
  closed: list[str] = dataclasses.field(default_factory=list)

  def summary(self) -> str:
    """Returns one line, '' when nothing was passed over."""
    parts = [f'{count} {suffix or "without a suffix"}' for suffix, count in sorted(self.suffixes.items())]
    reasons = [f'files that are no videos: {", ".join(parts)}'] if parts else []
    if self.copies:
      reasons.append('{} further links to files, first {} to {}'.format(len(self.copies), *self.copies[0]))
    if self.closed:
      reasons.append(f'{len(self.closed)} folders without permission to read, first {self.closed[0]}')
    return '; '.join(reasons)


class _Seen:
  """Tells real files and folders apart by device and inode; on remote file systems, which have no links, by name."""

  def __init__(self, folder: str):
    self._folder = folder
    self._names: dict[object, str] = {}
    self.is_local = '://' not in folder

  def first_name(self, path: str) -> str:
    """Returns the name under which this file or folder was seen first: `path` itself, unless it is a further link."""
    key: object = path
    if self.is_local:
      status = os.stat(os.path.join(self._folder, path))
      key = status.st_dev, status.st_ino
    return self._names.setdefault(key, path)

  def is_file(self, path: str) -> bool:
    """Whether there is something to be read, and an end to it: a link may lead nowhere, and a pipe has no end."""
    return not self.is_local or os.path.isfile(os.path.join(self._folder, path))

  def is_link(self, path: str) -> bool:
    return self.is_local and os.path.islink(os.path.join(self._folder, path))


def walk(folder: str, extensions: Sequence[str], passed_over: PassedOver | None = None) -> Iterator[str]:
  """Yields the paths, relative to `folder`, of all files with one of the extensions, folder by folder and sorted in each.

  Hidden files and folders are passed over: copies from a Mac carry a '._NAME.avi' beside each video that is none, and a Synology
  keeps thumbnails in @eaDir/NAME.avi/. Links are followed after all that is really there, so a file keeps its own name, comes
  once, and loops end.

  Args:
    folder: local, or one that tf.io.gfile knows.
    extensions: suffixes in lower case, with their dot.
    passed_over: takes what was not yielded.

  Raises:
    FileNotFoundError: when there is no such folder.
    ValueError: when a name is not UTF-8: no manifest could hold it.
  """
  files.use_file_system(folder)
  if not tf.io.gfile.isdir(folder):
    raise FileNotFoundError(f'{folder} is not a folder; expected the folder of the media files.')
  passed_over = PassedOver() if passed_over is None else passed_over
  seen, pending = _Seen(folder), ['']
  links: collections.deque[str] = collections.deque()
  seen.first_name('')
  while pending or links:
    if pending:
      relative = pending.pop()
      try:
        names = [os.path.join(relative, name) for name in _names(os.path.join(folder, relative))]
      except tf.errors.PermissionDeniedError:
        if not relative:
          raise
        passed_over.closed.append(relative)  # Such as lost+found, on a disk of its own.
        continue
      links.extend(path for path in names if seen.is_link(path))
      names = [path for path in names if not seen.is_link(path)]
    else:
      names = [links.popleft()]
    folders = []
    for path in names:
      suffix = os.path.splitext(path)[1].lower()
      is_media = suffix in extensions
      if tf.io.gfile.isdir(os.path.join(folder, path)):  # Also Film.mkv/, which holds a film.
        if seen.first_name(path) == path:
          folders.append(path)
      elif not is_media or not seen.is_file(path):
        passed_over.suffixes[suffix] += 1
      elif (first := seen.first_name(path)) == path:
        yield path
      else:
        passed_over.copies.append((path, first))
    pending.extend(reversed(folders))


def _names(folder: str) -> list[str]:
  try:
    # Object stores list folders with a slash behind their name.
    names = sorted(name.rstrip('/') for name in tf.io.gfile.listdir(folder))
  except UnicodeDecodeError as error:
    raise ValueError(f'{folder} holds the name {error.object!r}; expected names in UTF-8. Rename that file.') from error
  return [name for name in names if not name.startswith('.') and name != '@eaDir']
