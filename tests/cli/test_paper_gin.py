"""Each `xdc pretrain` of gin/papers: the paper's numbers as literals, the cost it states, the index, two steps on tiny data."""

import dataclasses
import pathlib
import re

import numpy as np
import pytest
import records_factory
from tiny_encoders import AnyLengthVideo, TinyAudio

from xdc_tf.cli import configuration, strict_gin
from xdc_tf.deep_clustering.outer_loop import Pretraining, make_trainers, pretrain
from xdc_tf.paper.paper_numbers import TABLES
from xdc_tf.records.positions import read_indices
from xdc_tf.runs.run_directory import RunDirectory
from xdc_tf.training.inference import Inference
from xdc_tf.training.metrics_log import read_metrics

FOLDER = pathlib.Path(strict_gin.gin_folder()) / 'papers' / 'neurips2020'
FILES = sorted(path.stem for path in FOLDER.glob('table*.gin'))
SUPERVISED = sorted(path.stem for path in FOLDER.glob('superv_*.gin'))
# README.md: assumed clips of a second on one GPU.
THROUGHPUT = {'video': 100, 'audio': 2000}
# Epoch size, warm-up, step and total epochs, epochs of early stopping (Table 10).
KINETICS, AUDIOSET, IG = (1_000_000, 10, 10, 30, 3), (2_000_000, 10, 10, 45, 3), (10_000_000, 1, 3, 10, 0)
LAST_IG = (10_000_000, 0, 9, 30, 0)


def load(stem: str, *params: str):
  configuration.load([f'papers/neurips2020/{stem}.gin'], list(params))
  return configuration.pretraining()


def numbers(schedule) -> tuple:
  return (
    schedule.epoch_size,
    schedule.warmup_epochs,
    schedule.step_epochs,
    schedule.total_epochs,
    schedule.early_stop_epochs,
  )


def num_videos(stem: str) -> int:
  sizes = {'_1m': 1_000_000, '_16m': 16_000_000, '_ig_': 65_000_000, '_240k': 240_000, '_audioset': 2_000_000}
  return next((size for part, size in sizes.items() if part in stem), 240_000)


def test_there_is_a_file_for_every_run():
  ks = (64, 128, 256, 512, 1024)
  table_2 = {f'table2_{data}_{k}' for data in ('kinetics', 'audioset_240k', 'audioset') for k in ks}
  others = 'table1_xdc table1_sdc table1_mdc table1_cdc table1_same_modality_video table1_same_modality_audio '
  others += (
    'table3_xdc_ig_random table3_xdc_ig_kinetics table4_ig_random_1m table4_ig_kinetics_1m table4_ig_random_16m '
  )
  others += (
    'table4_ig_kinetics_16m table7_xdc_kinetics table7_xdc_audioset table7_xdc_ig_random table7_xdc_ig_kinetics '
  )
  others += 'table13_xdc_resnet3d'
  # Kinetics with 128 clusters is Table 1's file.
  assert set(FILES) == table_2 - {'table2_kinetics_128'} | set(others.split())
  assert {path.stem for path in FOLDER.glob('*.gin')} == {*FILES, *SUPERVISED}


@pytest.mark.parametrize('stem', FILES)
def test_a_file_has_the_numbers_of_tables_2_and_10(stem):
  config = load(stem)
  data = 'audioset' if 'audioset' in stem and '240k' not in stem else 'ig' if '_ig_' in stem else 'kinetics'
  assert numbers(config.schedule) == {'kinetics': KINETICS, 'audioset': AUDIOSET, 'ig': IG}[data]
  assert (config.last_schedule and numbers(config.last_schedule)) == (LAST_IG if data == 'ig' else None)
  for schedule in (config.schedule, config.schedule_of(config.num_iterations - 1)):
    assert (schedule.batch_size, schedule.base_learning_rate, schedule.gamma) == (32, 0.01, 0.01)
    assert schedule.weight_decay == 1e-4
  k = re.search(r'table2_.*_(\d+)$', stem)
  expected = int(k[1]) if k else 512 if data == 'ig' else 256 if stem == 'table7_xdc_audioset' else 128
  assert {clustering.num_clusters for clustering in config.clusterings} == {expected}
  if 'same_modality' not in stem:
    video = 'ResNet3D18' if stem.startswith('table13') else 'R2Plus1D18'
    assert {name: model.__name__ for name, model in config.encoders.items()} == {
      'video': video,
      'audio': 'AudioResNet18',
    }
    assert config.video_input.shape == (8, 224, 224, 3)
  assert config.audio_input.shape == (40, 100, 1)


@pytest.mark.parametrize('stem', [stem for stem in FILES if stem.startswith('table7')])
def test_table_7_trains_again_with_32_frames(stem):
  config = load(stem)
  again = config.retraining.schedule(config.schedule_of(4))
  assert (again.batch_size, again.base_learning_rate) == (8, 0.0025)
  assert numbers(again) == {'table7_xdc_kinetics': KINETICS, 'table7_xdc_audioset': AUDIOSET}.get(stem, LAST_IG)
  assert config.final_input_of('video').shape == (32, 224, 224, 3)
  assert config.final_input_of('audio').shape == (40, 100, 1)


def test_only_table_7_trains_again():
  assert [stem for stem in FILES if load(stem).retraining] == [s for s in FILES if s.startswith('table7')]


