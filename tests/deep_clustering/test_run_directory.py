import os

import pytest

from xdc_tf.deep_clustering.run_directory import RunDirectory


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


def test_folders_that_tensorflow_takes_for_patterns_are_refused(one_replica):
  with pytest.raises(ValueError, match='Choose another'):
    RunDirectory('runs/[1]', one_replica)
