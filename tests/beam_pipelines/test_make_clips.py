"""The Beam job on small real videos: the same bytes on every runner and after a kill, and bad videos set aside."""

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import apache_beam as beam
import media_factory
import numpy as np
import pytest
import tensorflow as tf
from portable_service import finish, portable_service, start, wait_until

from beam_pipelines import clip_shard, job_options, make_clips
from xdc_tf.manifest import manifest
from xdc_tf.media import media
from xdc_tf.records import audio_ops, human_labels, schema

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETTINGS = ['--clips_per_shard', '3', '--short_side', '48', '--max_failed_share', '0.6']
# Rows of split train, three to a shard, and what becomes of each. The last shard has no clip at all.
TRAIN = [
  ('good.mp4', 0.0, 1.0, None),
  ('good.mp4', 1.0, 2.0, None),
  ('nowhere.mp4', 0.0, 1.0, 'missing_file'),
  ('odd.mp4', 0.5, 1.5, None),
  ('mute.mp4', 0.0, 1.0, 'no_audio_track'),
  ('good.mp4', 2.0, 3.0, None),
  ('good.mp4', 0.0, None, None),
  ('empty.mp4', 0.0, 1.0, 'unreadable'),
  ('odd.mp4', 0.0, 1.0, None),
  ('blind.mp4', 0.0, 1.0, 'no_video_track'),
  ('good.mp4', 60.0, 61.0, 'empty_span'),
  ('noise.mp4', 0.0, 1.0, 'unreadable'),
]
FAILED = [(number, reason) for number, (_, _, _, reason) in enumerate(TRAIN) if reason]
PRESENT = [number for number, (_, _, _, reason) in enumerate(TRAIN) if not reason]


@pytest.fixture(scope='module')
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


def arguments(clip_manifest, output_dir, *more):
  return ['--manifest', clip_manifest.directory, '--output_dir', str(output_dir), *SETTINGS, *more]


@pytest.fixture(scope='module')
def reference(clip_manifest, tmp_path_factory):
  """The undisturbed run with one worker in this process."""
  folder = tmp_path_factory.mktemp('reference') / 'clips'
  assert make_clips.run(arguments(clip_manifest, folder)) == (
    f'{folder}: 8 clips in 5 shards. 6 rows failed (empty_span 1, missing_file 1, no_audio_track 1, no_video_track 1, '
    'unreadable 2), see failed_videos.jsonl.'
  )
  return folder


def contents(folder):
  return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob('*')) if path.is_file()}


def assert_same(folder, reference):
  found, expected = contents(pathlib.Path(folder)), contents(reference)
  assert sorted(found) == sorted(expected)
  assert [name for name in expected if found[name] != expected[name]] == []


def test_records_hold_what_the_manifest_asks_for(clip_manifest, reference):
  records = schema.open_records(reference)
  assert records.shard_lengths == {'train': (2, 2, 2, 0), 'validation': (2,)}
  assert (records.num_rows('train'), records.num_clips('train'), records.frame_rate, records.short_side) == (
    12,
    6,
    30.0,
    48,
  )
  assert records.manifest_directory == str(reference / 'manifest')
  assert (
    records.label_names == clip_manifest.label_names == ('blind', 'empty', 'good', 'mute', 'noise', 'nowhere', 'odd')
  )
  examples = [schema.parse(serialized) for serialized in tf.data.TFRecordDataset(records.shard_paths('train'))]
  assert [int(example['index']) for example in examples] == PRESENT
  assert [len(example['frames']) for example in examples] == [30, 30, 30, 30, 90, 30]
  assert [example['log_mel'].shape[0] for example in examples] == [50, 50, 50, 50, 150, 50]
  assert [records.label_names[int(example['labels'][0])] for example in examples] == [TRAIN[i][0][:-4] for i in PRESENT]
  assert examples[1]['official_split'].numpy().tolist() == [1]
  images = [tf.io.decode_jpeg(example['frames'][0]).numpy() for example in examples]
  assert [image.shape for image in images] == [(48, 72, 3)] * 2 + [(72, 48, 3), (48, 72, 3), (48, 72, 3), (72, 48, 3)]
  # Each frame carries its number: the spans start at 0, 1, 2 s of 30 frames a second, the odd video has 25.
  assert [media_factory.frame_number(image) for image in images] == [0, 30, 12, 60, 0, 0]
  expected = media.read_span(clip_manifest.row('train', 5).path, 2.0, 3.0, media.ReadOptions(short_side=48))
  assert examples[3]['frames'].numpy().tolist() == expected.frames
  np.testing.assert_allclose(examples[3]['log_mel'], audio_ops.log_mel(expected.waveform), rtol=1e-5, atol=1e-5)


