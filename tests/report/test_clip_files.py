"""Thumbnails on disk: made once, tried again where they could not be made, and counted."""

import dataclasses
import time

import numpy as np
import pytest
from clip_factory import brightening_clip

from xdc_tf.report import clip_files, thumbnails
from xdc_tf.report.clip_files import ClipFiles, Counts
from xdc_tf.report.thumbnails import ClipMedia

NOTHING = np.zeros(0, np.float32)


def clip_media(clip: int) -> ClipMedia | None:
  short = brightening_clip(12)
  return {
    3: None,
    4: ClipMedia(short.frames[:1], NOTHING),
    5: ClipMedia([b'not a picture'], NOTHING),
    6: ClipMedia([], NOTHING, note='source file is gone'),
    1007: dataclasses.replace(short, frames=[]),
  }.get(clip, short)


def test_files_are_made_once_and_reasons_are_given(tmp_path):
  asked = []

  def read(clip):
    asked.append(clip)
    return clip_media(clip)

  clips = [0, 3, 4, 5, 6, 1007]
  expected = {
    0: ClipFiles('media/0/0', has_video=True, has_sound=True),
    3: ClipFiles('media/0/3', problem='no picture and no sound found'),
    4: ClipFiles('media/0/4'),
    5: ClipFiles('media/0/5', problem='its pictures cannot be decoded'),
    6: ClipFiles('media/0/6', problem='source file is gone'),
    1007: ClipFiles('media/1/1007', has_video=True, has_sound=True),
  }
  assert clip_files.make_clip_files(str(tmp_path), clips, read) == (expected, Counts(made=3, before=0, empty=3))
  written = {str(path.relative_to(tmp_path)): path.stat().st_mtime_ns for path in tmp_path.rglob('*.*')}
  assert sorted(written) == [
    'media/0/0-spectrogram.webp',
    'media/0/0.webm',
    'media/0/0.webp',
    'media/0/4.webp',
    'media/1/1007-spectrogram.webp',
    'media/1/1007.webm',
    'media/1/1007.webp',
  ]
  assert (tmp_path / 'media/0/0.webm').read_bytes() == thumbnails.make_thumbnail(clip_media(0)).video
  # A run that was killed before the still picture of clip 0 was written.
  (tmp_path / 'media/0/0.webp').unlink()
  asked.clear()
  assert clip_files.make_clip_files(str(tmp_path), clips, read) == (expected, Counts(made=1, before=2, empty=3))
  assert sorted(asked) == [0, 3, 5, 6]
  assert (tmp_path / 'media/1/1007.webm').stat().st_mtime_ns == written['media/1/1007.webm']


def test_an_error_does_not_wait_for_the_clips_in_line(tmp_path):
  asked = []

  def read(clip):
    asked.append(clip)
    if clip == 0:
      raise KeyboardInterrupt
    time.sleep(0.01)

  with pytest.raises(KeyboardInterrupt):
    clip_files.make_clip_files(str(tmp_path), range(500), read)
  assert len(asked) < 400
