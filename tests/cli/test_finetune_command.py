"""xdc finetune and xdc sweep from the command line; gin/transfer against Tables 10 to 12 of the paper."""

import json

import pytest
import records_factory

from xdc_tf.cli import configuration, finetune, main, starting_point, weights_folder
from xdc_tf.data import manifest
from xdc_tf.data.inputs import AudioInput
from xdc_tf.evaluation.finetuning import Finetuning

TINY = (
  'AudioResNet18.base_width = 4', 'AudioResNet18.blocks_per_stage = 1', 'Schedule.epoch_size = 4', 'Schedule.batch_size = 2',
  'Schedule.total_epochs = 1', 'Finetuning.num_clips = 2',
)  # fmt: skip


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  made = records_factory.write_records(tmp_path_factory.mktemp('records'), frames_per_span=0, num_official_splits=0)
  rows = [
    (split, manifest.Row(0, f'{split}{i}', 'x.mp4', labels=(made.label_names[i % 3],)))
    for split, number in records_factory.SPLITS.items()
    for i in range(number)
  ]
  manifest.write_manifest(made.manifest_directory, 'tiny', rows)
  return made.directory


def xdc(*words: str) -> None:
  parsed = main.build_parser().parse_args(words)
  parsed.run(parsed)


def bindings(*params: str) -> list[str]:
  return [word for param in params for word in ('--gin_param', param)]


@pytest.mark.stack
def test_scratch_then_a_layer_on_what_it_learned(records, tmp_path, capsys):
  scratch, fc = str(tmp_path / 'scratch'), str(tmp_path / 'fc')
  files = ['--gin_file', 'transfer/esc50.gin', '--gin_file', 'transfer/full.gin']
  command = ['finetune', '--records', records, '--output_dir', scratch, '--random', 'AudioResNet18', *files]
  xdc(*command, *bindings(*TINY), '--table_row', 'table1/scratch')
  results = json.loads((tmp_path / 'scratch/results.json').read_text())
  assert {name: results[name] for name in ('data_set', 'start', 'table_row', 'protocol', 'num_frames')} == {
    'data_set': 'tiny', 'start': 'random', 'table_row': 'table1/scratch', 'protocol': 'scratch', 'num_frames': None
  }  # fmt: skip
  assert results['folds']['1']['test_best']['rate'] == 0.004
  assert results['mean'] == {'test_best': results['folds']['1']['test_best']['top1'], 'held_out': None}
  assert (tmp_path / 'scratch/confusion.svg').exists()

  # The trained encoder, with its width, is a starting point like an imported one.
  trained = f'{scratch}/fold-1/test/rate-0.004'
  assert weights_folder.load(trained)[1]['arguments'] == {'base_width': 4, 'blocks_per_stage': 1}
  files = ['--gin_file', 'transfer/esc50.gin', '--gin_file', 'transfer/fc.gin']
  capsys.readouterr()
  xdc('sweep', '--records', records, '--output_dir', fc, '--weights', trained, *files, *bindings(*TINY[2:]))
  assert json.loads((tmp_path / 'fc/results.json').read_text())['protocol'] == 'fc'
  assert (
    len(list((tmp_path / 'fc/fold-1/test').iterdir())) == len(list((tmp_path / 'fc/fold-1/held-out').iterdir())) == 8
  )
  printed = capsys.readouterr().out
  assert 'rate chosen on held-out videos' in printed and f'{fc}/results.json' in printed

  with pytest.raises(configuration.ConfigurationError, match='AudioResNet18.base_width has no effect'):
    xdc('sweep', '--records', records, '--output_dir', fc, '--weights', trained, *files, *bindings(*TINY))
  with pytest.raises(ValueError, match='has no fold 2; expected 1 to 1'):
    xdc('sweep', '--records', records, '--output_dir', fc, '--weights', trained, *files, '--folds', '2')


@pytest.mark.parametrize(('data_set', 'epoch_size'), [('ucf101', 106_000), ('hmdb51', 40_000), ('esc50', 20_000)])
def test_tables_11_and_12(data_set, epoch_size):
  for way, batch_size, rates in (
    ('full', 32, [0.001, 0.002, 0.004, 0.006, 0.008, 0.01]),
    ('fc', 32, [0.001, 0.002, 0.004, 0.006, 0.008, 0.01, 0.02, 0.04]),
    ('full_32_frames', 8, [0.00025, 0.0005, 0.001, 0.0015, 0.002, 0.0025]),
  ):
    configuration.load([f'transfer/{data_set}.gin', f'transfer/{way}.gin'], [], Finetuning)
    config = configuration.finetuning()
    assert list(config.learning_rates) == rates
    s = config.schedule
    assert (s.epoch_size, s.batch_size, s.warmup_epochs, s.step_epochs, s.total_epochs) == (
      epoch_size,
      batch_size,
      2,
      2,
      8,
    )
    assert (s.weight_decay, s.gamma, s.early_stop_epochs) == (0.005, 0.01, 0)
    assert config.trained == ('fc' if way == 'fc' else 'all')
    assert config.video_input.num_frames == (32 if batch_size == 8 else 8)


@pytest.mark.parametrize(
  ('name', 'numbers'),
  [('kinetics', (1_000_000, 32, 0.01, 10, 10, 45, 1e-4)), ('audioset', (2_000_000, 32, 0.04, 10, 20, 45, 1e-5))],
)
def test_supervised_pretraining_is_table_10(name, numbers):
  configuration.load([f'transfer/superv_{name}.gin'], [], Finetuning)
  config = configuration.finetuning()
  s = config.schedule
  assert numbers == (
    s.epoch_size, s.batch_size, s.base_learning_rate, s.warmup_epochs, s.step_epochs, s.total_epochs, s.weight_decay
  )  # fmt: skip
  assert config.several_labels == (name == 'audioset')
  assert s.early_stop_epochs == 0


def test_a_sweep_needs_a_grid(records, tmp_path):
  with pytest.raises(ValueError, match='learning_rates is empty'):
    xdc(
      'sweep', '--records', records, '--output_dir', str(tmp_path), '--random', 'AudioResNet18', '--gin_file', 'transfer/esc50.gin',
      *bindings(*TINY[:2]),
    )  # fmt: skip


def test_an_encoder_is_not_fed_with_other_numbers_than_in_its_pretraining():
  start = starting_point.StartingPoint('AudioResNet18', {}, 'weights', AudioInput(mean=-4.0), 'a run/audio')
  with pytest.raises(ValueError, match=r"--gin_param 'AudioInput.mean = -4.0'"):
    finetune._check_normalisation(start, AudioInput())
  finetune._check_normalisation(start, AudioInput(mean=-4.0, num_frames=60))