def test_records_stand_alone(clip_manifest, copy, tmp_path, monkeypatch):
  """Moved to another machine, where the manifest is not: labels and official splits come with them."""
  moved = copy.rename(tmp_path / 'moved')
  monkeypatch.setattr(manifest, 'read_manifest', _only_below(tmp_path, manifest.read_manifest))
  records = schema.open_records(str(moved))
  labels = human_labels.first_labels(records, 'train')
  expected = [records.label_names.index(name.split('.')[0]) for name, *_ in TRAIN]
  assert labels.tolist() == expected
  assert manifest.read_manifest(records.manifest_directory).row('train', 0).official_split == (1,)


def _only_below(folder, read):
  def read_manifest(directory):
    assert directory.startswith(str(folder)), f'{directory} is read'
    return read(directory)

  return read_manifest


def test_decoder_threads_change_no_byte(clip_manifest, reference, tmp_path):
  make_clips.run(arguments(clip_manifest, tmp_path / 'clips', '--decoder_threads', '2'))
  assert_same(tmp_path / 'clips', reference)


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


def test_tfds_reads_them(reference):
  """Here beside the package; tests/records/test_schema.py shows that TFDS does not need it."""
  import tensorflow_datasets as tfds

  examples = list(tfds.builder_from_directory(str(reference)).as_dataset(split='train'))
  assert [int(example['index']) for example in examples] == PRESENT
  assert (examples[0]['frames'].shape, examples[0]['log_mel'].shape) == ((30, 48, 72, 3), (50, 40))


@pytest.mark.slow
def test_two_processes_give_the_same_bytes(clip_manifest, reference, tmp_path):
  workers = ['--direct_running_mode=multi_processing', '--direct_num_workers=2']
  command = ['beam_pipelines.make_clips', *arguments(clip_manifest, tmp_path / 'clips', *workers)]
  process = start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
  output = finish(process)
  assert process.returncode == 0
  assert '8 clips in 5 shards.' in output
  assert_same(tmp_path / 'clips', reference)


