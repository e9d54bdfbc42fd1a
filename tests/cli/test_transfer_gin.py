"""From a pretrained encoder to every number of the paper: gin/transfer, and what gin/papers/neurips2020/README.md says of it."""

import dataclasses
import math
import pathlib
import re

import pytest
import records_factory
import tensorflow as tf
from test_readme import commands
from tiny_encoders import AnyLengthVideo, TinyAudio

from xdc_tf.cli import configuration, main, strict_gin
from xdc_tf.deep_clustering.outer_loop import Pretraining
from xdc_tf.evaluation import sweep
from xdc_tf.evaluation.finetuning import FcOnly, Finetuning, FullFinetuning
from xdc_tf.localization.options import GTAD, Detection, Localization, SnippetWindows
from xdc_tf.manifest import manifest
from xdc_tf.models.encoders import ENCODERS
from xdc_tf.paper.paper_numbers import SCRATCH, TABLES, TableCell
from xdc_tf.records.folds import read_folds
from xdc_tf.runs.run_directory import RunDirectory
from xdc_tf.training.metrics_log import read_metrics

GIN = pathlib.Path(strict_gin.gin_folder())
README = (GIN / 'papers/neurips2020/README.md').read_text()
# Not other people's methods.
CELLS = [cell for table in TABLES.values() for cell in table.cells if cell.encoder]
EPOCH_SIZE = {'ucf101': 106_000, 'hmdb51': 40_000, 'esc50': 20_000}  # Table 11.
FULL = [0.001, 0.002, 0.004, 0.006, 0.008, 0.01]  # Table 12.
FC = [*FULL, 0.02, 0.04]
QUARTER = [0.00025, 0.0005, 0.001, 0.0015, 0.002, 0.0025]  # Supplement C.
NUM_VIDEOS = {'ucf101': 13_320, 'hmdb51': 6_766, 'esc50': 2_000}


def rules() -> dict[tuple[str, int | None], tuple[str, list[str]]]:
  """README.md's table: (protocol, frames) -> the verb and its gin files."""
  found = {}
  lines = re.findall(r'^\| (\w+) \| (8, or sound|16|32|sound) \| [^|]+ \| `xdc ([\w-]+)`(.*) \|$', README, re.M)
  for protocol, frames, verb, files in lines:
    for number in {'8, or sound': (8, None), '16': (16,), '32': (32,), 'sound': (None,)}[frames]:
      found[protocol, number] = verb, files.split(', ')[1:]
  return found


def rule(cell: TableCell) -> tuple[str, list[str]]:
  verb, files = rules()[cell.protocol, cell.num_frames]
  return verb, [file.replace('DATA_SET', cell.data_set) for file in files]


def load(files: list[str]) -> Finetuning:
  configuration.load(files, [], Finetuning)
  return configuration.finetuning()


def test_every_number_of_the_paper_has_its_gin_files():
  trained = 0
  for cell in CELLS:
    verb, files = rule(cell)
    assert verb == {'svm': 'svm', 'localization': 'localize'}.get(cell.protocol, 'sweep')
    if verb != 'sweep':
      assert files == (['transfer/thumos14.gin'] if verb == 'localize' else [])
      continue
    config = load(files)
    s = config.schedule
    assert (s.epoch_size, s.warmup_epochs, s.step_epochs, s.total_epochs) == (EPOCH_SIZE[cell.data_set], 2, 2, 8), cell
    assert (s.gamma, s.weight_decay, s.early_stop_epochs, s.decay) == (0.01, 0.005, 0, 'step'), cell
    assert s.batch_size == (8 if cell.num_frames == 32 else 32), cell
    grid = FC if cell.protocol == 'fc' else QUARTER if cell.num_frames == 32 else FULL
    assert list(config.learning_rates) == grid and s.base_learning_rate in grid, cell
    assert config.trained == ('fc' if cell.protocol == 'fc' else 'all'), cell
    assert config.num_clips == 10 and not config.several_labels
    if cell.num_frames:
      assert config.video_input.shape == (cell.num_frames, 224, 224, 3), cell
    assert config.audio_input.shape == (40, 100, 1)
    trained += 1
  # Tables 1 to 5 and 13, and Table 7's six rows of video and two of ESC50.
  assert trained == 21 + 45 + 29 + 18 + 34 + 9 + 6 * 2 + 2


def test_every_encoder_of_the_paper_has_its_file():
  for name in {cell.encoder for cell in CELLS if not cell.encoder.startswith(SCRATCH)}:
    root = Finetuning if name.startswith('superv_') else Pretraining
    configuration.load([f'papers/neurips2020/{name}.gin'], [], root)
    root()


