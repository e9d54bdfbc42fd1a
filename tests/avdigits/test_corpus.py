"""The folder of a corpus: what the command makes, goes on with and refuses."""

import csv
import io
import json
import os
import pathlib
import subprocess
import sys
import time

import av
import numpy as np
import pytest

from xdc_tf.avdigits import corpus, rendering
from xdc_tf.avdigits.digits import WORDS
from xdc_tf.cli import main
from xdc_tf.manifest import folder_and_csv
from xdc_tf.media import media


def run(folder: pathlib.Path, *arguments: str, train: int = 4, test: int = 2, seed: int = 5, workers: int = 1) -> None:
  counts = ['--train', str(train), '--test', str(test), '--seed', str(seed), '--num_workers', str(workers)]
  parsed = main.build_parser().parse_args(['make-avdigits', '--output_dir', str(folder), *counts, *arguments])
  parsed.run(parsed)


def rows(path: pathlib.Path) -> list[dict[str, str]]:
  with open(path, newline='') as file:
    return list(csv.DictReader(file))


def sound(content: bytes) -> list[bytes]:
  with av.open(io.BytesIO(content)) as container:
    return [bytes(packet) for packet in container.demux(audio=0)]


def pictures(content: bytes) -> np.ndarray:
  with av.open(io.BytesIO(content)) as container:
    return np.stack([frame.to_ndarray(format='rgb24').astype(float) for frame in container.decode(video=0)])


def contents(folder: pathlib.Path) -> dict[str, bytes]:
  return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob('*')) if path.is_file()}


@pytest.fixture(scope='module')
def made(tmp_path_factory) -> pathlib.Path:
  folder = tmp_path_factory.mktemp('avdigits') / 'corpus'
  run(folder)
  return folder


@pytest.mark.slow
def test_the_command_makes_what_it_says(made):
  assert set(contents(made)) == {
    'avdigits.json',
    'clips.csv',
    'list.csv',
    *(f'videos/train/00000{n}.mp4' for n in range(4)),
    *(f'videos/test/00000{n}.mp4' for n in range(2)),
  }
  listed = rows(made / 'list.csv')
  assert list(listed[0]) == ['path', 'label', 'split']
  assert [row['path'] for row in listed] == [f'videos/train/00000{n}.mp4' for n in range(4)] + [
    f'videos/test/00000{n}.mp4' for n in range(2)
  ]
  assert [row['split'] for row in listed] == ['train'] * 4 + ['test'] * 2
  assert {row['label'] for row in listed} <= set(WORDS)
  settings = json.loads((made / 'avdigits.json').read_text())
  assert (settings['level'], settings['seed'], settings['clips']) == ('hard', 5, {'train': 4, 'test': 2})
  assert settings['nuisances']['snr_db'] == [12, 28]
  assert [len(settings['voices'][split]) for split in ('train', 'test')] == [50, 22]
  assert settings['versions']['espeak-ng'].startswith('1.')
  assert sum(settings['clips_of_a_class']['train'].values()) == 4


@pytest.mark.slow
def test_xdc_manifest_reads_the_list(made):
  listed = list(folder_and_csv.csv_rows(str(made / 'list.csv'), str(made)))
  assert [split for split, _ in listed] == ['train'] * 4 + ['test'] * 2
  assert all(os.path.exists(row.path) and row.labels[0] in WORDS for _, row in listed)


@pytest.mark.slow
def test_the_reader_gets_two_seconds_of_both(made):
  for row in rows(made / 'list.csv'):
    path = str(made / row['path'])
    info = media.probe(path)
    assert (info.width, info.height, info.frame_rate) == (80, 80, 30)
    assert info.duration_seconds == pytest.approx(2.0, abs=0.001)
    span = media.read_span(path)
    assert len(span.frames) == 60 and span.waveform.shape == (32_000,)
    with av.open(path) as container:
      assert [stream.codec_context.name for stream in container.streams] == ['h264', 'aac']
      assert [stream.start_time for stream in container.streams] == [0, 0]


def assert_same_clip(content: bytes, other: bytes) -> None:
  """x264 gives other bytes for the same frames once in some hundred times, by 2 levels in the mean; other clips differ by 20."""
  assert sound(content) == sound(other)
  assert np.abs(pictures(content) - pictures(other)).mean() < 5


def assert_same_corpus(found: dict[str, bytes], expected: dict[str, bytes]) -> None:
  assert found.keys() == expected.keys()
  for name, content in expected.items():
    if name.endswith('.mp4'):
      assert_same_clip(found[name], content)
    else:
      assert found[name] == content, name


@pytest.mark.slow
def test_more_clips_and_more_workers_change_no_clip(made, tmp_path):
  run(tmp_path / 'more', train=6, test=3, workers=2)
  few, more = contents(made), contents(tmp_path / 'more')
  videos = [name for name in few if name.endswith('.mp4')]
  assert len(videos) == 6 and len(more) == len(few) + 3
  for name in videos:
    assert_same_clip(few[name], more[name])
  assert few['clips.csv'].decode().splitlines()[:5] == more['clips.csv'].decode().splitlines()[:5]


