"""xdc finetune and xdc sweep from the command line."""

import argparse
import json
import re
import types
from unittest import mock

import numpy as np
import pytest
import records_factory

from xdc_tf import plots
from xdc_tf.cli import encoder_arguments, finetune, main, strict_gin
from xdc_tf.evaluation.finetuning import Finetuning
from xdc_tf.manifest import manifest
from xdc_tf.records.audio_ops import LogMelSpec
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.records.schema import open_records
from xdc_tf.runs import weights_folder
from xdc_tf.runs.starting_point import StartingPoint
from xdc_tf.runs.weights_folder import InputSpec
from xdc_tf.training import checkpoints
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.schedules import Schedule

TINY = (
  'AudioResNet18.base_width = 4', 'AudioResNet18.blocks_per_stage = 1', 'Schedule.epoch_size = 4', 'Schedule.batch_size = 2',
  'Schedule.total_epochs = 1', 'Finetuning.num_clips = 2', "Finetuning.held_out_group = ''",
)  # fmt: skip


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  made = records_factory.write_records(
    tmp_path_factory.mktemp('records'), frames_per_span=0, num_official_splits=0, name='esc50'
  )
  rows = [
    (split, manifest.Row(0, f'{split}{i}', 'x.mp4', labels=(made.label_names[i % 3],)))
    for split, number in records_factory.SPLITS.items()
    for i in range(number)
  ]
  manifest.write_manifest(made.manifest_directory, 'esc50', rows)
  return made.directory


def xdc(*words: str) -> None:
  parsed = main.build_parser().parse_args(words)
  parsed.run(parsed)


def bindings(*params: str) -> list[str]:
  return [word for param in params for word in ('--gin_param', param)]


@pytest.mark.parametrize(
  ('row', 'message'),
  [
    ('table1/xcd', r"--table_row: the paper has no row 'table1/xcd'\. Did you mean 'table1/xdc'\?"),
    ('table1/xdc', r"--table_row: table1/xdc has .*'full'.* Received: \('esc50', 'scratch', None\)"),
  ],
)
def test_a_row_that_cannot_be_filled_is_refused_before_the_training(records, tmp_path, row, message):
  """It was said when the tables were made, after days of sweeps."""
  command = ['finetune', '--records', records, '--output_dir', str(tmp_path / 'out'), '--random', 'AudioResNet18']
  with pytest.raises(ValueError, match=message):
    xdc(*command, '--gin_file', 'transfer/esc50.gin', *bindings(*TINY), '--table_row', row)
  assert not (tmp_path / 'out').exists()


def test_workers_compare_their_folds_before_the_training(records, tmp_path, monkeypatch):
  """Two workers at two folds trained one network, which saw the test videos of both, and ended with status 0."""
  compared = []

  def compare(strategy, text):
    compared.append(text)
    raise KeyboardInterrupt

  monkeypatch.setattr(finetune.distribution, 'check_same_on_workers', compare)
  command = ['finetune', '--records', records, '--output_dir', str(tmp_path / 'out'), '--random', 'AudioResNet18']
  with pytest.raises(KeyboardInterrupt):
    xdc(*command, '--gin_file', 'transfer/esc50.gin', '--gin_file', 'transfer/full.gin', *bindings(*TINY))
  assert '# start: ' in compared[0] and compared[0].endswith('# cell: fold-1/test/rate-0.004\n')
  assert not (tmp_path / 'out').exists()


def test_fold_after_fold_forgets_neither_row_nor_missing_classes(tmp_path, monkeypatch, capsys):
  """The second command's results named the missing classes of its own fold, beside the mean over both, and no row."""
  made = records_factory.write_records(
    tmp_path / 'records', {'official': 8}, frames_per_span=0, num_official_splits=2, missing=[('official', 0)]
  )
  # Both folds train on rows 4 to 7; row 0, the one video of 'owl' in the first fold's test, has no clip.
  rows = [
    manifest.Row(0, f'v{i}', f'v{i}.mp4', labels=(made.label_names[(2, 0, 2, 1)[i % 4]],), official_split=parts)
    for i, parts in enumerate([(2, 0), (2, 0), (0, 2), (0, 2)] + [(1, 1)] * 4)
  ]
  manifest.write_manifest(made.manifest_directory, 'tiny', [('official', row) for row in rows])
  config = types.SimpleNamespace(trained='fc', several_labels=True)
  directory = types.SimpleNamespace(path=str(tmp_path))
  best = {'rate': 0.01, 'top1': 0.5, 'cell': 'fold-1/test/rate-0.01'}
  fold = {'test_best': best, 'held_out': None}
  results = {'mean': {'test_best': 0.5, 'held_out': None}, 'diverged': []}
  for folds, row in (({'1': fold}, 'table1/xdc'), ({'1': fold, '2': fold}, None)):
    finetune._write_results(config, made, directory, results | {'folds': folds, 'table_row': row})
  found = json.loads((tmp_path / 'results.json').read_text())
  assert found['table_row'] == 'table1/xdc'
  assert found['coverage']['1']['test']['classes_without_clip'] == [made.label_names[2]]
  assert found['coverage']['2']['test']['classes_without_clip'] == []
  assert (
    capsys.readouterr().out.count('fold 1: 1 of 2 listed rows have no clip to test on, and 1 classes have none.') == 2
  )


