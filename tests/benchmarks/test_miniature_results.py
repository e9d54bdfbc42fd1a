"""The table, the plot and the clock, on numbers that were made up here."""

import re
import time
from concurrent import futures

import numpy as np
import pytest

from benchmarks.miniature import results
from benchmarks.miniature.stage_clock import StageClock


def cell(method, seed, probe, modalities=('video', 'audio'), clusterings=('video', 'audio'), iterations=3):
  values = dict.fromkeys(results.COLUMNS.values(), 0.5) | {'probe': probe}
  row = {name: {'nmi_with_labels': 0.1 * n} for n, name in enumerate(clusterings, start=1)}
  return {
    'method': method,
    'seed': seed,
    'encoders': {modality: values for modality in modalities},
    'iterations': [{'clusterings': row, 'cross_modal_nmi': 0.2}] * iterations,
    'stages': {'features': {'seconds': 1.0, 'peak_mb': 1024.0}, 'pretraining': {'seconds': 2.0, 'peak_mb': 1536.0}},
    'seconds': 90.0,
  }


@pytest.fixture
def contents():
  cells = [
    cell('scratch', 0, 0.95, iterations=1),
    cell('cdc', 0, 0.4, clusterings=('joint',)),
    cell('xdc', 0, 0.8),
    cell('xdc', 1, 0.9),
    cell('same_modality_video', 0, 0.2, ('video',), ('video_a', 'video_b')),
    cell('same_modality_audio', 0, 0.7, ('audio',), ('audio_a', 'audio_b')),
  ]
  return {
    'corpus': {'name': 'x', 'clips': {'test': 10, 'train': 30}, 'labels': ['a', 'b']},
    'settings': {'few_labels': 10, 'num_clusters': 4, 'num_iterations': 2},
    'machine': 'a machine',
    'software': 'some software',
    'date': '2026-11-21',
    'cells': cells,
  }


def test_the_table_has_mean_deviation_and_costs(contents):
  video, audio, costs, words = results.table(contents).split('\n\n')
  rows = [[field.strip() for field in line.strip('|').split('|')] for line in video.splitlines()]
  assert rows[0][:4] == ['video encoder', 'linear probe', 'probe, 10 a class', 'finetuned, 10 a class']
  assert [row[:2] for row in rows[2:]] == [
    ['Scratch', '0.950'],
    ['CDC', '0.400'],
    ['XDC', f'0.850 ± {np.std([0.8, 0.9], ddof=1):.3f}'],
    ['same-modality XDC', '0.200'],
  ]
  assert rows[4][-1] == '2'
  assert re.search(r'same-modality XDC +\| 0.700', audio)
  assert re.search(r'xdc +\| 1 \(1.0\) +\| +\| 2 \(1.5\) +\| +\| +\| 90', costs)
  assert 'Seeds 0, 1; 10 test, 30 train clips, 2 classes, 4 clusters, 2 iterations' in words


def test_curves_are_of_the_encoder_that_is_measured(contents):
  curves = {(c['method'], m): results.nmi_by_iteration(c, m) for c in contents['cells'] for m in ('video', 'audio')}
  assert curves['xdc', 'video'] == pytest.approx([0.1] * 3)
  assert curves['xdc', 'audio'] == pytest.approx([0.2] * 3)
  assert curves['cdc', 'video'] == curves['cdc', 'audio'] == pytest.approx([0.1] * 3)
  assert curves['same_modality_video', 'audio'] == []
  assert curves['same_modality_audio', 'audio'] == pytest.approx([0.1] * 3)


def test_everything_is_written_beside_the_results(contents, tmp_path):
  for name in ('one', 'two'):
    results.write(str(tmp_path / f'{name}.json'), contents)
  assert sorted(path.name for path in tmp_path.iterdir()) == [
    f'{n}.{e}' for n in ('one', 'two') for e in ('json', 'md', 'svg')
  ]
  assert (tmp_path / 'one.md').read_text() == results.table(contents) + '\n'
  drawing = (tmp_path / 'one.svg').read_text()
  assert drawing == (tmp_path / 'two.svg').read_text()
  assert 'svg' in drawing


def test_the_clock_adds_up_over_restarts_and_sees_the_memory_of_its_stage(tmp_path):
  path = str(tmp_path / 'stages.json')
  clock = StageClock(path)
  with clock.stage('large'):
    np.ones(30_000_000)  # 240 MB.
  with clock.stage('small'):
    time.sleep(0.05)
  clock = StageClock(path)
  with clock.stage('small'):
    time.sleep(0.05)
  assert 0.1 <= clock.stages['small']['seconds'] < 0.5
  assert clock.stages['large']['peak_mb'] - clock.stages['small']['peak_mb'] > 150
  with pytest.raises(RuntimeError), clock.stage('small'):
    raise RuntimeError
  assert StageClock(path).stages == clock.stages


def test_stages_at_the_same_time_count_once(tmp_path):
  clock = StageClock(str(tmp_path / 'stages.json'))

  def work(seconds: float) -> None:
    with clock.stage('training'):
      time.sleep(seconds)

  started = time.monotonic()
  with futures.ThreadPoolExecutor(2) as pool:
    list(pool.map(work, (0.4, 0.8)))
  assert 0.8 <= clock.stages['training']['seconds'] <= time.monotonic() - started


def test_probes_alone_have_a_column_a_seed(contents):
  lines = results.probes(contents).splitlines()
  assert [field.strip() for field in lines[0].strip('|').split('|')] == ['linear probe', 'seed 0', 'seed 1', 'mean']
  assert any(re.search(r'^\| XDC, video +\| 0.800 +\| 0.900 +\| 0.850 ± 0.071', line) for line in lines)
  assert any(re.search(r'^\| CDC, audio +\| 0.400 +\| +\| 0.400', line) for line in lines)