@pytest.mark.slow
def test_an_interrupted_run_goes_on(made, tmp_path, capsys):
  run(tmp_path / 'again')
  whole = contents(tmp_path / 'again')
  assert_same_corpus(whole, contents(made))
  for name in ('videos/train/000002.mp4', 'list.csv'):
    (tmp_path / 'again' / name).unlink()
  kept = (tmp_path / 'again/videos/train/000001.mp4').stat().st_mtime_ns
  capsys.readouterr()
  run(tmp_path / 'again')
  assert_same_corpus(contents(tmp_path / 'again'), whole)
  assert (tmp_path / 'again/videos/train/000001.mp4').stat().st_mtime_ns == kept
  assert 'seed 5, 1 clips new' in capsys.readouterr().out


def test_the_list_comes_last(tmp_path, monkeypatch):
  def fail(*_):
    raise OSError('disk full')

  monkeypatch.setattr(rendering.mp4, 'encode', fail)
  with pytest.raises(OSError, match='disk full'):
    run(tmp_path / 'corpus')
  assert set(contents(tmp_path / 'corpus')) == {'avdigits.json'}


@pytest.mark.slow
def test_a_folder_made_otherwise_is_refused(made):
  before = contents(made)
  with pytest.raises(ValueError, match=r'another corpus: seed 5 instead of 6; voices'):
    run(made, seed=6)
  with pytest.raises(
    ValueError, match=r'clips {"test": 2, "train": 4} instead of {"test": 2, "train": 5}\. Give a new'
  ):
    run(made, train=5)
  with pytest.raises(ValueError, match='level "hard" instead of "easy"; nuisances'):
    run(made, '--level', 'easy')
  assert contents(made) == before


@pytest.mark.slow
def test_a_folder_made_with_other_curation_is_refused(made):
  with pytest.raises(
    ValueError, match='holds another corpus: curation null instead of {"long_tail": 1.0, "mismatched_sound": 0.2'
  ):
    run(made, '--mismatched_sound', '.2')


def test_a_folder_of_somebody_else_is_refused(tmp_path):
  (tmp_path / 'holiday.mp4').write_text('mine')
  with pytest.raises(ValueError, match='was not made by make-avdigits.*it holds holiday.mp4. Give a new folder'):
    run(tmp_path)
  assert set(contents(tmp_path)) == {'holiday.mp4'}
  with pytest.raises(ValueError, match='is a file'):
    run(tmp_path / 'holiday.mp4')


@pytest.mark.parametrize(
  ('arguments', 'message'),
  [
    ({'train': 0}, 'train=0, test=2 and num_workers=1; expected at least 1'),
    ({'workers': 0}, 'num_workers=0'),
    ({'more': ('--mismatched_sound', '.7')}, 'mismatched_sound=0.7 and long_tail=1; expected 0 to 0.6 and 1 to 100'),
    ({'more': ('--long_tail', '.5')}, 'long_tail=0.5'),
    ({'seed': -1}, 'seed is -1; expected a whole number from 0 to 4294967295'),
  ],
)
def test_arguments_out_of_range_are_refused(tmp_path, arguments, message):
  with pytest.raises(ValueError, match=message):
    run(tmp_path / 'corpus', *arguments.pop('more', ()), **arguments)
  assert not (tmp_path / 'corpus').exists()


def test_an_unknown_level_is_refused(tmp_path):
  with pytest.raises(ValueError, match="level is 'medium'; expected one of easy, hard, hardest"):
    corpus.make(str(tmp_path / 'corpus'), 'medium', 4, 2, 0, 1)


@pytest.mark.slow
def test_a_corpus_of_pairs_is_named_so_and_not_gone_on_with_as_another(tmp_path):
  run(tmp_path, '--num_classes', '50')
  assert json.loads((tmp_path / 'avdigits.json').read_text())['num_classes'] == 50
  assert all(len(row['label'].split()) == 2 for row in rows(tmp_path / 'list.csv'))
  with pytest.raises(ValueError, match='holds another corpus: num_classes 50 instead of 40'):
    run(tmp_path, '--num_classes', '40')
  with pytest.raises(ValueError, match='num_classes is 15; expected one of 10, 20, 30, 40, 50'):
    run(tmp_path / 'other', '--num_classes', '15')


@pytest.mark.slow
def test_a_killed_command_leaves_no_processes(tmp_path):
  """They waited for clips for ever, two with every kill of a scheduler."""
  command = [sys.executable, '-m', 'xdc_tf', 'make-avdigits', '--output_dir', str(tmp_path), '--num_workers', '2']
  job = subprocess.Popen(
    [*command, '--train', '500', '--test', '10'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
  )
  deadline = time.monotonic() + 100
  try:
    while len(workers := _children(job.pid)) < 3:  # And the one that frees what they share.
      assert job.poll() is None and time.monotonic() < deadline
      time.sleep(0.05)
  finally:
    job.kill()
    job.wait()
  while any(map(_is_alive, workers)):
    assert time.monotonic() < deadline
    time.sleep(0.05)


def _children(pid: int) -> list[int]:
  lists = pathlib.Path(f'/proc/{pid}/task').glob('*/children')
  return [int(child) for some in lists for child in some.read_text().split()]


def _is_alive(pid: int) -> bool:
  status = pathlib.Path(f'/proc/{pid}/stat')
  return status.exists() and status.read_text().rpartition(')')[2].split()[0] != 'Z'


def test_the_processes_that_render_load_no_tensorflow():
  """It takes each of them three seconds and some hundred megabytes."""
  code = 'import sys; import xdc_tf.avdigits.rendering; sys.exit("tensorflow" in sys.modules)'
  subprocess.run([sys.executable, '-c', code], check=True, env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)))
