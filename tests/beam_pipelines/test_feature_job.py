"""Features by `xdc extract-features` and by Beam, against those that a run wrote itself, and a run that takes them over."""

import functools
import os
import pathlib
import shutil
import subprocess

import numpy as np
import pytest
import records_factory
import tensorflow as tf
from portable_service import finish, portable_service, start

from beam_pipelines import extract_features, make_clips
from xdc_tf.cli import encoder_arguments, main
from xdc_tf.clustering.assignments import PseudoLabels
from xdc_tf.clustering.feature_store import FeatureStore
from xdc_tf.deep_clustering import stages
from xdc_tf.records import schema, snippets

pytestmark = pytest.mark.slow

# Two of four shards are not full, one of them is empty.
MISSING = [('train', index) for index in (2, 4, 5, 6, 7)]
SPLITS = ('train', 'validation')
MEAN = ('--num_clips', '2', '--batch_size', '5')
# Four snippets of each record, in two pieces.
SNIPPETS = ('--snippet_frames', '6', '--snippet_stride', '2', '--batch_size', '3')
PARAMETERS = {
  'num_video_clusters': 3, 'num_audio_clusters': 3, 'ResNet3D18.base_width': 4, 'ResNet3D18.blocks_per_stage': 1,
  'AudioResNet18.base_width': 4, 'AudioResNet18.blocks_per_stage': 1,
  'VideoInput.crop_size': 16, 'VideoInput.short_side': 20, 'VideoInput.num_frames': 4, 'AudioInput.num_frames': 30,
  'AudioInput.clip_length': 4, 'Schedule.epoch_size': 8, 'Schedule.batch_size': 4, 'Schedule.total_epochs': 1,
  'Schedule.warmup_epochs': 0, 'Pretraining.feature_clips': 2,
  'Pretraining.num_iterations': 0, 'TrainingOptions.precision': "'float32'",
}  # fmt: skip


def xdc(*words: str) -> None:
  parsed = main.build_parser().parse_args([*words])
  parsed.run(parsed)


def pretrain(records, run_dir):
  """Runs the outer loop without any training: features and clusters of the initial encoders."""
  words = [word for name, value in PARAMETERS.items() for word in ('--gin_param', f'{name} = {value}')]
  files = [
    word
    for name in ('methods/xdc.gin', 'models/resnet3d_18.gin', 'models/audio_resnet_18.gin')
    for word in ('--gin_file', name)
  ]
  xdc('pretrain', '--records', records.directory, '--run_dir', str(run_dir), *files, *words)


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  folder = tmp_path_factory.mktemp('records')
  return records_factory.write_records(folder, {'train': 13, 'validation': 4}, missing=MISSING, seconds=0.4)


@pytest.fixture(scope='module')
def run_dir(records, tmp_path_factory):
  """A run whose final encoders are its initial ones, and their SavedModels."""
  folder = tmp_path_factory.mktemp('run')
  pretrain(records, folder / 'run')
  xdc('export', '--run_dir', str(folder / 'run'), '--output_dir', str(folder / 'saved_models'))
  return folder / 'run'


def beam_words(records, run_dir, modality, output_dir, *more):
  saved_model = run_dir.parent / 'saved_models' / f'xdc_{modality}' / '1'
  return ['--records', records.directory, '--saved_model', str(saved_model), '--output_dir', str(output_dir), *more]


def extract(how, records, run_dir, modality, output_dir, *more):
  """Extracts by the verb or by Beam; returns the folder."""
  if how == 'beam':
    extract_features.run(beam_words(records, run_dir, modality, output_dir, *more))
  else:
    words = ['--records', records.directory, '--run_dir', str(run_dir), '--encoder', modality]
    xdc('extract-features', *words, '--output_dir', str(output_dir), *more)
  return output_dir


@pytest.fixture(scope='module')
def made(records, run_dir, tmp_path_factory):
  """Returns the folder of an extraction, each made once."""
  folder = tmp_path_factory.mktemp('made')

  @functools.cache
  def make(how, modality, options):
    return extract(how, records, run_dir, modality, folder / f'{how}-{modality}{len(options)}', *options)

  return make