def test_the_list_names_the_file_of_every_row_and_target():
  listed = {}
  for row, targets, file, link in re.findall(
    r'^\| (table\w+/\w+) \| ([\w, ]+) \| \[(\w+)\]\((\w+)\.gin\) \|$', README, re.M
  ):
    assert file == link
    of_row = {cell.data_set for cell in CELLS if cell.row == row}
    named = of_row if targets == 'all' else set(targets.split(', '))
    assert named <= of_row and not listed.keys() & {(row, target) for target in named}
    listed |= {(row, target): file for target in named}
  assert listed == {(cell.row, cell.data_set): cell.encoder for cell in CELLS if not cell.encoder.startswith(SCRATCH)}


def modality_of(cell: TableCell) -> str:
  return 'video' if cell.num_frames else 'audio'


def check_start(parsed, cell: TableCell, made: dict[str, str]) -> None:
  """The starting point of a command is the cell's encoder, which a command above it has made."""
  if parsed.random:
    assert cell.encoder.startswith(SCRATCH)
    video = 'ResNet3D18' if cell.encoder.endswith('resnet3d') else 'R2Plus1D18'
    assert parsed.random == (video if cell.num_frames else 'AudioResNet18')
  elif parsed.weights:
    folder, rate = re.fullmatch(r'(runs/\w+)/fold-1/test/rate-([\d.]+)', parsed.weights).groups()
    assert made[folder] == cell.encoder and folder.endswith(modality_of(cell))
    assert float(rate) == load([f'papers/neurips2020/{cell.encoder}.gin']).schedule.base_learning_rate
  else:
    assert made[parsed.run_dir] == cell.encoder and parsed.encoder == modality_of(cell)


def test_the_examples_follow_the_rules():
  made, shown = {}, set()
  for words in commands(README):
    parsed = main.build_parser().parse_args(words[1:])
    if parsed.verb in ('pretrain', 'finetune'):
      (file,) = parsed.gin_file
      folder = parsed.run_dir if parsed.verb == 'pretrain' else parsed.output_dir
      made[folder] = pathlib.PurePath(file).stem
      if parsed.verb == 'finetune':
        assert folder.endswith(ENCODERS[parsed.random].modality)
    elif parsed.verb in ('sweep', 'svm'):
      data_set = pathlib.PurePath(parsed.records).name
      table = TABLES[parsed.table_row.partition('/')[0]]
      gin_files = getattr(parsed, 'gin_file', [])
      (cell,) = [
        cell
        for cell in table.cells
        if (cell.row, cell.data_set) == (parsed.table_row, data_set) and rule(cell) == (parsed.verb, gin_files)
      ]
      check_start(parsed, cell, made)
      if parsed.verb == 'sweep':
        assert parsed.folds == (None if table.all_splits else '1')
      shown.add((cell.protocol, cell.num_frames))
    elif parsed.verb == 'extract-features':
      made[parsed.output_dir] = made[parsed.run_dir]
    elif parsed.verb == 'localize':
      cells = [cell for cell in TABLES['table8'].cells if cell.row == parsed.table_row]
      assert {cell.encoder for cell in cells} == {made[parsed.features]}
      assert rule(cells[0]) == ('localize', parsed.gin_file)
      shown.add((cells[0].protocol, cells[0].num_frames))
  # One example for each protocol, and both lengths of clips.
  assert {
    ('full', 8),
    ('full', 32),
    ('full', None),
    ('fc', 8),
    ('scratch', 8),
    ('svm', None),
    ('localization', 16),
  } <= shown


def header(name: str) -> str:
  lines = (GIN / f'transfer/{name}.gin').read_text().splitlines()
  return ' '.join(line[1:].strip() for line in lines if line.startswith('#'))


@pytest.mark.parametrize('data_set', EPOCH_SIZE)
def test_a_header_names_tables_and_cost(data_set):
  text = header(data_set)
  tables = {cell.row.partition('/')[0] for cell in CELLS if cell.data_set == data_set}
  assert tables == {f'table{n}' for n in (1, 2, 3, 4, 5, 7, 13)} and 'Tables 1 to 5, 7 and 13' in text
  assert 'Ours, unpublished:' in text and '(assumed' in text
  a_second = 2000 if data_set == 'esc50' else 100  # README.md's assumption.
  hours = {
    'full': 2 * 6 * EPOCH_SIZE[data_set] * 8 / a_second / 3600,  # Two cells for each of six rates.
    'full_32_frames': 4 * 2 * 6 * EPOCH_SIZE[data_set] * 8 / a_second / 3600,
    'fc': 10 * NUM_VIDEOS[data_set] / 3 / a_second / 3600,
  }
  stated = {way: float(number) for number, way in re.findall(r'([\d.]+)(?: GPU hours)? with (\w+)\.gin', text)}
  assert set(stated) == set(hours) - ({'full_32_frames'} if data_set == 'esc50' else set())
  for way, number in stated.items():
    assert number == pytest.approx(hours[way], rel=0.05)