@pytest.mark.slow
@pytest.mark.stack
def test_scratch_then_a_layer_on_what_it_learned(records, tmp_path, capsys, monkeypatch):
  scratch, fc = str(tmp_path / 'scratch'), str(tmp_path / 'fc')
  files = ['--gin_file', 'transfer/esc50.gin', '--gin_file', 'transfer/full.gin']
  command = ['finetune', '--records', records, '--output_dir', scratch, '--random', 'AudioResNet18', *files]
  command += [*bindings(*TINY), '--table_row', 'table1/scratch']
  with monkeypatch.context() as patch, pytest.raises(RuntimeError, match='no matplotlib'):
    patch.setattr(plots, 'pyplot', mock.Mock(side_effect=RuntimeError('no matplotlib')))
    xdc(*command)
  # Only the picture is missing, and the same command draws it.
  printed = capsys.readouterr().out
  assert 'results.json holds the numbers' in printed
  assert f'Next: xdc export --weights {scratch}/fold-1/test/rate-0.004 ' in printed
  assert (tmp_path / 'scratch/fold-1/test/rate-0.004/encoder.json').exists()
  xdc(*command)
  results = json.loads((tmp_path / 'scratch/results.json').read_text())
  assert {name: results[name] for name in ('data_set', 'start', 'table_row', 'protocol', 'num_frames')} == {
    'data_set': 'esc50', 'start': 'random, seed 0', 'table_row': 'table1/scratch', 'protocol': 'scratch', 'num_frames': None
  }  # fmt: skip
  assert results['folds']['1']['test_best']['rate'] == 0.004
  assert results['mean'] == {'test_best': results['folds']['1']['test_best']['top1'], 'held_out': None}
  assert (tmp_path / 'scratch/confusion.svg').exists()

  # The trained encoder, with its width, is a starting point like an imported one.
  trained = f'{scratch}/fold-1/test/rate-0.004'
  assert weights_folder.load(trained)[1]['arguments'] == {
    'base_width': 4,
    'blocks_per_stage': 1,
    'batch_norm_epsilon': 0.001,
  }
  assert weights_folder.load(trained)[1]['classifier'] == {'classes': ['cat', 'dog', 'owl'], 'several_labels': False}
  words = ['svm', '--records', records, '--weights', trained]
  assert encoder_arguments.find(main.build_parser().parse_args(words)).inputs == AudioInput(
    clip_length=60
  )  # As the cell was fed.
  # A cell of an earlier version, and one whose command was killed before it said what its weights are.
  for name in ('kernel.npy', 'encoder.json'):
    (tmp_path / 'scratch/fold-1/test/rate-0.004' / name).unlink()
  xdc(*command)
  assert (
    f'{trained} is of an earlier version and lacks its last layer: without {trained}/DONE' in capsys.readouterr().out
  )
  assert 'classifier' not in weights_folder.load(trained)[1]
  files = ['--gin_file', 'transfer/esc50.gin', '--gin_file', 'transfer/fc.gin']
  xdc('sweep', '--records', records, '--output_dir', fc, '--weights', trained, *files, *bindings(*TINY[2:]))
  assert json.loads((tmp_path / 'fc/results.json').read_text())['protocol'] == 'fc'
  assert (
    len(list((tmp_path / 'fc/fold-1/test').iterdir())) == len(list((tmp_path / 'fc/fold-1/held-out').iterdir())) == 8
  )
  printed = capsys.readouterr().out
  assert 'rate chosen on held-out videos' in printed and f'{fc}/results.json' in printed

  # Results of other weights of that name, such as those of a run that was made anew, do not mix with these.
  weights = checkpoints.digest(trained)
  assert re.search(rf'^# start: .*, weights {weights}$', (tmp_path / 'fc/config.gin').read_text(), re.MULTILINE)
  with monkeypatch.context() as patch, pytest.raises(ValueError, match=f'other configuration:(?s:.*){weights}'):
    patch.setattr(checkpoints, 'digest', lambda folder: '0a1b')
    xdc('sweep', '--records', records, '--output_dir', fc, '--weights', trained, *files, *bindings(*TINY[2:]))

  with pytest.raises(strict_gin.ConfigurationError, match='AudioResNet18.base_width has no effect'):
    xdc('sweep', '--records', records, '--output_dir', fc, '--weights', trained, *files, *bindings(*TINY))
  with pytest.raises(ValueError, match='has no fold 2; expected 1 to 1'):
    xdc('sweep', '--records', records, '--output_dir', fc, '--weights', trained, *files, '--folds', '2')


