"""The videos and the undisturbed job of the tests of make_clips."""

import pathlib
import shutil

import media_factory
import numpy as np
import pytest
from clip_job_cases import TRAIN, arguments

from beam_pipelines import make_clips
from xdc_tf.manifest import manifest


@pytest.fixture(scope='session')
def clip_manifest(tmp_path_factory):
  root = tmp_path_factory.mktemp('media')
  media_factory.write_video(root / 'good.mp4', seconds=3.0)
  media_factory.write_video(root / 'odd.mp4', seconds=2.0, frame_rate=25, size=(64, 96), audio_rate=22_050, pitch=880.0)
  media_factory.write_video(root / 'mute.mp4', seconds=1.0, audio_rate=None)
  media_factory.write_video(root / 'blind.mp4', seconds=1.0, video=False)
  media_factory.write_empty(root / 'empty.mp4')
  (root / 'noise.mp4').write_bytes(np.random.default_rng(0).bytes(5000))
  rows = [
    ('train', manifest.Row(0, name, str(root / name), start, end, (name.split('.')[0],), (1,)))
    for name, start, end, _ in TRAIN
  ]
  rows += [
    ('validation', manifest.Row(0, 'good.mp4', str(root / 'good.mp4'), start, start + 0.5, (), (2,)))
    for start in (0.0, 2.5)
  ]
  return manifest.write_manifest(root / 'manifest', 'tiny', rows, rows_per_file=5)


@pytest.fixture(scope='session')
def reference(clip_manifest, tmp_path_factory):
  """The undisturbed run with one worker in this process."""
  folder = tmp_path_factory.mktemp('reference') / 'clips'
  assert make_clips.run(arguments(clip_manifest, folder)) == (
    f'{folder}: 8 clips in 5 shards. 6 rows failed (empty_span 1, missing_file 1, no_audio_track 1, no_video_track 1, '
    'unreadable 2), see failed_videos.jsonl.'
  )
  return folder


@pytest.fixture
def copy(reference, tmp_path):
  return pathlib.Path(shutil.copytree(reference, tmp_path / 'copy'))
