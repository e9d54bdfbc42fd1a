"""docs/extending.md is right when its files, put into a copy of the project, pass the tests that it adds, and can be trained."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import records_factory

ROOT = pathlib.Path(__file__).resolve().parent.parent
STEPS = re.findall(
  r'^(New file|Change) `([^`]+)`:\n\n```\w*\n(.*?)^```',
  (ROOT / 'docs/extending.md').read_text(),
  re.MULTILINE | re.DOTALL,
)
# A new method and a new encoder go the whole way: features, clusters, training.
TRAINS = """
import gin
import keras

from xdc_tf.cli.bound_encoders import BoundEncoder
from xdc_tf.cli import configuration
from xdc_tf.library.steps import pretrain_run


def test_a_run_of_both(tmp_path):
  parameters = {
    'num_audio_clusters': 2, 'Pretraining.num_iterations': 1, 'MixedResNet18.base_width': 4,
    'MixedResNet18.blocks_per_stage': 1, 'AudioResNet18.base_width': 4, 'AudioResNet18.blocks_per_stage': 1,
    'VideoInput.crop_size': 16, 'Schedule.epoch_size': 8, 'Schedule.batch_size': 4, 'Schedule.total_epochs': 1,
  }
  files = ['methods/audio_led.gin', 'models/mixed_resnet_18.gin']
  run = tmp_path / 'run'
  pretrain_run(RECORDS, str(run), files, [f'{n} = {v}' for n, v in parameters.items()], 1, False)
  assert (run / 'iteration-00/train/video/DONE').exists()
  assert [folder.name for folder in (run / 'iteration-01/clusters').iterdir()] == ['audio']
  assert 'MixedResNet18.base_width = 4' in (run / 'operative_config.gin').read_text()


def test_a_method_outside_of_the_project(tmp_path):
  saved = tmp_path / 'config.gin'
  saved.write_text(configuration.load(['video_led.gin'], ['num_video_clusters = 3']))
  configuration.load([str(saved)], [])  # As later verbs do.
  assert [(c.sources, c.teaches) for c in configuration.pretraining().clusterings] == [(('video',), ('video', 'audio'))]


@gin.configurable
class OutsideVideo(keras.Model):
  modality, feature_dimension = 'video', 4

  def __init__(self, width=8, seed=0, dtype=None):
    super().__init__(dtype=dtype)
    self.width = width


def test_an_encoder_outside_of_the_project():
  # Keras 3 made none of a class that is configurable by gin's own decorator.
  assert BoundEncoder.of(OutsideVideo)(width=3).width == 3
"""


def change(text: str, diff: str) -> str:
  """Applies a diff of one place, whose lines must be there exactly once."""
  lines = diff.splitlines(keepends=True)
  before, after = (''.join(line[1:] for line in lines if line[0] in signs) for signs in (' -', ' +'))
  assert ('\n' + text).count('\n' + before) == 1, before
  return ('\n' + text).replace('\n' + before, '\n' + after)[1:]


@pytest.fixture(scope='module')
def copy(tmp_path_factory):
  """A copy of the project in which everything that the page says has been done."""
  root = tmp_path_factory.mktemp('copy')
  for name in ('xdc_tf', 'beam_pipelines', 'gin', 'tests'):
    shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns('__pycache__'))
  shutil.copy(ROOT / 'pyproject.toml', root)
  for what, name, text in STEPS:
    path = root / name
    assert path.exists() == (what == 'Change'), name
    path.write_text(change(path.read_text(), text) if what == 'Change' else text)
  return root


def test_the_page_has_the_steps_that_it_promises():
  assert [name for what, name, _ in STEPS if what == 'New file' and name.startswith('tests/')] == [
    'tests/deep_clustering/test_audio_led.py',
    'tests/models/test_mixed_resnet.py',
    'tests/manifest/official/test_vggsound_manifest.py',
  ]
  text = (ROOT / 'docs/extending.md').read_text()
  assert len(STEPS) == text.count('\n```') // 2  # No block goes unnoticed.


def test_what_it_adds_has_the_style_of_the_project(copy):
  files = {name for _, name, _ in STEPS if name.endswith('.py')}
  for command in (['check'], ['format', '--check']):
    ruff = [sys.executable, '-m', 'ruff', *command, '--no-cache', *sorted(files)]
    done = subprocess.run(ruff, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_its_tests_pass_and_its_encoder_and_method_can_be_trained(copy, tmp_path):
  records = records_factory.write_records(tmp_path / 'records')
  (copy / 'tests/test_trains.py').write_text(TRAINS.replace('RECORDS', repr(records.directory)))
  tests = sorted(name for _, name, _ in STEPS if name.startswith('tests/'))
  command = [
    sys.executable,
    '-m',
    'pytest',
    '-p',
    'no:cacheprovider',
    '--basetemp',
    str(tmp_path / 'base'),
    '-o',
    'addopts=',
  ]
  done = subprocess.run(
    [*command, *tests, 'tests/test_trains.py', 'tests/test_architecture.py'],
    cwd=copy,
    env=os.environ | {'PYTHONPATH': str(copy)},
    capture_output=True,
    text=True,
    check=False,
  )
  assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
  passed = int(re.search(r'(\d+) passed', done.stdout)[1])
  assert passed >= 8 + 2 + 10 and 'failed' not in done.stdout