def assert_same_features(folder, reference):
  for split in SPLITS:
    found, expected = FeatureStore(str(folder), split), FeatureStore(str(reference), split)
    assert found.shard_lengths == expected.shard_lengths
    for shard in range(expected.num_shards):
      (index, features), (expected_index, expected_features) = found.read_shard(shard), expected.read_shard(shard)
      np.testing.assert_array_equal(index, expected_index)
      # Two units in the last of float16's places.
      np.testing.assert_allclose(
        features.astype(np.float32), expected_features.astype(np.float32), rtol=2e-3, atol=1e-4
      )


@pytest.mark.stack
@pytest.mark.parametrize('modality', ['video', 'audio'])
def test_all_three_ways_give_the_same_features(modality, records, run_dir, made):
  reference = run_dir / 'iteration-00' / 'features' / modality
  assert FeatureStore(str(reference), 'train').shard_lengths == [3, 0, 4, 1]
  for how in ('local', 'beam'):
    folder = made(how, modality, MEAN)
    assert (folder / 'DONE').exists()
    assert_same_features(folder, reference)
  message = extract_features.run(beam_words(records, run_dir, modality, folder, *MEAN))
  assert message == f'{folder} is finished already, nothing to do: 12 records of train, validation'


def test_two_workers(records, run_dir, made, tmp_path):
  workers = ['--direct_running_mode=multi_threading', '--direct_num_workers=2']
  extract('beam', records, run_dir, 'audio', tmp_path, *MEAN, *workers)
  expected = made('beam', 'audio', MEAN)
  assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
    path.name: path.read_bytes() for path in expected.iterdir()
  }


