"""Supervised pretraining, gin/papers/neurips2020/superv_*.gin: Table 10's numbers, the headers, and two steps of each."""

import json
import math
import pathlib
import re

import pytest
import records_factory

from xdc_tf.cli import configuration, main, strict_gin
from xdc_tf.evaluation.finetuning import Finetuning
from xdc_tf.manifest import manifest
from xdc_tf.models.encoders import ENCODERS
from xdc_tf.paper.paper_numbers import TABLES
from xdc_tf.runs import weights_folder
from xdc_tf.training.metrics_log import read_metrics

FOLDER = pathlib.Path(strict_gin.gin_folder()) / 'papers' / 'neurips2020'
CELLS = [c for table in TABLES.values() for c in table.cells if c.encoder.startswith('superv_')]
# Epoch size, rate, warm-up, step and total epochs, weight decay; several labels. The second and third line are Table 10's.
NUMBERS = {
  'superv_audioset_240k': (1_000_000, 0.04, 10, 20, 45, 1e-5, True),
  'superv_audioset': (2_000_000, 0.04, 10, 20, 45, 1e-5, True),
  'superv_kinetics': (1_000_000, 0.01, 10, 10, 45, 1e-4, False),
  'superv_imagenet': (1_000_000, 0.01, 10, 10, 45, 1e-4, False),
  'superv_resnet3d': (1_000_000, 0.01, 10, 10, 45, 1e-4, False),
}
CLIPS_A_SECOND = {'video': 100, 'audio': 2000}  # README.md's assumption.


def load(stem: str) -> Finetuning:
  configuration.load([f'papers/neurips2020/{stem}.gin'], [], Finetuning)
  return configuration.finetuning()


def header(stem: str) -> str:
  lines = (FOLDER / f'{stem}.gin').read_text().splitlines()
  return ' '.join(line[1:].strip() for line in lines if line.startswith('#'))


def encoders(stem: str) -> list[str]:
  """The classes that a header says the file is for."""
  return re.findall(r'--random (\w+)', header(stem))


def test_every_supervised_encoder_of_the_tables_has_a_file():
  assert {path.stem for path in FOLDER.glob('superv_*.gin')} == {cell.encoder for cell in CELLS} == set(NUMBERS)


@pytest.mark.parametrize('stem', NUMBERS)
def test_a_file_has_the_numbers_of_table_10(stem):
  config = load(stem)
  s = config.schedule
  assert NUMBERS[stem] == (
    s.epoch_size, s.base_learning_rate, s.warmup_epochs, s.step_epochs, s.total_epochs, s.weight_decay, config.several_labels
  )  # fmt: skip
  assert (s.batch_size, s.gamma, s.early_stop_epochs) == (32, 0.01, 0)
  assert (config.video_input.shape, config.audio_input.shape) == ((8, 224, 224, 3), (40, 100, 1))
  assert config.trained == 'all'


@pytest.mark.parametrize('stem', NUMBERS)
def test_a_header_names_tables_numbers_encoders_and_cost(stem):
  text = header(stem)
  cells = [cell for cell in CELLS if cell.encoder == stem]
  tables = re.match(r'Tables? ([\d(a), ]+(?: and [\d(a)]+)?), Superv', text)[1]
  assert set(re.findall(r'\d+', tables)) == {cell.row.partition('/')[0][5:] for cell in cells}
  for cell in cells:
    localization = cell.data_set.startswith('thumos14')
    assert (cell.paper if localization else f'{cell.data_set.upper()} {cell.paper}') in text
  assert 'Ours, unpublished:' in text
  video = 'ResNet3D18' if stem == 'superv_resnet3d' else 'R2Plus1D18'
  sound = ['AudioResNet18'] if any(cell.data_set == 'esc50' for cell in cells) else []
  assert encoders(stem) == [video, *sound]
  schedule = load(stem).schedule
  clips = schedule.epoch_size * schedule.total_epochs
  hours = sum(clips / CLIPS_A_SECOND[ENCODERS[name].modality] / 3600 for name in encoders(stem))
  assert int(re.search(r'(\d+) GPU hours \(assumed', text)[1]) == pytest.approx(hours, abs=1)


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  """Clips with one label each, with two of the three (AudioSet), and of one frame (ImageNet)."""
  folders = {}
  for kind, frames, seconds, num_labels in (('one', 10, 2.0, 1), ('several', 10, 2.0, 2), ('image', 1, 0.0, 1)):
    folder = tmp_path_factory.mktemp(kind)
    made = records_factory.write_records(
      folder, {'train': 8, 'validation': 2}, frames_per_span=frames, seconds=seconds, num_official_splits=0
    )
    rows = [
      (split, manifest.Row(0, f'{split}{i}', 'x.mp4', labels=tuple(made.label_names[(i + j) % 3] for j in range(num_labels))))
      for split in made.splits
      for i in range(made.num_rows(split))
    ]  # fmt: skip
    manifest.write_manifest(made.manifest_directory, 'tiny', rows)
    folders[kind] = made.directory
  return folders


TINY = (
  'Schedule.epoch_size = 8', 'Schedule.batch_size = 4', 'Schedule.total_epochs = 1', 'Finetuning.num_clips = 1',
)  # fmt: skip


# The audio encoder where there is one: it is quicker, and ImageNet's and Table 13's files show the video encoders.
@pytest.mark.slow
@pytest.mark.parametrize(('stem', 'encoder'), [(stem, encoders(stem)[-1]) for stem in NUMBERS])
def test_two_steps_make_weights_to_start_from(stem, encoder, records, tmp_path):
  kind = 'several' if 'audioset' in stem else 'image' if 'imagenet' in stem else 'one'
  crop = ['VideoInput.crop_size = 16'] if ENCODERS[encoder].modality == 'video' else []
  params = [*TINY, *crop, f'{encoder}.base_width = 4', f'{encoder}.blocks_per_stage = 1']
  words = ['finetune', '--records', records[kind], '--output_dir', str(tmp_path), '--random', encoder]
  words += ['--gin_file', f'papers/neurips2020/{stem}.gin', *(w for param in params for w in ('--gin_param', param))]
  parsed = main.build_parser().parse_args(words)
  parsed.run(parsed)

  rate = NUMBERS[stem][1]
  folder = tmp_path / f'fold-1/test/rate-{rate:g}'
  (row,) = read_metrics(str(folder / 'metrics.csv'))
  assert float(row['learning_rate']) == rate
  # A new head knows nothing: the logarithm of three classes, or of two answers for each of the three.
  assert float(row['train_loss']) == pytest.approx(3 * math.log(2) if kind == 'several' else math.log(3), abs=0.2)
  assert ('map' in json.loads((tmp_path / 'results.json').read_text())['folds']['1']['test_best']) == (
    kind == 'several'
  )
  assert weights_folder.load(str(folder))[1]['encoder'] == encoder