def cost(stem: str) -> float:
  """GPU hours by README.md's formula."""
  config, hours = load(stem), 0.0
  clips = sum(
    config.schedule_of(i).epoch_size * config.schedule_of(i).total_epochs for i in range(config.num_iterations)
  )
  last = config.schedule_of(config.num_iterations - 1)
  for name, model in config.encoders.items():
    again = 4 * last.epoch_size * last.total_epochs if name in config.retrained_encoders else 0
    features = (config.num_iterations + 1) * num_videos(stem) / 3
    hours += (clips + again + features) / THROUGHPUT[model.modality] / 3600
  return hours


@pytest.mark.parametrize('stem', FILES)
def test_a_header_names_table_numbers_and_cost(stem):
  text = (FOLDER / f'{stem}.gin').read_text()
  header = ' '.join(line[1:].strip() for line in text.splitlines() if line.startswith('#'))
  table = re.match(r'table(\d+)', stem)[1]
  assert re.match(rf'Tables? {table}\b', header)
  for cell in TABLES[f'table{table}'].cells:
    if cell.encoder == stem and cell.data_set in ('ucf101', 'hmdb51', 'esc50'):
      assert f'{cell.data_set.upper()} {cell.paper}' in header
  assert int(re.search(r'At most (\d+) GPU hours \(assumed', header)[1]) == pytest.approx(cost(stem), abs=1)


def test_the_cost_of_readme_s_example():
  assert cost('table1_xdc') == pytest.approx(418 + 20.9, abs=0.2)
  assert cost('table3_xdc_ig_random') == pytest.approx((4 * 100e6 + 300e6 + 6 * 65e6 / 3) * (1 / 100 + 1 / 2000) / 3600)


def test_the_index_says_which_file_pretrains_which_row():
  lines = re.findall(
    r'^\| (table\S+) \| ([^|]+) \| \[(\w+)\]\((\w+)\.gin\) \|$', (FOLDER / 'README.md').read_text(), re.M
  )
  listed = set()
  for row, targets, name, link in lines:
    assert name == link
    cells = [cell for cell in TABLES[row.partition('/')[0]].cells if cell.row == row]
    assert cells, row
    wanted = {cell.data_set for cell in cells} if targets == 'all' else set(targets.split(', '))
    listed |= {(row, data_set, name) for data_set in wanted}
  cells = [c for table in TABLES.values() for c in table.cells if c.encoder and not c.encoder.startswith('scratch')]
  assert listed == {(cell.row, cell.data_set, cell.encoder) for cell in cells}
  assert {name for _, _, name in listed} == {*FILES, *SUPERVISED}


def tiny(config: Pretraining) -> Pretraining:
  """The same experiment with one iteration of two steps on small clips and three clusters."""

  def two_steps(schedule):
    return dataclasses.replace(schedule, epoch_size=8, batch_size=4, total_epochs=1)

  return dataclasses.replace(
    config,
    clusterings=[dataclasses.replace(clustering, num_clusters=3) for clustering in config.clusterings],
    video_input=dataclasses.replace(config.video_input, num_frames=2, crop_size=16),
    schedule=two_steps(config.schedule),
    last_schedule=config.last_schedule and two_steps(config.last_schedule),
    retraining=config.retraining and dataclasses.replace(config.retraining, num_frames=4, batch_size=4),
    num_iterations=1,
  )


def trains(config: Pretraining, path: str, records, strategy) -> None:
  run = RunDirectory(path, strategy)
  pretrain(config, make_trainers(config, records, strategy), run, records, strategy)
  for name in config.encoders:
    (row,) = read_metrics(run.stage(f'iteration-00/train/{name}/metrics.csv'))
    assert 0 < float(row['train_loss']) < 10
  assert all(run.is_done(f'retrained/{name}') for name in config.retrained_encoders)


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  return records_factory.write_records(tmp_path_factory.mktemp('records'), frames_per_span=6)


@pytest.fixture
def quick_features(monkeypatch):
  """Random features: extracting them takes longer than the two steps, and no file sets anything about it."""

  def embed(self, split, shards, num_clips=1):
    rng = np.random.default_rng(0)
    for shard in shards:
      index = read_indices(self._records.shard_paths(split)[shard])
      yield index, rng.normal(size=(len(index), self._model.encoder.feature_dimension)).astype(np.float32)

  monkeypatch.setattr(Inference, 'embed', embed)


@pytest.mark.slow
def test_every_file_trains(records, one_replica, tmp_path, quick_features):
  one_layer = {'video': AnyLengthVideo, 'audio': TinyAudio}
  tried = []
  for stem in FILES:
    config = load(stem)
    encoders = {name: one_layer[model.modality] for name, model in config.encoders.items()}
    config = tiny(dataclasses.replace(config, encoders=encoders))
    if config not in tried:  # Many files differ in what is made small here alone.
      trains(config, str(tmp_path / stem), records, one_replica)
      tried.append(config)
  assert len(tried) == 9  # Six of Table 1, IG's schedules, and two schedules with 32 frames.


@pytest.mark.slow
def test_the_network_of_table_13_trains(records, one_replica, tmp_path, quick_features):
  config = load('table13_xdc_resnet3d', 'ResNet3D18.base_width = 4', 'AudioResNet18.base_width = 4')
  trains(tiny(config), str(tmp_path), records, one_replica)
