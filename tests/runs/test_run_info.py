"""What ties a run directory to its start, beside the configuration."""

import types

import pytest
import records_factory

from xdc_tf import compat, files
from xdc_tf.cli import configuration
from xdc_tf.runs import run_info, training_facts
from xdc_tf.training import distribution
from xdc_tf.training.options import TrainingOptions

STRATEGY = types.SimpleNamespace(num_replicas_in_sync=1)
RECORDS = types.SimpleNamespace(
  name='some', shard_lengths={'train': [3]}, num_clips=lambda split: 3, fingerprint=lambda: 'abc'
)


@pytest.mark.parametrize(
  ('line', 'begun'),
  [
    ('# precision: bfloat16, with XLA', ('bfloat16', True)),
    ('# precision: float16, without XLA', ('float16', False)),
    ("# precision: 'auto' is bfloat16 here", ('bfloat16', False)),  # of version 0.1, which had no XLA by itself
    ('# nothing', ('float32', False)),
  ],
)
def test_a_run_keeps_what_auto_chose_at_its_start(line, begun, tmp_path, monkeypatch):
  monkeypatch.setattr(distribution, 'has_bfloat16_units', lambda: True)
  here = run_info.as_begun(TrainingOptions(), str(tmp_path))
  assert here == TrainingOptions().resolved() and here.precision == 'bfloat16'
  assert run_info.header(RECORDS, STRATEGY, here).endswith('# precision: bfloat16, without XLA\n')
  (tmp_path / 'config.gin').write_text(f'# xdc-tf\n{line}\nSchedule.total_epochs = 1\n')
  resumed = run_info.as_begun(TrainingOptions(), str(tmp_path))
  assert (resumed.precision, resumed.jit_compile) == begun == run_info.begun_in(str(tmp_path))
  asked = run_info.as_begun(TrainingOptions(precision='float32', jit_compile=True), str(tmp_path))
  assert (asked.precision, asked.jit_compile) == ('float32', True)


def test_records_on_another_file_system_are_prepared_too(tmp_path, monkeypatch):
  def prepare(path):
    if path == 's3://b/records':
      raise RuntimeError('prepared')

  (tmp_path / 'config.gin').touch()
  with pytest.raises(ValueError, match=f'^{tmp_path}/config.gin is not the configuration of a run'):
    configuration.open_run(str(tmp_path))
  monkeypatch.setattr(configuration, 'load', lambda files, params: '')
  monkeypatch.setattr(configuration, 'pretraining', lambda: None)
  files.write_json(str(tmp_path / 'run.json'), {'records': 's3://b/records'})
  monkeypatch.setattr(compat, 'use_remote_file_systems', prepare)
  with pytest.raises(RuntimeError, match='prepared'):
    configuration.open_run(str(tmp_path))


def test_the_weights_of_an_iteration_are_those_that_its_features_were_taken_with():
  config = types.SimpleNamespace(num_iterations=2, retrained_encoders=['video'])
  run = run_info.FinishedRun('run', config, RECORDS)
  assert [run.weights_folder('audio', i) for i in (0, 1, 2, None)] == [
    'run/initial/audio', 'run/iteration-00/train/audio', 'run/iteration-01/train/audio', 'run/iteration-01/train/audio'
  ]  # fmt: skip
  assert run.weights_folder('video') == 'run/retrained/video'
  assert run.weights_folder('video', 2) == 'run/iteration-01/train/video'
  assert (run.iteration().path, run.iteration(1).path) == ('run/iteration-02', 'run/iteration-01')
  for iteration in (-1, 3):
    with pytest.raises(ValueError, match=f'no iteration {iteration}: give 0 to 2'):
      run.weights_folder('audio', iteration)
  config.num_iterations = 0
  assert run.weights_folder('audio') == 'run/initial/audio'


@pytest.mark.parametrize('noted', [{}, [], *({'records': value} for value in (3, '', 'a\0b', [[]], 'none'))])
def test_a_run_that_does_not_say_where_its_records_are(noted, tmp_path):
  (tmp_path / 'config.gin').touch()
  files.write_json(str(tmp_path / 'run.json'), noted)
  with pytest.raises(
    (ValueError, FileNotFoundError), match=f'^{tmp_path}/run.json (does not name the folder|says where)'
  ):
    run_info.open_run(str(tmp_path), lambda _: None)


def test_a_run_without_its_note_says_what_writes_it(tmp_path):
  (tmp_path / 'config.gin').touch()
  complaint = 'run.json, which names the records of the run, is gone. The same xdc pretrain writes it again'
  with pytest.raises(FileNotFoundError, match=complaint):
    run_info.open_run(str(tmp_path), lambda _: None)


def test_records_that_were_made_anew_in_another_way_are_refused(tmp_path):
  """Their frame rate and mel filters were taken for those of the training, and exported."""
  records = records_factory.write_records(tmp_path / 'records')
  run_info.save(str(tmp_path), records)
  path = str(tmp_path / 'run.json')
  assert run_info._open_records(path).directory == records.directory
  clips = f'{records.directory}/clips.json'
  contents = files.read_json(clips)
  contents['log_mel']['log_offset'] = 0.5
  files.write_json(clips, contents | {'frame_rate': 15.0})
  with pytest.raises(
    ValueError,
    match=rf'{records.directory} are .*: frame_rate is 15.0 and was .*; log_offset is 0.5 and was .* into {path} w',
  ):
    run_info._open_records(path)
  files.write_json(path, {'records': records.directory})  # As version 0.1 wrote it.
  assert run_info._open_records(path).frame_rate == 15


def test_a_finetuning_is_no_run_and_its_weights_are_named(tmp_path):
  (tmp_path / 'config.gin').touch()
  (tmp_path / 'fold-1').mkdir()
  with pytest.raises(
    ValueError, match=f'^{tmp_path} is no pretraining .* --weights {tmp_path}/fold-1/test/rate-0.01.$'
  ):
    configuration.open_run(str(tmp_path))


@pytest.mark.parametrize('numbers', [[], {'clusterings': []}, {'clusterings': {'a': 1}}, {'train_nmi_between': 'x'}])
def test_numbers_of_a_run_that_are_none_are_named(numbers, tmp_path):
  path = str(tmp_path / 'metrics.json')
  files.write_json(path, numbers)
  with pytest.raises(ValueError, match=f'^{path} does not hold the numbers of an iteration'):
    training_facts._metrics(path)