@pytest.mark.slow
def test_the_portable_job_service_gives_the_same_bytes(clip_manifest, reference, tmp_path):
  with portable_service(tmp_path) as options:
    command = ['beam_pipelines.make_clips', *arguments(clip_manifest, tmp_path / 'clips', *options)]
    output = finish(start(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
  assert '8 clips in 5 shards.' in output, output
  assert_same(tmp_path / 'clips', reference)


@pytest.mark.slow
def test_a_killed_job_run_again_makes_only_what_is_missing(clip_manifest, tmp_path):
  rows = (
    ('train', manifest.Row(0, 'good.mp4', clip_manifest.row('train', 0).path, number / 30, number / 30 + 2))
    for number in range(30)
  )
  many = manifest.write_manifest(tmp_path / 'manifest', 'many', rows)
  settings = ['--manifest', many.directory, '--clips_per_shard', '1', '--output_dir']
  make_clips.run([*settings, str(tmp_path / 'undisturbed')])
  killed = tmp_path / 'killed'
  process = start(
    'beam_pipelines.make_clips', *settings, str(killed), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
  )

  def shards():
    return sorted(killed.glob('many-train.tfrecord-?????-of-00030'))

  wait_until(lambda: len(shards()) >= 3)
  process.send_signal(signal.SIGKILL)
  process.wait()
  finished = {path: path.stat().st_mtime_ns for path in shards()}
  assert 3 <= len(finished) < 30
  with pytest.raises(FileNotFoundError, match='is not finished'):
    schema.open_records(killed)
  # What a kill may leave at the worst: half a file, and a shard without its summary.
  (killed / 'many-train.tfrecord-00029-of-00030.tmp.1').write_bytes(b'half')
  newest = max(finished, key=finished.get)
  (killed / 'shard_summaries' / f'{newest.name}.json').unlink()
  message = make_clips.run([*settings, str(killed)])
  assert message.endswith(f'30 clips in 30 shards. {len(finished)} shards were there already.')
  assert [path for path, made in finished.items() if path.stat().st_mtime_ns != made] == [newest]
  assert_same(killed, tmp_path / 'undisturbed')


def run_and_count(clip_manifest, folder, *more):
  options, _ = make_clips.parser().parse_known_args(arguments(clip_manifest, folder, *more))
  pipeline = beam.Pipeline(options=job_options.beam_options([]))
  make_clips.build(pipeline, make_clips.make_job(options))
  result = pipeline.run()
  result.wait_until_finish()
  return {counter.key.metric.name: counter.committed for counter in result.metrics().query()['counters']}


@pytest.fixture
def copy(reference, tmp_path):
  return pathlib.Path(shutil.copytree(reference, tmp_path / 'copy'))


def test_counters_tell_what_was_made_and_what_was_not(clip_manifest, copy, reference):
  assert run_and_count(clip_manifest, copy) == {'shards_skipped': 5}
  (copy / 'tiny-train.tfrecord-00001-of-00004').unlink()
  assert run_and_count(clip_manifest, copy) == {
    'shards_skipped': 4,
    'shards_written': 1,
    'clips_written': 2,
    'clips_failed_no_audio_track': 1,
  }
  assert_same(copy, reference)


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


def test_a_finished_folder_is_left_alone(clip_manifest, reference):
  before = {path: path.stat().st_mtime_ns for path in reference.rglob('*')}
  message = make_clips.run(arguments(clip_manifest, reference))
  assert message.startswith(f'{reference} is finished already, nothing to do: 8 clips in 5 shards.')
  assert {path: path.stat().st_mtime_ns for path in reference.rglob('*')} == before


def test_changed_settings_are_refused_with_a_diff(clip_manifest, copy, tmp_path):
  for more, line in [
    (['--short_side', '64'], '-    "short_side": 48,\n+    "short_side": 64,'),
    (['--clips_per_shard', '4'], '-  "clips_per_shard": 3,\n+  "clips_per_shard": 4,'),
    (['--frame_rate', '25'], '+    "frame_rate": 25.0,'),
    (['--log_mel', '{"window_length": 512}'], '+    "window_length": 512'),
    (['--modalities', 'audio'], '-    "want_video": true\n+    "want_video": false'),
  ]:
    with pytest.raises(make_clips.ClipJobError) as error:
      make_clips.run(arguments(clip_manifest, copy, *more))
    assert 'was made with other settings' in str(error.value) and line in str(error.value)
  edited = pathlib.Path(shutil.copytree(clip_manifest.directory, tmp_path / 'edited'))
  path = edited / 'tiny-validation.csv-00000-of-00001'
  path.write_text(path.read_text().replace('2.5,3.0', '2.4,2.9'))
  with pytest.raises(make_clips.ClipJobError, match='manifest_sha256'):
    make_clips.run(arguments(manifest.read_manifest(edited), copy))
  (copy / 'settings.json').unlink()
  with pytest.raises(make_clips.ClipJobError, match='holds clips but no settings.json'):
    make_clips.run(arguments(clip_manifest, copy))


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
@pytest.mark.parametrize('damage', ['flipped bit', 'missing', 'checksum'])
def test_damaged_shards_are_made_again_byte_for_byte(clip_manifest, copy, reference, damage):
  shard = next(copy.glob('*train.tfrecord-00001*'))
  others = {path: path.stat().st_mtime_ns for path in copy.glob('*.tfrecord-*') if path != shard}
  data = bytearray(shard.read_bytes())
  if damage == 'missing':
    shard.unlink()
  else:
    data[len(data) // 2 if damage == 'flipped bit' else -1] ^= 1
    shard.write_bytes(data)
  make_clips.run(arguments(clip_manifest, copy, '--repair'))
  assert {path: path.stat().st_mtime_ns for path in others} == others
  assert_same(copy, reference)


@pytest.mark.parametrize(
  ('modality', 'name', 'frames', 'audio_frames'), [('audio', 'blind.mp4', 0, 25), ('video', 'mute.mp4', 15, 0)]
)
def test_one_modality_asks_for_one_track_only(clip_manifest, tmp_path, modality, name, frames, audio_frames):
  path = os.path.join(os.path.dirname(clip_manifest.row('train', 0).path), name)
  one = manifest.write_manifest(tmp_path / 'manifest', 'one', [('test', manifest.Row(0, name, path, 0.25, 0.75))])
  make_clips.run(arguments(one, tmp_path / 'clips', '--modalities', modality))
  (serialized,) = tf.data.TFRecordDataset(schema.open_records(tmp_path / 'clips').shard_paths('test'))
  example = schema.parse(serialized)
  assert (len(example['frames']), example['log_mel'].shape[0]) == (frames, audio_frames)


@contextlib.contextmanager
def shard_maker(clip_manifest, folder, *more):
  options, _ = make_clips.parser().parse_known_args(arguments(clip_manifest, folder, *more))
  maker = clip_shard.MakeShard(make_clips.make_job(options))
  maker.setup()
  try:
    yield maker
  finally:
    maker.teardown()


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


def test_options_that_make_no_sense_are_refused(clip_manifest, tmp_path):
  for more, message in [
    (['--clip_per_shard', '5'], r'Unknown options: --clip_per_shard \(did you mean --clips_per_shard\?\)'),
    (['--direct_num_worker=2'], r'did you mean --direct_num_workers\?'),
    (['--modalities', 'sound'], '--modalities=sound: expected'),
    (['--short_side', '0'], '--short_side=0: expected more than 0'),
    (['--max_failed_share', '2'], 'expected 0 to 1'),
    (['--log_mel', '{"hop": 1}'], '--log_mel=.*hop_length'),
    (['--log_mel', '{"num_filters": 64}'], 'asks for 64 filters; records hold 40'),
    (['--jpeg_quality', '95'], 'jpeg_quality in 2..31'),
    (['--manifest', str(tmp_path)], 'manifest.json does not exist'),
  ]:
    with pytest.raises(make_clips.ClipJobError, match=message):
      make_clips.run(arguments(clip_manifest, tmp_path / 'clips', *more))
  assert not (tmp_path / 'clips').exists()


def test_no_runner_means_the_one_that_never_downloads():
  for argv in ([], ['--runner=DirectRunner'], ['--direct_running_mode=multi_processing']):
    assert job_options.beam_options(argv).get_all_options()['runner'] == 'FnApiRunner'
  assert job_options.beam_options(['--runner=PortableRunner']).get_all_options()['runner'] == 'PortableRunner'


def test_only_shard_numbers_are_spread_over_the_workers(clip_manifest, tmp_path):
  """The description of a job does not grow with its data: Dataflow refuses large ones."""
  options, _ = make_clips.parser().parse_known_args(arguments(clip_manifest, tmp_path))
  job = make_clips.make_job(options)
  sizes = []
  for rows in (10, 65_000_000):
    pipeline = beam.Pipeline(options=job_options.beam_options([]))
    make_clips.build(pipeline, dataclasses.replace(job, num_rows={'train': rows}))
    sizes.append(pipeline.to_runner_api().ByteSize())
  assert abs(sizes[1] - sizes[0]) < 500


# Data sets of which a part has no clip.


def tiny_manifest(root, splits):
  """Writes a manifest of {split: names of files below root}, one row of a second each."""
  rows = [
    (split, manifest.Row(0, name, str(root / name), 0.0, 1.0)) for split, names in splits.items() for name in names
  ]
  return manifest.write_manifest(root / 'manifest', 'tiny', rows)


@pytest.mark.slow
def test_a_split_without_a_clip_is_not_done(tmp_path):
  """Hidden files of a Mac had become the whole validation split; the job wrote DONE and pretraining could not start."""
  media_factory.write_video(tmp_path / 'good.mp4', seconds=1.0)
  listed = tiny_manifest(tmp_path, {'train': ['good.mp4'] * 9, 'validation': ['gone.mp4']})
  with pytest.raises(make_clips.ClipJobError, match=r'All 1 rows of the split validation failed \(missing_file 1\)'):
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
  assert '2 clips in 1 shards. 4 rows failed (silent 4)' in said and 'A quarter or more of the sound of 1 clips' in said
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


def test_films_with_several_sound_tracks_are_counted(tmp_path):
  tone = media_factory.write_video(tmp_path / 'tone.mkv', 2)
  two = media_factory.remux([('video', tone), ('audio', tone), ('audio', tone)], tmp_path / 'two.mkv')
  rows = [
    ('train', manifest.Row(0, 'a', path, start, start + 0.5)) for path in (tone, two) for start in (0.0, 0.5, 1.0)
  ]
  listed = manifest.write_manifest(tmp_path / 'manifest', 'tiny', rows)
  command = ['--manifest', listed.directory, '--output_dir', str(tmp_path / 'clips'), '--short_side', '32']
  assert '1 films have several sound tracks; see --audio_track.' in make_clips.run([*command, '--clips_per_shard', '2'])


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
