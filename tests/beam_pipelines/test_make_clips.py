"""The Beam job on small real videos: the same bytes on every runner, after a kill and after a repair."""

import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess

import apache_beam as beam
import media_factory
import numpy as np
import pytest
import tensorflow as tf
from clip_job_cases import PRESENT, TRAIN, arguments, assert_same
from portable_service import finish, portable_service, start, wait_until

from beam_pipelines import extract_features, job_options, killed_workers, make_clips
from xdc_tf.manifest import manifest
from xdc_tf.media import media
from xdc_tf.records import audio_ops, human_labels, schema


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
  (killed / f'many-train.tfrecord-00029-of-00030.tmp.{"0a" * 16}').write_bytes(b'half')
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
  with pytest.raises(make_clips.ClipJobError, match='is not empty and has no settings.json; it holds '):
    make_clips.run(arguments(clip_manifest, copy))
  with pytest.raises(make_clips.ClipJobError, match='is not empty and .*; it holds manifest.json, tiny-'):
    make_clips.run(arguments(clip_manifest, clip_manifest.directory))


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


@pytest.mark.slow
def test_runs_know_records_that_were_repaired_after_a_move(clip_manifest, copy, tmp_path):
  moved = manifest.read_manifest(shutil.copytree(clip_manifest.directory, tmp_path / 'elsewhere'))
  before = schema.open_records(copy).fingerprint()
  next(copy.glob('*train.tfrecord-00001*')).unlink()
  make_clips.run(arguments(moved, copy, '--repair'))
  assert schema.open_records(copy).fingerprint() == before


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


def test_options_that_make_no_sense_are_refused(clip_manifest, tmp_path):
  for more, message in [
    (['--clip_per_shard', '5'], r'Unknown options: --clip_per_shard \(did you mean --clips_per_shard\?\)'),
    (['--direct_num_worker=2'], r'did you mean --direct_num_workers\?'),
    (['--direct_num_workers', '2', 'short_side=32'], "'short_side=32' belongs to no option"),
    (['--clips_per_shard', '8', '64'], "'64' belongs to no option"),
    (['--modalities', 'sound'], '--modalities=sound: expected'),
    (['--short_side', '0'], '--short_side=0: expected more than 0'),
    (['--max_failed_share', '2'], 'expected 0 to 1'),
    (['--log_mel', '{"hop": 1}'], '--log_mel=.*hop_length'),
    (['--log_mel', '{"num_filters": 64}'], 'asks for 64 filters; records hold 40'),
    (['--log_mel', '{"sample_rate": 16000.0}'], 'sample_rate is 16000.0; expected a whole number of at least 1'),
    (['--log_mel', '{"log_offset": 0}'], 'log_offset is 0; expected more than 0'),
    (['--max_span_seconds', '-1'], '--max_span_seconds=-1.0: expected more than 0'),
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


@pytest.mark.parametrize('job', [make_clips, extract_features])
@pytest.mark.parametrize('wrapped', [False, True])
def test_an_interruption_is_one_sentence(monkeypatch, job, wrapped):
  """As the runner in one process gives it: wrapped, with the name of the step."""

  def interrupted(_):
    with killed_workers.explained():
      raise RuntimeError('KeyboardInterrupt [while running MakeShards]') if wrapped else KeyboardInterrupt

  monkeypatch.setattr(job, 'run', interrupted)
  name = job.__name__.rpartition('.')[2]
  with pytest.raises(SystemExit, match=f'^{name}: interrupted. The same command goes on from here.$'):
    job.main([])
