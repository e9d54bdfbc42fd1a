import json
import os

import pytest

from xdc_tf import files
from xdc_tf.runs.run_directory import RunDirectory


@pytest.fixture
def run(tmp_path, one_replica):
  return RunDirectory(str(tmp_path), one_replica)


def test_a_finished_stage_is_not_done_again(run):
  calls = []
  assert run.once('features/video', lambda folder, word: calls.append((folder, word)), 'once') == run.stage(
    'features/video'
  )
  run.once('features/video', lambda folder, word: calls.append((folder, word)), 'twice')
  assert calls == [(run.stage('features/video'), 'once')]


def test_a_stage_that_fails_is_not_marked_and_keeps_what_it_left(run):
  def half(folder):
    with open(os.path.join(folder, 'part'), 'w') as file:
      file.write('one half')
    raise KeyboardInterrupt

  with pytest.raises(KeyboardInterrupt):
    run.once('train/audio', half)
  assert not run.is_done('train/audio')
  seen = []
  run.once('train/audio', lambda folder: seen.extend(os.listdir(folder)))
  assert seen == ['part']
  assert run.is_done('train/audio')


def test_another_configuration_is_refused_with_the_difference(run):
  run.check_configuration('seed = 0\nk = 64\n')
  run.check_configuration('seed = 0\nk = 64\n')
  with pytest.raises(ValueError, match=r'(?s)another configuration.*-k = 64.*\+k = 128') as error:
    run.check_configuration('seed = 0\nk = 128\n')
  assert 'seed' not in str(error.value)


HEADER = '# xdc-tf 0.1.0, TensorFlow {}, {} replicas\n# records: tiny\n'


@pytest.mark.parametrize('now', [HEADER.format('2.15.1', 4), HEADER.format('2.15.0', 1)])
def test_other_versions_and_replicas_go_on_when_that_is_allowed(run, now):
  before = HEADER.format('2.15.1', 1)
  run.check_configuration(before + 'k = 64\n')
  run.once('iteration-00/train/audio', lambda folder: None)
  with pytest.raises(ValueError, match=r'(?s)TensorFlow 2\.15\.1, 1 replicas.*With --allow_changes it goes on'):
    run.check_configuration(now + 'k = 64\n')
  with pytest.raises(ValueError, match='another configuration'):
    run.check_configuration(now + 'k = 128\n', allow_changes=True)
  run.check_configuration(now + 'k = 64\n', allow_changes=True)
  run.check_configuration(now + 'k = 64\n')  # It is the run's own from here on.
  run.check_configuration(before + 'k = 64\n', allow_changes=True)
  with open(run.stage('changes.jsonl')) as file:
    there, back = map(json.loads, file)
  assert there['from'] == back['to'] == ['xdc-tf 0.1.0, TensorFlow 2.15.1, 1 replicas']
  assert there['to'] == back['from'] and there['stages_done'] == ['iteration-00/train/audio']


def test_a_run_does_not_go_on_across_the_stacks(run):
  run.check_configuration(HEADER.format('2.15.1', 1))
  with pytest.raises(ValueError, match=r'(?s)other software stack.*What is finished can be used on both'):
    run.check_configuration(HEADER.format('2.21.0', 1), allow_changes=True)


def test_folders_that_tensorflow_takes_for_patterns_are_refused(one_replica, tmp_path, monkeypatch):
  with pytest.raises(ValueError, match='Choose another'):
    RunDirectory('runs/[1]', one_replica)
  (tmp_path / 'films [2024]').mkdir()
  monkeypatch.chdir(tmp_path / 'films [2024]')
  with pytest.raises(ValueError, match=r'films \[2024\]/run: TensorFlow cannot find checkpoints'):
    RunDirectory('run', one_replica)


def test_who_may_not_write_any_more_removes_nothing(run, tmp_path, monkeypatch):
  """An owner that was stopped and woke up after another job took over: the temporary files are that job's."""

  def lost():
    raise RuntimeError('taken over')

  (tmp_path / 'clusters').mkdir()
  (tmp_path / 'clusters' / 'pseudo_labels.npy.tmp.0b').write_bytes(b'half')
  monkeypatch.setattr(files, 'guards', [lost])
  with pytest.raises(RuntimeError, match='taken over'):
    run.once('clusters', lambda folder: None)
  assert (tmp_path / 'clusters' / 'pseudo_labels.npy.tmp.0b').exists() and not run.is_done('clusters')


def test_what_killed_processes_left_goes_with_the_next_one(run, tmp_path):
  run.check_configuration('a')
  half = f'.tmp.{"0a" * 16}'
  for path in (tmp_path / f'config.gin{half}', tmp_path / 'clusters' / f'pseudo_labels.npy{half}'):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b'half')
  (tmp_path / 'clusters' / 'mine.tmp.txt').touch()
  run.check_configuration('a')
  run.once('clusters', lambda folder: None)
  assert sorted(path.name for path in tmp_path.rglob('*')) == ['DONE', 'clusters', 'config.gin', 'mine.tmp.txt']


def test_a_folder_of_something_else_is_no_run(run, tmp_path):
  """A run was begun among somebody's films, and files whose names had .tmp. in them were deleted."""
  for name in ('.hidden', 'lease.json', 'job.log', 'film.tmp.mp4'):
    (tmp_path / name).touch()
  with pytest.raises(
    ValueError, match=rf'^{tmp_path} is not empty and no run .*; it holds film.tmp.mp4\. Give a new folder'
  ):
    run.check_configuration('a')
  assert len(list(tmp_path.iterdir())) == 4
  (tmp_path / 'film.tmp.mp4').unlink()
  run.check_configuration('a')
  assert (tmp_path / 'config.gin').read_text() == 'a'


def test_a_run_that_lost_its_configuration_says_that_the_rest_is_whole(run, tmp_path):
  """It was called no run, and a new folder was advised: all trainings once more."""
  (tmp_path / 'operative_config.gin').touch()
  with pytest.raises(ValueError, match=rf'^{tmp_path} has lost its config.gin.*Copy that file again'):
    run.check_configuration('a')


def test_the_same_weights_are_the_same_start_whatever_their_folder_is_called(run, tmp_path):
  """A renamed folder of the pretraining stopped the sweeps that had begun from it."""
  text = '# xdc-tf 1\n# start: {}, weights {}\nx = 1\n'
  run.check_configuration(text.format('xdc/video', '0a1b'))
  run.check_configuration(text.format('renamed/video', '0a1b'))
  assert 'xdc/video' in (tmp_path / 'config.gin').read_text()
  with pytest.raises(ValueError, match='other configuration(?s:.*)weights ffff'):
    run.check_configuration(text.format('xdc/video', 'ffff'))


def test_a_worker_that_does_not_see_the_run_says_so(run):
  """It said that config.gin does not exist, which the first worker had just written on its own disk."""
  run.is_chief = False
  with pytest.raises(
    ValueError, match='this worker does not see it. The folder must lie on a file system that all hosts share'
  ):
    run.check_configuration('a = 1\n')
