"""What a report finds in a run directory and in the source videos, and what it says where those are gone."""

import argparse
import dataclasses
import types

import media_factory
import numpy as np
import pytest
import records_factory

from xdc_tf.cli import report
from xdc_tf.manifest import manifest
from xdc_tf.report import report_input
from xdc_tf.runs import run_info


def clips_of(folder, rows):
  paths = [(str(folder / name), *times) for name, *times in rows]
  manifest.write_manifest(
    str(folder / 'manifest'), 'some', (('train', manifest.Row(0, path, path, *times)) for path, *times in paths)
  )
  return report_input._Clips(types.SimpleNamespace(records=records_of(folder)))


def records_of(folder, frames_per_span=0):
  """Records beside a manifest of others."""
  made = records_factory.write_records(
    folder / 'records', {'train': 30}, frames_per_span=frames_per_span, seconds=0.1, missing=[('train', 3)]
  )
  return dataclasses.replace(made, manifest_directory=str(folder / 'manifest'))


@pytest.mark.slow
def test_names_and_media_of_clips(tmp_path):
  (tmp_path / 'one').mkdir()
  media_factory.write_video(tmp_path / 'one' / 'both.mp4', seconds=5, frame_rate=30)
  media_factory.write_video(tmp_path / 'mute.mp4', seconds=2, frame_rate=30, audio_rate=None)
  media_factory.write_video(tmp_path / 'sound.mp4', seconds=2, video=False)
  (tmp_path / 'broken.mp4').write_bytes(b'this is not a video')
  clips = clips_of(
    tmp_path, [('one/both.mp4', 1.0), ('mute.mp4', 0.0, 1.0), ('sound.mp4',), ('broken.mp4',), ('gone.mp4', 0.0, 2.0)]
  )
  names = clips.names(np.array([0, 1, 4]))
  # Named from the folder on that these three share.
  assert [(name.file, name.start_seconds) for name in names] == [('one/both.mp4', 1), ('mute.mp4', 0), ('gone.mp4', 0)]
  assert [name.file for name in clips.names(np.array([0]))] == ['both.mp4']
  read = [clips.media(clip) for clip in range(5)]
  # At most the first two seconds of a span, at 30 frames and 16,000 samples a second.
  assert [(len(clip.frames), len(clip.waveform)) for clip in read] == [(60, 32000), (30, 0), (0, 32000), (0, 0), (0, 0)]
  assert [clip.note.split(':')[0] for clip in read] == ['', '', '', 'unreadable', 'missing_file']


def test_a_manifest_that_is_gone_is_a_note(tmp_path):
  clips = report_input._Clips(types.SimpleNamespace(records=records_of(tmp_path)))
  assert [name.file for name in clips.names(np.array([0, 7]))] == ['clip 0', 'clip 7']
  assert 'does not exist' in clips.media(7).note


@pytest.mark.slow
@pytest.mark.parametrize('has_settings', [False, True])
def test_where_the_videos_are_gone_the_records_own_frames_are_shown(tmp_path, has_settings):
  records = records_of(tmp_path, frames_per_span=70)
  if has_settings:
    (tmp_path / 'records/settings.json').write_text('{"clips_per_shard": 4}')
  clips = report_input._Clips(types.SimpleNamespace(records=records))
  found = [clips.media(index) for index in (0, 7, 29)]
  stored = [records_factory.make_span(index, frames=70, seconds=0.1).frames[:60] for index in (0, 7, 29)]
  assert [clip.frames for clip in found] == stored  # Two seconds.
  assert all(not len(clip.waveform) and 'does not exist' in clip.note for clip in found)


def test_rows_are_read_once_for_many_clips(tmp_path, monkeypatch):
  clips = clips_of(tmp_path, [(f'{i}.mp4', 0.0, 2.0) for i in range(30)])
  monkeypatch.setattr(report_input, '_ROWS_PER_READ', 20)
  read, read_file = [], manifest.Manifest._read_file
  monkeypatch.setattr(manifest.Manifest, '_read_file', lambda *args: read.append(args) or read_file(*args))
  for clip in range(30):
    assert f'/{clip}.mp4' in clips.media(clip).note
  assert len(read) == 2


def test_the_curves_end_with_the_training_on_longer_clips(tmp_path):
  folders = {'iteration-00/train/video': 3.0, 'iteration-01/train/video': 2.0, 'retrained/video': 1.0}
  for folder, loss in folders.items():
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / 'metrics.csv').write_text(f'epoch,train_loss\n0,{loss}\n')
  config = types.SimpleNamespace(num_iterations=2, retrained_encoders=['video'])
  run = run_info.FinishedRun(str(tmp_path), config, None)
  assert [[row['train_loss'] for row in epochs] for epochs in report_input._training(run, 'video')] == [
    [3.0],
    [2.0],
    [1.0],
  ]
  config.retrained_encoders = []
  assert len(report_input._training(run, 'video')) == 2


def test_no_clips_at_all_are_refused():
  arguments = argparse.Namespace(run_dir='somewhere', output=None, credit='', clips_per_cluster=0)
  with pytest.raises(ValueError, match='clips_per_cluster must be at least 1'):
    report.run(arguments)
