"""The thumbnails of clips as files that pages load when they are looked at; each is made once.

media/0/12.webm              moving pictures and sound; absent for a single picture without sound
media/0/12-spectrogram.webp  absent without sound
media/0/12.webp              the still picture, written last: a clip that has it is done
"""

import concurrent.futures
import dataclasses
import os
from collections.abc import Callable, Sequence

import tensorflow as tf

from xdc_tf import files, progress
from xdc_tf.report import thumbnails
from xdc_tf.report.thumbnails import ClipMedia

_CLIPS_PER_FOLDER = 1000


@dataclasses.dataclass(frozen=True)
class ClipFiles:
  """What there is to show of one clip.

  Attributes:
    stem: the way to its files from the report's folder, without the ending, e.g. 'media/0/12'.
    has_video: whether there is a .webm.
    has_sound: whether it has sound, and there is a spectrogram.
    problem: why there is nothing at all; empty when there is a picture.
  """

  stem: str
  has_video: bool = False
  has_sound: bool = False
  problem: str = ''


@dataclasses.dataclass
class Counts:
  """What make_clip_files did: clips made now, made before, and without anything to show."""

  made: int = 0
  before: int = 0
  empty: int = 0


def make_clip_files(
  folder: str, clips: Sequence[int], clip_media: Callable[[int], ClipMedia | None]
) -> tuple[dict[int, ClipFiles], Counts]:
  """Makes the files of those clips that have none yet, in several threads: PyAV works outside Python's lock.

  Args:
    folder: the folder of the report.
    clips: their indices.
    clip_media: reads pictures and sound of a clip, or returns None; called in several threads. A clip that cannot be read is
      tried again the next time.

  Returns:
    The files of every clip, and how many were made.
  """
  counts = Counts()
  files_of = {}
  with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    made = pool.map(lambda clip: _make(folder, clip, clip_media), clips)
    bar = progress.bar(made, description='thumbnails', total=len(clips), unit='clip')
    try:
      for clip, (clip_files, is_new) in zip(clips, bar, strict=True):
        files_of[clip] = clip_files
        counts.empty += bool(clip_files.problem)
        counts.made += is_new
        counts.before += not is_new and not clip_files.problem
    except BaseException:
      pool.shutdown(cancel_futures=True)  # An interrupt need not wait for the thousands in line.
      raise
  return files_of, counts


def _make(folder: str, clip: int, clip_media) -> tuple[ClipFiles, bool]:
  stem = f'media/{clip // _CLIPS_PER_FOLDER}/{clip}'
  path = os.path.join(folder, stem)
  video, spectrogram, poster = (f'{path}{ending}' for ending in ('.webm', '-spectrogram.webp', '.webp'))
  if tf.io.gfile.exists(poster):
    return ClipFiles(stem, tf.io.gfile.exists(video), tf.io.gfile.exists(spectrogram)), False
  media = clip_media(clip)
  if media is None:
    return ClipFiles(stem, problem='no picture and no sound found'), False
  try:
    made = thumbnails.make_thumbnail(media)
  except thumbnails.UnreadablePictureError:  # One damaged clip must not cost the report of all others.
    return ClipFiles(stem, problem='its pictures cannot be decoded'), False
  if not made.poster:
    return ClipFiles(stem, problem=media.note or 'no picture and no sound found'), False
  for name, data in ((video, made.video), (spectrogram, made.spectrogram), (poster, made.poster)):
    if data:
      with files.atomic_write(name) as file:
        file.write(data)
  return ClipFiles(stem, bool(made.video), bool(made.spectrogram)), True
