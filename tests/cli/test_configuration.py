import pathlib
import re

import numpy as np
import pytest

from xdc_tf.cli import bound_encoders, configuration, strict_gin
from xdc_tf.deep_clustering.outer_loop import Pretraining
from xdc_tf.evaluation import finetuning
from xdc_tf.models.audio_resnet import AudioResNet18
from xdc_tf.models.configurable import configurable
from xdc_tf.models.r2plus1d import R2Plus1D18

XDC = 'papers/neurips2020/table1_xdc.gin'
FILES = sorted(
  str(path.relative_to(strict_gin.gin_folder())) for path in pathlib.Path(strict_gin.gin_folder()).rglob('*.gin')
)


def test_table_1_xdc_is_what_the_paper_says():
  configuration.load([XDC], [])
  config = Pretraining()
  assert config.encoders['video'] is R2Plus1D18
  assert [(c.sources, c.teaches, c.num_clusters) for c in config.clusterings] == [
    (('video',), ('audio',), 128), (('audio',), ('video',), 128),
  ]  # fmt: skip
  schedule = config.schedule
  assert (schedule.epoch_size, schedule.batch_size, schedule.base_learning_rate) == (1_000_000, 32, 0.01)
  assert (schedule.warmup_epochs, schedule.step_epochs, schedule.total_epochs) == (10, 10, 30)
  assert (schedule.gamma, schedule.weight_decay, schedule.early_stop_epochs) == (0.01, 1e-4, 3)
  assert (config.video_input.num_frames, config.video_input.crop_size, config.audio_input.num_frames) == (8, 224, 100)


@pytest.mark.parametrize('name', [name for name in FILES if re.match('papers/.*/table|demo/|miniature/table1', name)])
def test_every_experiment_makes_a_configuration(name):
  configuration.load([name], [])
  config = Pretraining()
  assert config.num_iterations >= 1
  assert all(config.heads_of(encoder) for encoder in config.encoders)


def test_the_text_of_a_configuration_loads_as_itself(tmp_path):
  text = configuration.load([XDC], ['num_video_clusters = 64', 'R2Plus1D18.base_width = 8'])
  saved = tmp_path / 'config.gin'
  saved.write_text('# records: test\n' + text)
  assert configuration.load([str(saved)], []) == text
  assert [c.num_clusters for c in Pretraining().clusterings] == [64, 128]


@pytest.mark.parametrize(
  ('binding', 'message'),
  [
    ('Shedule.epoch_size = 5', "Did you mean 'Schedule'"),
    ('Schedule.epoch_sise = 5', "Did you mean 'epoch_size'"),
    ('num_video_cluster = 5', "Did you mean 'num_video_clusters'"),
    ('num_joint_clusters = 5', 'Nothing uses'),
    ('R2Plus1D18.widht = 5', 'Did you mean|valid names are'),
    ('last_schedule.total_epoch = 5', "Did you mean 'total_epochs'"),
    ('Retraining.num_frame = 5', "Did you mean 'num_frames'"),
    ('Schedule.epoch_size = = 5', 'syntax|Syntax|Unable|invalid'),
  ],
)
def test_misspelt_names_are_errors_that_name_the_nearest(binding, message):
  with pytest.raises(strict_gin.ConfigurationError, match=message):
    configuration.load([XDC], [binding])


@configurable
class PooledSound(AudioResNet18):
  """An encoder of a module of somebody's own."""

  def __init__(self, pooling: int = 2, seed=0, dtype=None):
    super().__init__(seed=seed, dtype=dtype)
    self.pooling = pooling


@pytest.mark.parametrize(
  ('binding', 'message'),
  [
    ('PooledSound.poolign = 3', "Did you mean 'pooling'"),
    ('PooledSuond.pooling = 3', "Did you mean 'PooledSound'"),
    ("PooledSound.pooling = '3'", 'PooledSound.pooling must be of the type int'),
  ],
)
def test_names_and_types_of_ones_own_are_looked_at_too(binding, message):
  """The names that were meant were those of the project, or none."""
  with pytest.raises(strict_gin.ConfigurationError, match=message):
    configuration.load([XDC], ['audio_encoder = @PooledSound', binding])


@configurable
class UnknownModality(AudioResNet18):
  """Nothing says how it is fed."""

  modality = 'sound'


def test_an_encoder_that_nothing_feeds():
  configuration.load([XDC], ['audio_encoder = @UnknownModality', 'num_video_clusters = 3', 'num_audio_clusters = 3'])
  with pytest.raises(
    ValueError, match="The encoder UnknownModality has modality = 'sound'; expected 'video' or 'audio'"
  ):
    configuration.pretraining()


