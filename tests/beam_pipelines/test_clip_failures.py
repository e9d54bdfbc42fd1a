"""Videos that cannot be used are set aside and counted, and too many of them fail the job."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import media_factory
import numpy as np
import pytest
import tensorflow as tf
from clip_job_cases import FAILED, arguments, assert_same, tiny_manifest

from beam_pipelines import clip_shard, make_clips
from xdc_tf.manifest import manifest
from xdc_tf.media import media
from xdc_tf.records import audio_ops, schema

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_failed_videos_are_listed_with_their_reasons(clip_manifest, reference):
  failures = [json.loads(line) for line in (reference / 'failed_videos.jsonl').read_text().splitlines()]
  assert [(failure['index'], failure['reason']) for failure in failures] == FAILED
  assert failures[0] == {
    'split': 'train',
    'index': 2,
    'video_id': 'nowhere.mp4',
    'path': clip_manifest.row('train', 2).path,
    'start_seconds': 0.0,
    'end_seconds': 1.0,
    'reason': 'missing_file',
    'detail': failures[0]['detail'],
  }
  assert 'nowhere.mp4' in failures[0]['detail']
  assert schema.open_records(reference).failed['train']['unreadable'] == 2


def test_too_many_failures_fail_the_job_after_all_was_tried(clip_manifest, copy, reference):
  (copy / 'tiny-train.tfrecord-00002-of-00004').rename(copy / 'away')
  with pytest.raises(make_clips.ClipJobError, match='lacks 1 of its shards.*--repair'):
    make_clips.run(arguments(clip_manifest, copy))
  (copy / 'away').rename(copy / 'tiny-train.tfrecord-00002-of-00004')
  for name in ('DONE', 'clips.json', 'dataset_info.json', 'failed_videos.jsonl', 'tiny-train.tfrecord-00000-of-00004'):
    (copy / name).unlink()
  with pytest.raises(make_clips.ClipJobError) as error:
    make_clips.run(arguments(clip_manifest, copy, '--max_failed_share', '0.4'))
  assert str(error.value).startswith(
    '6 of 14 rows failed (empty_span 1, missing_file 1, no_audio_track 1, no_video_track 1, unreadable 2); at most 0.4 of them '
    f'may (--max_failed_share). {copy}/failed_videos.jsonl names each'
  )
  assert not (copy / 'DONE').exists() and not (copy / 'dataset_info.json').exists()
  assert (copy / 'failed_videos.jsonl').read_bytes() == (reference / 'failed_videos.jsonl').read_bytes()
  assert '5 shards were there already' in make_clips.run(arguments(clip_manifest, copy))
  assert_same(copy, reference)


@pytest.mark.slow
def test_one_long_film_fails_no_job_of_many_films(tmp_path):
  """A wrong header gives one film most of the spans, and all but its first fail; so does one long film without sound."""
  media_factory.write_video(tmp_path / 'good.mp4', seconds=1.0)
  media_factory.write_video(tmp_path / 'mute.mp4', seconds=2.0, audio_rate=None)
  files = [f'{number}.mp4' for number in range(7)]
  for name in files:
    (tmp_path / name).symlink_to(tmp_path / 'good.mp4')
  spans = (
    [(name, 0.0) for name in files] + [('good.mp4', 1.0 * second) for second in range(10)] + [('mute.mp4', 0.0)] * 10
  )
  rows = [('train', manifest.Row(0, name, str(tmp_path / name), start, start + 1.0)) for name, start in spans]
  made = manifest.write_manifest(tmp_path / 'manifest', 'uneven', rows)

  def run(share):
    words = ['--manifest', made.directory, '--output_dir', str(tmp_path / 'clips'), '--short_side', '48']
    return make_clips.run([*words, '--max_failed_share', str(share)])

  # Of 9 films, one failed and one by nine tenths: .211.
  with pytest.raises(
    make_clips.ClipJobError, match=r'19 of 27 rows failed \(empty_span 9, no_audio_track 10\); at most 0.21'
  ):
    run(0.21)
  assert '8 clips in 1 shards. 19 rows failed' in run(0.212)


def test_a_span_that_no_record_can_hold_is_set_aside(clip_manifest, tmp_path, monkeypatch):
  """A protocol buffer holds 2 GB: behind that it was an internal error, after all of the decoding and serialising."""
  path = clip_manifest.row('train', 0).path
  spans = [manifest.Row(0, 'good.mp4', path, 0.0, end) for end in (0.5, 3.0)]
  made = manifest.write_manifest(tmp_path / 'manifest', 'long', [('train', row) for row in spans])
  monkeypatch.setattr(clip_shard, '_MOST_BYTES', 20_000)
  assert '1 clips in 1 shards. 1 rows failed (too_large 1)' in make_clips.run(
    arguments(made, tmp_path / 'clips', '--max_failed_share', '0.5')
  )
  (failure,) = (json.loads(line) for line in (tmp_path / 'clips' / 'failed_videos.jsonl').read_text().splitlines())
  assert failure['index'] == 1 and 'shorter spans or a smaller --short_side' in failure['detail']


@pytest.mark.slow
def test_repaired_videos_are_tried_again_on_request(clip_manifest, tmp_path):
  good = clip_manifest.row('train', 0).path
  rows = [('train', manifest.Row(0, name, str(tmp_path / name), 0.0, 0.5)) for name in ('a.mp4', 'b.mp4')]
  shutil.copy(good, tmp_path / 'a.mp4')
  small = manifest.write_manifest(tmp_path / 'manifest', 'small', rows)

  def run(folder, *more):
    return make_clips.run(arguments(small, tmp_path / folder, *more, '--clips_per_shard', '1'))

  assert '1 rows failed (missing_file 1)' in run('clips')
  shutil.copy(good, tmp_path / 'b.mp4')
  assert 'nothing to do' in run('clips')
  assert ': 2 clips in 2 shards.' in run('clips', '--retry_failed')
  assert 'nothing to do' in run('clips', '--retry_failed')
  run('fresh')
  assert_same(tmp_path / 'clips', tmp_path / 'fresh')


@pytest.mark.slow
def test_clips_whose_videos_are_gone_stay_when_their_shard_is_made_again(clip_manifest, tmp_path):
  good = clip_manifest.row('train', 0).path
  rows = [('train', manifest.Row(n, f'{n}.mp4', str(tmp_path / f'{n}.mp4'), 0.0, 0.5)) for n in range(4)]
  for name in ('0.mp4', '1.mp4', '2.mp4'):
    shutil.copy(good, tmp_path / name)
  small = manifest.write_manifest(tmp_path / 'manifest', 'small', rows)

  def run(*more):
    return make_clips.run(
      arguments(small, tmp_path / 'clips', *more, '--clips_per_shard', '4', '--max_failed_share', '0.5')
    )

  def records():
    (path,) = (tmp_path / 'clips').glob('*.tfrecord-*')
    return path, list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())

  assert '3 clips in 1 shards. 1 rows failed (missing_file 1)' in run()
  path, before = records()
  (tmp_path / '0.mp4').unlink()
  (tmp_path / '2.mp4').unlink()
  shutil.copy(good, tmp_path / '3.mp4')
  assert ': 4 clips in 1 shards.' in run('--retry_failed')
  assert records()[1][:3] == before
  data = bytearray(path.read_bytes())
  data[len(before[0]) + 16 + len(before[1]) // 2] ^= 1  # In the second record, whose video is there.
  path.write_bytes(data)
  assert ': 4 clips in 1 shards.' in run('--repair')
  assert records()[1][:3] == before
  data[100] ^= 1  # In the first one, whose video is not.
  path.write_bytes(data)
  assert '3 clips in 1 shards. 1 rows failed (missing_file 1)' in run('--repair')
  assert records()[1][:2] == before[1:]


@contextlib.contextmanager
def shard_maker(clip_manifest, folder, *more):
  options, _ = make_clips.parser().parse_known_args(arguments(clip_manifest, folder, *more))
  maker = clip_shard.MakeShard(make_clips.make_job(options))
  maker.setup()
  try:
    yield maker
  finally:
    maker.teardown()


@pytest.mark.slow
def test_a_decoder_that_hangs_costs_one_row(clip_manifest, tmp_path):
  os.mkfifo(tmp_path / 'hangs.mp4')
  good = clip_manifest.row('train', 0).path
  paths = [good, str(tmp_path / 'hangs.mp4'), good]
  rows = [('train', manifest.Row(0, f'v{number}', path, 0.0, 0.5)) for number, path in enumerate(paths)]
  odd = manifest.write_manifest(tmp_path / 'manifest', 'odd', rows)
  with shard_maker(odd, tmp_path / 'clips', '--decoder_timeout_seconds', '4') as maker:
    (result,) = maker.process(('train', 0))
  assert (result.length, result.failed) == (2, {'decoder_timeout': 1})


def test_an_error_that_nobody_foresaw_costs_one_row_and_shows(clip_manifest, tmp_path, monkeypatch):
  true_log_mel = audio_ops.log_mel

  def fails_for_the_second_row(waveform, spec):
    calls.append(1)
    return true_log_mel(waveform, spec) * (np.nan if len(calls) == 2 else 1.0)

  calls = []
  monkeypatch.setattr(audio_ops, 'log_mel', fails_for_the_second_row)
  with shard_maker(clip_manifest, tmp_path / 'clips') as maker:
    (result,) = maker.process(('train', 0))
  assert (result.length, result.failed) == (1, {'internal_error': 1, 'missing_file': 1})
  summary = json.loads(next((tmp_path / 'clips' / 'shard_summaries').iterdir()).read_text())
  assert summary['failures'][0]['index'] == 1
  assert 'not finite' in summary['failures'][0]['detail']


@pytest.mark.slow
def test_a_split_without_a_clip_is_not_done(tmp_path):
  """Hidden files of a Mac had become the whole validation split; the job wrote DONE and pretraining could not start."""
  media_factory.write_video(tmp_path / 'good.mp4', seconds=1.0)
  listed = tiny_manifest(tmp_path, {'train': ['good.mp4'] * 9, 'validation': ['gone.mp4']})
  with pytest.raises(
    make_clips.ClipJobError, match=r'None of the 1 rows of the split validation became a clip \(missing_file 1\)'
  ):
    make_clips.run(['--manifest', listed.directory, '--output_dir', str(tmp_path / 'clips'), '--short_side', '32'])
  assert not (tmp_path / 'clips/DONE').exists() and (tmp_path / 'clips/failed_videos.jsonl').exists()
  media_factory.write_video(tmp_path / 'gone.mp4', seconds=1.0)
  again = [
    '--manifest',
    listed.directory,
    '--output_dir',
    str(tmp_path / 'clips'),
    '--short_side',
    '32',
    '--retry_failed',
  ]
  assert make_clips.run(again).startswith(f'{tmp_path}/clips: 10 clips')


@pytest.mark.slow
@pytest.mark.parametrize('mute_films, others, shards_made', [(600, 0, 4), (300, 300, 8), (2, 130, None)])
def test_a_data_set_without_sound_is_noticed_early_and_one_long_film_is_none(
  tmp_path, monkeypatch, mute_films, others, shards_made
):
  """UCF101 and HMDB51 have no sound in half of their classes: the job decoded all of it and then failed."""
  picture = tf.io.encode_jpeg(np.zeros((16, 16, 3), np.uint8)).numpy()

  def read_span(self, path, start, end, options, independent):
    if 'mute' in path:
      raise media.MediaError('no_audio_track', f'{path} has no sound.')
    return media.MediaSpan([picture], np.sin(np.arange(16_000, dtype=np.float32)), start, end)

  monkeypatch.setattr(clip_shard.DecoderProcess, 'read_span', read_span)
  films = [f'mute-{number % mute_films}.mp4' for number in range(max(300, mute_films))]
  films += [f'{number}.mp4' for number in range(others)]
  if shards_made == 8:  # Half and half, in turns: the job stops when more have failed than may in all.
    films = [film for pair in zip(films[:300], films[300:], strict=True) for film in pair]
  listed = tiny_manifest(tmp_path, {'train': films})
  command = ['--manifest', listed.directory, '--output_dir', str(tmp_path / 'clips'), '--clips_per_shard', '32']
  if shards_made:
    with pytest.raises(make_clips.ClipJobError, match=r'\d+ of the first \d+ videos .* --modalities video') as error:
      make_clips.run([*command, '--max_failed_share', '0.2'])
    assert len(list((tmp_path / 'clips').glob('*.tfrecord-*'))) == shards_made
    assert str(error.value).startswith('128 of the first 128' if shards_made == 4 else '128 of the first 256')
    again = [*command, '--max_failed_share', '0.2', '--audio_track', 'deu']
    again[3] = str(tmp_path / 'other')
    with pytest.raises(
      make_clips.ClipJobError, match="have no sound track 'deu'. Name one that they have with --audio_track"
    ):
      make_clips.run(again)
  else:
    assert '130 clips in' in make_clips.run([*command, '--max_failed_share', '0.5'])


@pytest.mark.slow
def test_spans_with_nothing_to_hear_or_see_are_set_aside(tmp_path):
  """A sound track that ends after 1 s of 6, one of digital silence, a hum of -80 dB; a picture that does not move."""
  black = [np.zeros((64, 96, 3), np.uint8)] * 60
  media_factory.write_video(tmp_path / 'ends.mp4', seconds=6.0, audio_seconds=1.0)
  media_factory.write_video(tmp_path / 'zero.mkv', seconds=2.0, sound=np.zeros_like, audio_codec='pcm_s16le')
  hum = lambda t: 1e-4 * np.sin(2 * np.pi * 440 * t)  # noqa: E731
  media_factory.write_video(tmp_path / 'hum.mkv', seconds=2.0, sound=hum, audio_codec='pcm_f32le')
  media_factory.write_video(tmp_path / 'black.mp4', seconds=2.0, images=black)
  films = [
    ('ends.mp4', 0.0),
    ('ends.mp4', 2.0),
    ('ends.mp4', 4.0),
    ('zero.mkv', 0.0),
    ('hum.mkv', 0.0),
    ('black.mp4', 0.0),
  ]
  rows = [('train', manifest.Row(0, name, str(tmp_path / name), start, start + 2.0)) for name, start in films]
  made = manifest.write_manifest(tmp_path / 'manifest', 'quiet', rows)

  def run(name, *more):
    words = ['--manifest', made.directory, '--output_dir', str(tmp_path / name), '--short_side', '48', *more]
    said = make_clips.run(words)
    return said, json.loads((tmp_path / name / 'clips.json').read_text())['failed']['train']

  said, failed = run('clips', '--max_failed_share', '0')
  assert failed == {'silent': 4}
  assert (
    '2 clips in 1 shards. 4 rows were set aside (silent 4), see failed_videos.jsonl.' in said
    and 'A quarter or more of the sound of 1 clips' in said
  )
  reasons = [json.loads(line)['detail'] for line in (tmp_path / 'clips/failed_videos.jsonl').read_text().splitlines()]
  assert 'ends.mp4 from 2 to 4 s has no sound above -70 dB.' in reasons[0]
  assert run('loud', '--silence_db', '-90')[1] == {'silent': 3}
  assert run('all', '--keep_silent')[1] == {}
  assert run('moving', '--keep_silent', '--set_aside_still', '--max_failed_share', '0')[1] == {'still_picture': 1}
  with pytest.raises(make_clips.ClipJobError, match='made with other settings'):
    run('all')
  # Folders from before there was a choice go on, as what they are.
  settings = json.loads((tmp_path / 'all/settings.json').read_text())
  del settings['set_aside']
  (tmp_path / 'all/settings.json').write_text(json.dumps(settings))
  assert run('all', '--keep_silent', '--repair')[1] == {}
  with pytest.raises(make_clips.ClipJobError, match='made with other settings'):
    run('all')
  with pytest.raises(make_clips.ClipJobError, match='--silence_db=3.0: expected less than 0'):
    run('never', '--silence_db', '3')
  # '0 of 6 rows failed', and to retry them was the advice.
  rows = [('train', manifest.Row(0, name, str(tmp_path / name), start, start + 2.0)) for name, start in films[1:5]]
  made = manifest.write_manifest(tmp_path / 'all_silent', 'quiet', rows)
  with pytest.raises(
    make_clips.ClipJobError, match=r'None of the 4 rows .*silent, .*\(silent 4\).* --keep_silent makes clips'
  ):
    run('none')


def test_clips_of_films_with_several_sound_tracks_are_counted(tmp_path):
  tone = media_factory.write_video(tmp_path / 'tone.mkv', 2)
  two = media_factory.remux([('video', tone), ('audio', tone), ('audio', tone)], tmp_path / 'two.mkv')
  rows = [
    (split, manifest.Row(0, 'a', path, start, start + 0.5))
    for path in (tone, two)
    for split, start in (('train', 0.0), ('train', 0.5), ('validation', 1.0))
  ]
  listed = manifest.write_manifest(tmp_path / 'manifest', 'tiny', rows)
  command = ['--manifest', listed.directory, '--output_dir', str(tmp_path / 'clips'), '--short_side', '32']
  assert ' 3 clips are of films with several sound tracks; see --audio_track.' in make_clips.run(
    [*command, '--clips_per_shard', '2']
  )


def descendants(pid):
  """The processes that a process has started, and those that they have."""
  threads = pathlib.Path(f'/proc/{pid}/task').glob('*/children')
  children = [int(child) for thread in threads for child in thread.read_text().split()]
  return children + [grandchild for child in children for grandchild in descendants(child)]


@pytest.mark.slow
def test_a_worker_that_the_system_ends_is_one_sentence(tmp_path):
  """Beam's own words are 'Channel closed prematurely.' behind 250 lines."""
  media_factory.write_video(tmp_path / 'good.mp4', seconds=1.0, size=(32, 32))
  listed = tiny_manifest(tmp_path, {'train': ['good.mp4'] * 200})
  command = [sys.executable, '-m', 'beam_pipelines.make_clips', '--manifest', listed.directory]
  command += ['--output_dir', str(tmp_path / 'clips'), '--clips_per_shard', '2', '--short_side', '32']
  job = subprocess.Popen(
    [*command, '--direct_running_mode=multi_processing', '--direct_num_workers=2'],
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
    cwd=ROOT,
  )
  try:
    deadline = time.monotonic() + 100
    while len(list((tmp_path / 'clips').glob('*.tfrecord-?????-of-00100'))) < 3:
      assert job.poll() is None and time.monotonic() < deadline
      time.sleep(0.02)
    workers = [
      pid for pid in descendants(job.pid) if b'sdk_worker_main' in pathlib.Path(f'/proc/{pid}/cmdline').read_bytes()
    ]
    os.kill(workers[-1], signal.SIGKILL)
    _, errors = job.communicate(timeout=100)
  finally:
    job.kill()
  assert job.returncode == 1
  assert errors.splitlines()[-1] == (
    'make_clips: A worker was ended by signal 9, most likely because memory ran out: use fewer workers (--direct_num_workers) and '
    'run the same command again; what is finished stays.'
  )