def test_the_portable_job_service_gives_the_same_bytes(records, run_dir, made, tmp_path):
  folder = tmp_path / 'features'
  with portable_service(tmp_path) as options:
    words = beam_words(records, run_dir, 'audio', folder, *MEAN, *options)
    output = finish(start('beam_pipelines.extract_features', *words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
  assert '12 records of train, validation' in output, output
  assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
    path.name: path.read_bytes() for path in made('beam', 'audio', MEAN).iterdir()
  }


def test_a_run_takes_features_that_were_made_elsewhere(records, run_dir, made, tmp_path, monkeypatch):
  filled = tmp_path / 'filled' / 'iteration-00' / 'features' / 'video'
  shutil.copytree(made('beam', 'video', MEAN), filled)
  before = {path: path.read_bytes() for path in filled.iterdir()}
  extracted = []
  stage = stages.extract_features
  monkeypatch.setattr(
    stages, 'extract_features', lambda folder, *rest: (extracted.append(folder), stage(folder, *rest))
  )
  pretrain(records, tmp_path / 'filled')
  assert [os.path.relpath(f, tmp_path / 'filled') for f in extracted] == ['iteration-00/features/audio']
  assert {path: path.read_bytes() for path in filled.iterdir()} == before
  for split in SPLITS:
    found, expected = (
      PseudoLabels.load(f'{run}/iteration-00/clusters/video/{split}', records.num_rows(split)).labels
      for run in (tmp_path / 'filled', run_dir)
    )
    np.testing.assert_array_equal(found, expected)


def cut_by_hand(records, run_dir, modality, length, stride):
  """{(split, index): (seconds, features)}, a snippet at a time."""
  arguments = main.build_parser().parse_args(
    ['svm', '--records', 'r', '--run_dir', str(run_dir), '--encoder', modality]
  )
  start = encoder_arguments.find(arguments)
  inputs = snippets.Snippets(length, stride).inputs(start.inputs)
  encoder = start.load(inputs)
  found = {}
  for split in SPLITS:
    for serialized in tf.data.TFRecordDataset(records.shard_paths(split)):
      example = schema.parse(serialized)
      starts = range(0, 12 - length + 1, stride)
      views = tf.concat([inputs.views_at(example, records, tf.constant([start])) for start in starts], axis=0)
      seconds = [float(example['start_seconds']) + (start + length / 2) / 30 for start in starts]
      found[split, int(example['index'])] = seconds, encoder(views).numpy()
  return found


@pytest.mark.stack
@pytest.mark.parametrize('modality', ['video', 'audio'])
def test_dense_snippets_of_both(modality, records, run_dir, made):
  expected = cut_by_hand(records, run_dir, modality, 6, 2)
  for folder in (made(how, modality, SNIPPETS) for how in ('local', 'beam')):
    assert len(list(folder.glob('*.npz'))) == len(expected) == 12 and (folder / 'DONE').exists()
    for (split, index), (seconds, features) in expected.items():
      found = snippets.load(str(folder), split, index)
      assert found[1].shape == (4, 32)
      np.testing.assert_allclose(found[0], seconds, rtol=1e-7)
      np.testing.assert_allclose(found[1], features, rtol=1e-4, atol=1e-5)


def begin_again(folder, *lost):
  """Removes DONE and some files, as if a job had been killed; returns when the others were written."""
  for name in ('DONE', *lost):
    (folder / name).unlink()
  (folder / f'train-00003.tmp.{"0a" * 16}').write_bytes(b'half')
  return {path: path.stat().st_mtime_ns for path in folder.iterdir() if '.tmp.' not in path.name}


@pytest.mark.parametrize('how', ['local', 'beam'])
@pytest.mark.parametrize('options,lost', [(MEAN, 'train-00002-of-00004.index.npy'), (SNIPPETS, 'train-0000009.npz')])
def test_what_is_there_is_not_made_again(how, options, lost, records, run_dir, made, tmp_path):
  whole = made(how, 'audio', options)
  folder = pathlib.Path(shutil.copytree(whole, tmp_path / 'killed'))
  before = begin_again(folder, lost)
  extract(how, records, run_dir, 'audio', folder, *options)
  changed = {path.name for path, time in before.items() if path.stat().st_mtime_ns != time}
  assert changed == ({'train-00002-of-00004.features.npy'} if options == MEAN else set())
  for path in whole.iterdir():
    assert (folder / path.name).read_bytes() == path.read_bytes(), path.name
  with pytest.raises(ValueError, match=r'(?s)was made with other settings.*\+ +"stride": 3'):
    extract(how, records, run_dir, 'audio', folder, '--snippet_stride', '3')


def test_shards_that_got_lost_are_made_again_though_the_job_was_done(records, run_dir, made, tmp_path):
  whole = made('beam', 'audio', MEAN)
  folder = pathlib.Path(shutil.copytree(whole, tmp_path / 'lost'))
  (folder / 'train-00002-of-00004.index.npy').unlink()
  extract('beam', records, run_dir, 'audio', folder, *MEAN)
  for path in whole.iterdir():
    assert (folder / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_folder_that_cannot_be_is_a_sentence(records, run_dir, tmp_path):
  (tmp_path / 'file').write_text('')
  with pytest.raises(SystemExit, match=r'^extract_features: .*file'):
    extract_features.main(beam_words(records, run_dir, 'audio', tmp_path / 'file/features'))


def test_what_does_not_fit_is_refused(records, run_dir, tmp_path):
  words = beam_words(records, run_dir, 'audio', tmp_path)
  for more, message in (
    (['--num_clips', '3', '--snippet_frames', '4'], 'no meaning for snippets'),
    (['--num_clips', '0'], 'must be at least 1'),
    (['--saved_model', str(tmp_path)], 'has no assets.extra/metadata.json'),
  ):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
      extract_features.run([*words, *more])
  with pytest.raises(make_clips.ClipJobError, match='did you mean --num_clips'):
    extract_features.run([*words, '--num_clip', '3'])
  slow = records_factory.write_records(tmp_path / 'slow', frames_per_span=4)
  text = (tmp_path / 'slow' / 'clips.json').read_text()
  (tmp_path / 'slow' / 'clips.json').write_text(text.replace('"frame_rate": 30.0', '"frame_rate": 25.0'))
  with pytest.raises(ValueError, match='expects a frame_rate of 30.0, .*slow has 25.0'):
    extract_features.run(beam_words(slow, run_dir, 'video', tmp_path / 'out'))
  with pytest.raises(ValueError, match='frames of a snippet are --snippet_frames'):
    extract('local', records, run_dir, 'video', tmp_path / 'out', '--snippet_frames', '4', '--num_frames', '8')