@pytest.mark.parametrize(
  ('binding', 'message'),
  [
    ('ResNet3D18.base_width = 8', "does not use ResNet3D18. Did you mean 'R2Plus1D18'"),
    ('cdc.num_clusters = 9', 'does not use cdc'),
    ('foo/Schedule.epoch_size = 9', 'scopes have no meaning'),
    ('R2Plus1D18.seed = 77', 'Pretraining.seed'),
    ("AudioResNet18.dtype = 'mixed_bfloat16'", 'TrainingOptions.precision'),
    ('HeadedEncoder.seed = 3', 'No configurable matching'),
    ('last_schedule.total_epochs = 30', 'does not use last_schedule'),
    ('Retraining.num_frames = 32', 'does not use Retraining'),
  ],
)
def test_values_without_effect_are_errors(binding, message):
  with pytest.raises(strict_gin.ConfigurationError, match=message):
    configuration.load([XDC], [binding])


def test_a_configuration_without_a_method_says_which_there_are():
  configuration.load([], [])
  with pytest.raises(strict_gin.ConfigurationError, match=r'--gin_file methods/xdc.gin \(there are cdc.gin, mdc.gin'):
    configuration.pretraining()


@pytest.mark.parametrize(
  ('binding', 'message'),
  [
    ('Schedule.batch_size = 2.5', 'Schedule.batch_size must be of the type int'),
    ("Schedule.epoch_size = '5'", "Schedule.epoch_size must be of the type int. Received: '5'"),
    ("Pretraining.num_iterations = '2'", "Pretraining.num_iterations must be of the type int. Received: '2'"),
    ("R2Plus1D18.base_width = '4'", "R2Plus1D18.base_width must be of the type int. Received: '4'"),
    ("KMeansOptions.memory = 'all'", "KMeansOptions.memory must be of the type .*Received: 'all'"),
    ("num_video_clusters = '7'", "num_video_clusters must be of the type int. Received: '7'"),
    ("Schedule.keep_best = 'False'", 'must be of the type bool'),
    ('num_video_clusters = 1e2', 'num_video_clusters must be of the type int'),
    ('Pretraining.num_iterations = True', 'must be of the type int'),
  ],
)
def test_values_of_a_wrong_type_are_errors(binding, message):
  with pytest.raises(strict_gin.ConfigurationError, match=message):
    configuration.load([XDC], [binding])
    configuration.pretraining()


@pytest.mark.parametrize(
  ('binding', 'message'),
  [
    ('Schedule.epoch_size = many', 'line 1: the value is nothing that Python can read: texts need quotes'),
    ('Schedule.epoch_size : 32', 'line 1: expected NAME = VALUE'),
  ],
)
def test_what_is_no_binding_is_said_in_words(binding, message):
  with pytest.raises(strict_gin.ConfigurationError, match=message):
    configuration.load([XDC], [binding])


def test_an_encoder_bound_in_python_takes_numbers_only():
  with pytest.raises(ValueError, match="R2Plus1D18.base_width must be of the type int. Received: '4'"):
    bound_encoders.bound_encoder('R2Plus1D18', base_width='4')
  bindings = bound_encoders.bound_encoder('R2Plus1D18', base_width=np.int64(4)).bindings
  assert repr(bindings) == "(('base_width', 4),)"  # NumPy 2 writes np.int64(4), which gin does not read.


def test_the_gin_folder_of_an_installed_package_is_its_own(tmp_path, monkeypatch):
  # site-packages has a folder gin too: gin-config's code.
  package = tmp_path / 'xdc_tf'
  (tmp_path / 'gin').mkdir()
  (package / 'cli').mkdir(parents=True)
  monkeypatch.setattr(strict_gin, '__file__', str(package / 'cli' / 'strict_gin.py'))
  assert strict_gin.gin_folder() == str(package / 'gin_files')


def test_missing_files_are_errors_that_name_the_nearest():
  with pytest.raises(strict_gin.ConfigurationError, match="Did you mean 'methods/xdc.gin'"):
    configuration.load(['methods/xdcc.gin'], [])


def test_missing_values_are_errors():
  with pytest.raises(strict_gin.ConfigurationError, match="'num_audio_clusters' has no value"):
    configuration.load(['methods/xdc.gin'], ['num_video_clusters = 4'])


def test_a_wrong_value_is_refused_where_it_is_used():
  configuration.load([XDC], ["TrainingOptions.precision = 'half'"])
  with pytest.raises(ValueError, match='bfloat16'):
    Pretraining()


