"""What an export says of its run: data, method, configuration and numbers, in metadata.json and in the model card."""

import json

import pytest
import records_factory
import tensorflow as tf

from xdc_tf import files
from xdc_tf.cli import main
from xdc_tf.runs.training_facts import estimated_hours

pytestmark = pytest.mark.slow

# Video encoders of one block, and no training: the clusters are those of the initial encoders.
BINDINGS = {
  'num_video_clusters': 3, 'num_audio_clusters': 4, 'Pretraining.num_iterations': 0,
  'R2Plus1D18.base_width': 4, 'R2Plus1D18.blocks_per_stage': 1, 'AudioResNet18.base_width': 4,
  'AudioResNet18.blocks_per_stage': 1, 'VideoInput.num_frames': 2, 'VideoInput.crop_size': 16,
  'Schedule.epoch_size': 4, 'Schedule.batch_size': 4,
}  # fmt: skip


def xdc(*words) -> None:
  parsed = main.build_parser().parse_args(list(map(str, words)))
  parsed.run(parsed)


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  """Spans of 12 frames at 30 a second and 0.4 s of sound; one row of the first shard has failed."""
  folder = tmp_path_factory.mktemp('records')
  return records_factory.write_records(folder, {'train': 9, 'validation': 4}, seconds=0.4, missing=[('train', 1)])


@pytest.fixture(scope='module')
def export(records, tmp_path_factory):
  """The folder of a run, and that of its SavedModels in bfloat16."""
  folder = tmp_path_factory.mktemp('run')
  words = [word for name, value in BINDINGS.items() for word in ('--gin_param', f'{name} = {value}')]
  xdc('pretrain', '--records', records.directory, '--run_dir', folder / 'run', '--gin_file', 'methods/xdc.gin', *words)
  xdc('export', '--run_dir', folder / 'run', '--output_dir', folder / 'models', '--precision', 'bfloat16')
  return folder / 'run', folder / 'models'


@pytest.mark.parametrize(('encoder', 'k'), [('video', 3), ('audio', 4)])
def test_the_metadata_of_a_run(export, encoder, k):
  run_dir, models = export
  metadata = json.loads((models / f'xdc_{encoder}' / '1' / 'assets.extra' / 'metadata.json').read_text())
  assert (metadata['run'], metadata['records'], metadata['precision']) == ('run', 'tiny', 'bfloat16')
  assert (metadata['clustering'], metadata['num_clusters'], metadata['feature_dimension']) == (encoder, k, 32)
  training = metadata['training']
  assert {split: entry['clips'] for split, entry in training['splits'].items()} == {'train': 8, 'validation': 4}
  for entry in training['splits'].values():
    assert entry['hours'] == pytest.approx(entry['clips'] * 0.4 / 3600, rel=1e-6)
  assert training['clusterings'] == [
    {'name': 'video', 'sources': ['video'], 'teaches': ['audio'], 'num_clusters': 3, 'shuffled': False},
    {'name': 'audio', 'sources': ['audio'], 'teaches': ['video'], 'num_clusters': 4, 'shuffled': False},
  ]
  assert (training['iterations'], training['feature_clips'], training['retrained']) == (0, 1, False)
  assert training['gin'] == (run_dir / 'operative_config.gin').read_text()
  assert training['metrics'] == files.read_json(str(run_dir / 'iteration-00' / 'metrics' / 'metrics.json'))
  module = tf.saved_model.load(str(models / f'xdc_{encoder}' / '1'))
  assert {variable.dtype for variable in module.weights} == {tf.bfloat16}


def test_the_model_card_of_a_run(export):
  run_dir, models = export
  card = (models / 'xdc_video' / '1' / 'assets.extra' / 'model_card.md').read_text()
  metrics = files.read_json(str(run_dir / 'iteration-00' / 'metrics' / 'metrics.json'))
  assert card.startswith('# xdc_video\n')
  for line in (
    '| train | 8 | 0.00 |',
    '| audio | audio | video | 4 | no |',
    f'| clustering video | largest cluster | {metrics["clusterings"]["video"]["largest_cluster"]} |',
    f'| validation clips | NMI between audio-video | {metrics["validation_nmi_between"]["audio-video"]:.4g} |',
    'R2Plus1D18.base_width = 4',
    '- It was trained on clips of 2 frames at 30 a second. Of a frame scaled to a short side of 24 pixels it sees the 16 x 16 in '
    'the middle and nothing else.',
    '## Licence',
  ):
    assert line in card.splitlines()


def test_hours_are_those_of_sound_where_there_is_no_picture(tmp_path):
  records = records_factory.write_records(tmp_path, {'train': 6}, seconds=1.0, frames_per_span=0)
  assert estimated_hours(records, 'train') == pytest.approx(6 / 3600)


def test_hours_of_a_split_without_clips(tmp_path):
  missing = [('train', row) for row in range(4)]
  records = records_factory.write_records(tmp_path, {'train': 4, 'validation': 2}, missing=missing)
  assert estimated_hours(records, 'train') == 0.0


def test_a_run_as_tflite_files(export, tmp_path, capsys):
  xdc('export', '--run_dir', export[0], '--output_dir', tmp_path, '--format', 'tflite')
  assert sorted(path.name for path in tmp_path.iterdir()) == ['xdc_audio.tflite', 'xdc_video.tflite']
  assert f'audio: {tmp_path}/xdc_audio.tflite' in capsys.readouterr().out
  with pytest.raises(ValueError, match='--precision bfloat16 is for SavedModels'):
    xdc('export', '--run_dir', export[0], '--output_dir', tmp_path, '--format', 'tflite', '--precision', 'bfloat16')