@pytest.mark.slow
def test_a_sweep_needs_a_grid(records, tmp_path):
  with pytest.raises(ValueError, match='learning_rates is empty'):
    xdc(
      'sweep', '--records', records, '--output_dir', str(tmp_path), '--random', 'AudioResNet18', '--gin_file', 'transfer/esc50.gin',
      *bindings(*TINY[:2]),
    )  # fmt: skip


def test_the_seed_of_a_transfer_is_that_of_random_weights(records, one_replica):
  """Table 5 gives a mean and a deviation of layers on random features: another seed is another encoder, the one of Scratch."""
  start = StartingPoint('AudioResNet18', {'base_width': 4, 'blocks_per_stage': 1}, None, None, 'random')

  def kernel(seed: int, trained: str):
    config = Finetuning(
      VideoInput(), AudioInput(), Schedule(early_stop_epochs=0), TrainingOptions(), trained=trained, seed=seed
    )
    learner = finetune._make_learner(config, start, open_records(records), one_replica)
    return (learner._encoder if trained == 'fc' else learner.encoder).trainable_variables[0].numpy()

  np.testing.assert_array_equal(kernel(1, 'fc'), kernel(1, 'all'))
  assert not np.array_equal(kernel(1, 'fc'), kernel(2, 'fc'))


def test_an_encoder_is_not_fed_with_other_numbers_than_in_its_pretraining():
  start = StartingPoint('AudioResNet18', {}, 'weights', InputSpec(AudioInput(mean=-4.0)), 'a run/audio')
  with pytest.raises(ValueError, match=r"--gin_param 'AudioInput.mean = -4.0'"):
    finetune._check_normalisation(start, AudioInput())
  finetune._check_normalisation(start, AudioInput(mean=-4.0, num_frames=60))


def test_pictures_of_another_scale_than_in_the_pretraining_are_noticed(caplog):
  """A run on 112 of 128 pixels was finetuned on 224 of 256, by default and without a word."""
  fed = InputSpec(VideoInput(crop_size=112), short_side=128)
  start = StartingPoint('R2Plus1D18', {}, 'weights', fed, 'a run/video')
  records = types.SimpleNamespace(short_side=256)
  finetune._warn_of_another_view(start, VideoInput(crop_size=96, short_side=128, num_frames=32), records)
  assert not caplog.text
  finetune._warn_of_another_view(start, VideoInput(crop_size=12), records)
  assert "--gin_param 'VideoInput.short_side = 128' --gin_param 'VideoInput.crop_size = 112'" in caplog.text


def test_networks_of_torchvision_saw_15_frames_a_second(caplog):
  torchvision = StartingPoint('ResNet3D18', {'batch_norm_epsilon': 1e-5}, 'weights', None, 'r3d_18')
  arguments = argparse.Namespace(allow_other_records=False)
  for frame_rate in (15.0, 30.0):
    assert not caplog.text
    encoder_arguments.check_records(
      arguments, torchvision, types.SimpleNamespace(frame_rate=frame_rate, directory='clips')
    )
  assert 'that saw 15 frames a second; clips has 30' in caplog.text


@pytest.mark.parametrize(
  ('name', 'fed', 'complaint'),
  [
    (
      'AudioResNet18',
      {'log_mel_spec': LogMelSpec(lower_hz=50.0)},
      '--log_mel {"lower_hz": 50.0}, and those in .* {"lower_hz": 20.0}',
    ),
    (
      'R2Plus1D18',
      {'frame_rate': 10.0},
      '--frame_rate 10.0, and those in .* made with 30.0. Make them alike, or add --allow_other',
    ),
  ],
)
def test_records_made_otherwise_than_those_of_the_pretraining_are_refused(records, name, fed, complaint):
  opened = open_records(records)
  inputs = AudioInput() if name == 'AudioResNet18' else VideoInput()
  start = StartingPoint(name, {}, 'weights', InputSpec(inputs, **fed), 'a run')
  with pytest.raises(ValueError, match=complaint):
    encoder_arguments.check_records(argparse.Namespace(allow_other_records=False), start, opened)
  encoder_arguments.check_records(argparse.Namespace(allow_other_records=True), start, opened)
  StartingPoint(name, {}, 'weights', InputSpec(inputs), 'a run').check_records(
    opened
  )  # The defaults are those of the records.
  StartingPoint(name, {}, None, None, 'random').check_records(opened)