def test_an_include_takes_nothing_back(tmp_path):
  """Supplement C's batches of 8 became 32 at rates for 8, and Table 13's ResNet3D-18 an R(2+1)D-18, by the order of two files."""
  files_and_roots = [
    (['transfer/ucf101.gin', 'transfer/full_32_frames.gin'], finetuning.Finetuning, 'Schedule.batch_size = 32', '8'),
    (
      ['papers/neurips2020/table1_xdc.gin', 'models/resnet3d_18.gin'],
      Pretraining,
      'video_encoder = @R2Plus1D18',
      '@ResNet3D18',
    ),
  ]
  for names, root, now, before in files_and_roots:
    assert configuration.load(names, [], root)
    complaint = re.escape(
      f'{names[0]} includes a file that sets {now}, which takes back what {names[1]} says: {before}.'
    )
    with pytest.raises(strict_gin.ConfigurationError, match=complaint):
      configuration.load(names[::-1], [], root)
  # What a later file, or --gin_param, says itself wins, also where its include says the same; the same value is no change.
  own, again = tmp_path / 'own.gin', tmp_path / 'again.gin'
  own.write_text("include 'transfer/ucf101.gin'\nSchedule.batch_size = 32\nSchedule.base_learning_rate = 0.004\n")
  again.write_text("include 'transfer/full_32_frames.gin'\nSchedule.batch_size = 8\n")
  assert configuration.load(['transfer/full_32_frames.gin', str(own)], [], finetuning.Finetuning)
  assert configuration.load(
    ['transfer/full_32_frames.gin', 'transfer/ucf101.gin'],
    ['Schedule.batch_size = 4', 'Schedule.base_learning_rate = 0.1'],
    finetuning.Finetuning,
  )
  with pytest.raises(strict_gin.ConfigurationError, match='which takes back what .*again.gin says: 8'):
    configuration.load([str(again), 'transfer/ucf101.gin'], [], finetuning.Finetuning)
  assert configuration.load(['methods/xdc.gin', 'miniature/table13_resnet3d.gin'], [])


def test_loading_forgets_the_configuration_before():
  configuration.load([XDC], ['Pretraining.seed = 7'])
  configuration.load([XDC], [])
  assert Pretraining().seed == 0


@pytest.mark.parametrize(
  ('text', 'line', 'message'),
  [
    ('Pretraining.seed = 1\nSchedule.epoch_size = [1,\n', 2, 'a bracket or a string is not closed'),
    ("Pretraining.seed = 1\n\nSchedule.decay = 'step\n", 3, ''),
    ('import nothing_here\n', 1, 'No module named .nothing_here.*PYTHONPATH=. xdc'),
    ('Pretraining.seed = {[]: 1}\n', 1, 'unhashable'),
    ("include 'methods/xdc.gin'\n# a comment\nPretraining.seed = 1\nPretraining.sede = 2\n", 4, 'Did you mean .seed.'),
  ],
)
def test_a_file_that_gin_cannot_read_is_named_with_its_line(tmp_path, text, line, message):
  """gin 0.5.0 lets TokenError, ImportError and TypeError through, without a file or a line."""
  path = tmp_path / 'mine.gin'
  path.write_text(text)
  with pytest.raises(strict_gin.ConfigurationError, match=f'(?s)mine.gin, line {line}: .*{message}'):
    configuration.load([str(path)], [])


def test_files_that_include_each_other_are_named(tmp_path):
  one, two = tmp_path / 'one.gin', tmp_path / 'two.gin'
  one.write_text(f"include '{two}'\n")
  two.write_text(f"include '{one}'\n")
  with pytest.raises(
    strict_gin.ConfigurationError, match='one.gin includes itself: .*one.gin -> .*two.gin -> .*one.gin'
  ):
    configuration.load([str(one)], [])


def test_loading_another_configuration_changes_no_encoder_of_the_first():
  """Run A made 64-dimensional features; after run B was opened, A made 128-dimensional ones."""
  narrow = ['R2Plus1D18.base_width = 4', 'R2Plus1D18.batch_norm_epsilon = 1e-5']
  configuration.load([XDC], narrow)
  first = configuration.pretraining()
  again = configuration.pretraining()
  assert first.encoders == again.encoders and first.encoders['video'].modality == 'video'
  configuration.load([XDC], ['R2Plus1D18.base_width = 8', "R2Plus1D18.middle = 'block'"])
  second = configuration.pretraining()
  assert first.encoders['video'] != second.encoders['video']
  for config, width, middle, epsilon in (
    (first, 4, 'conv', 1e-5),
    (second, 8, 'block', 1e-3),
    (first, 4, 'conv', 1e-5),
  ):
    encoder = config.encoders['video'](seed=1)
    assert (encoder.base_width, encoder.middle, encoder.batch_norm_epsilon) == (width, middle, epsilon)


def test_a_file_that_is_no_text_is_named(tmp_path):
  path = tmp_path / 'a.gin'
  path.write_bytes(b'num_clusters = 3 # \xff')
  with pytest.raises(strict_gin.ConfigurationError, match=f'^{path} is no text in UTF-8'):
    configuration.load([str(path)], [])