@pytest.mark.parametrize(('way', 'tables'), [('full', (1, 5, 13)), ('fc', (5,)), ('full_32_frames', (7,))])
def test_a_protocol_s_header_names_tables_and_what_is_ours(way, tables):
  text = header(way)
  assert all(re.search(rf'\b{table}\b', text) for table in tables)
  assert 'Ours, unpublished:' in text and 'The cost stands in' in text


def test_thumos14_has_the_defaults_of_g_tad_and_table_8_s_numbers():
  configuration.load(['transfer/thumos14.gin'], [], Localization)
  config = configuration.localization()
  assert config == Localization(SnippetWindows(), GTAD(), Detection())
  assert [config.rate_of(epoch) for epoch in (0, 4, 5, 9)] == pytest.approx([4e-5, 4e-5, 4e-6, 4e-6])
  text = header('thumos14')
  assert text.startswith('THUMOS14, Table 8:') and 'Ours, unpublished:' in text
  rows = {}
  for cell in TABLES['table8'].cells:
    rows.setdefault(cell.row, []).append(cell.paper)
  assert all(', '.join(numbers) in text for numbers in rows.values())


WAYS = sorted({tuple(rule(cell)[1]) for cell in CELLS if rule(cell)[0] == 'sweep'})


@pytest.mark.parametrize('way', ['full', 'fc'])
def test_the_transfer_in_miniature_has_the_schedule_of_table_11(way):
  """It had none, and every training ended with an error."""
  schedule = load([f'miniature/transfer_{way}.gin']).schedule
  table_11 = load(['transfer/ucf101.gin', f'transfer/{way}.gin']).schedule
  assert dataclasses.replace(schedule, epoch_size=table_11.epoch_size) == table_11


@pytest.mark.parametrize('changes', [{'early_stop_epochs': 3}, {'keep_best': True}])
def test_a_transfer_has_no_validation_loss_to_stop_by(changes):
  config = load(WAYS[0])
  with pytest.raises(ValueError, match='without validation clips, so Schedule.early_stop_epochs must be 0'):
    dataclasses.replace(config, schedule=dataclasses.replace(config.schedule, **changes))


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  """Twelve labelled clips with picture and sound, one official split."""
  made = records_factory.write_records(tmp_path_factory.mktemp('records'), {'official': 12}, frames_per_span=10)
  rows = [
    manifest.Row(0, f'v{i}', 'x.mp4', labels=(made.label_names[i % 3],), official_split=(2 if i % 4 == 0 else 1,))
    for i in range(12)
  ]
  manifest.write_manifest(made.manifest_directory, 'tiny', [('official', row) for row in rows])
  return made


@pytest.mark.slow
@pytest.mark.parametrize('files', WAYS, ids=lambda files: '+'.join(pathlib.PurePath(file).stem for file in files))
def test_two_steps_of_every_transfer(files, records, one_replica, tmp_path):
  config = load(list(files))
  modality = 'audio' if 'esc50' in files[0] else 'video'
  encoder = {'video': AnyLengthVideo, 'audio': TinyAudio}[modality]
  schedule = dataclasses.replace(config.schedule, epoch_size=2 * config.schedule.batch_size, total_epochs=1)
  config = dataclasses.replace(
    config, schedule=schedule, video_input=dataclasses.replace(config.video_input, crop_size=16), num_clips=2
  )
  # The ten clips of a sound lie at equal distances, as its own length is what they are spread over.
  assert config.input_of('audio', records).clip_length == 60
  if config.trained == 'fc':
    built = encoder()
    built(tf.zeros([1, *config.input_of(modality, records).shape]))
    learner = FcOnly(config, built, modality, records)
  else:
    learner = FullFinetuning(config, encoder, modality, None, records, one_replica)
  rate = config.learning_rates[0]
  cells = [sweep.SweepCell(fold, rate) for fold in read_folds(records)]
  results = sweep.run_cells(config, learner, RunDirectory(str(tmp_path), one_replica), records, cells)
  assert results['folds']['1']['test_best']['rate'] == rate
  folder = tmp_path / f'fold-1/test/rate-{rate:g}'
  if config.trained == 'fc':
    assert (folder / 'kernel.npy').exists() and not (folder / 'metrics.csv').exists()
  else:
    (row,) = read_metrics(str(folder / 'metrics.csv'))
    assert float(row['learning_rate']) == rate
    assert float(row['train_loss']) == pytest.approx(math.log(3), abs=0.2)  # A new head knows nothing of three classes.
