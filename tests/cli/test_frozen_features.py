"""xdc svm and xdc retrieval on records with two official splits, against the library called fold by fold."""

import json

import numpy as np
import pytest
import records_factory

from xdc_tf.cli import encoder_arguments, main
from xdc_tf.evaluation import linear_svm, retrieval
from xdc_tf.evaluation.clip_features import ClipFeatures
from xdc_tf.manifest import manifest
from xdc_tf.models import AudioResNet18, R2Plus1D18
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.runs import weights_folder
from xdc_tf.runs.starting_point import StartingPoint
from xdc_tf.runs.weights_folder import InputSpec
from xdc_tf.training.seeds import derive_seed

pytestmark = pytest.mark.slow

NAMES = ('cat', 'dog', 'owl')
# Of 16 rows: what they are in split 1 and 2. Row 4 has no label and row 7 has no record.
ROLES = [(1 + (row % 3 == 0), 1 + (row % 4 == 1)) for row in range(16)]
UNLABELLED, FAILED = 4, 7


def write_records(folder, labelled=True):
  records = records_factory.write_records(
    folder, {'official': 16}, frames_per_span=0, seconds=3.0, num_official_splits=2, missing=[('official', FAILED)]
  )
  rows = [
    manifest.Row(
      0, str(n), f'{n}.wav', labels=(NAMES[n % 3],) if labelled and n != UNLABELLED else (), official_split=r
    )
    for n, r in enumerate(ROLES)
  ]
  manifest.write_manifest(
    records.manifest_directory, 'tiny', [('official', row) for row in rows], label_names=NAMES if labelled else None
  )
  return records


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  return write_records(tmp_path_factory.mktemp('records'))


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
  folder = str(tmp_path_factory.mktemp('weights') / 'audio')
  encoder = AudioResNet18(base_width=4)
  encoder(np.zeros([1, 40, 100, 1], np.float32))
  assert weights_folder.save(folder, encoder, 'audio.pth', 64 * 'a')
  return folder


def xdc(*words: str) -> None:
  parsed = main.build_parser().parse_args([*words])
  parsed.run(parsed)


def expected(records, weights, num_clips, measure):
  """One number, or a dictionary, of every fold."""
  encoder, _ = weights_folder.load(weights)
  inputs = AudioInput(clip_length=60)
  index, features = ClipFeatures(encoder, inputs, records, num_clips).extract('official')
  labels = index % 3
  results = []
  for roles in zip(*ROLES, strict=True):
    role = np.where(index == UNLABELLED, 0, np.array(roles)[index])
    parts = [(features[role == part], labels[role == part]) for part in (1, 2)]
    results.append(measure(*parts[0], *parts[1]))
  return results


@pytest.mark.stack
def test_svm_of_every_fold(records, weights, tmp_path, capsys):
  words = ['svm', '--records', records.directory, '--weights', weights, '--num_clips', '4', '--batch_size', '16']
  words += ['--features_dir', str(tmp_path / 'features')]
  xdc(*words, '--output', str(tmp_path / 'a.json'))
  found = json.loads((tmp_path / 'a.json').read_text())
  options = linear_svm.SvmOptions()
  rates = expected(records, weights, 4, lambda *parts: linear_svm.top_1(*parts, options))
  assert [row['top1'] for row in found['folds'].values()] == pytest.approx(rates)
  assert found['mean']['top1'] == pytest.approx(np.mean(rates))
  assert [(n, row['num_train'], row['num_test']) for n, row in found['folds'].items()] == [('1', 8, 6), ('2', 10, 4)]
  assert (found['data_set'], found['protocol'], found['table_row'], found['num_frames']) == ('tiny', 'svm', None, None)
  assert (found['start'], found['num_clips'], found['scale']) == ('audio.pth aaaaaaaaaaaaaaaa', 4, True)
  printed = capsys.readouterr().out.splitlines()
  assert printed[0] == 'fold 1: 1 of 10 listed rows have no clip to train on, and 0 classes have none.'
  assert f'fold 1: top1 {100 * rates[0]:.1f} (8 train, 6 test)' in printed
  assert found['coverage']['1']['train']['without_clip'] == 1
  assert printed[-1] == f'mean:   top1 {100 * np.mean(rates):.1f}'

  assert (tmp_path / 'features' / 'official' / 'DONE').exists()
  xdc(*words, '--regularization', '1e-9', '--no_scaler', '--output', str(tmp_path / 'b.json'))
  other = json.loads((tmp_path / 'b.json').read_text())
  options = linear_svm.SvmOptions(1e-9, False)
  rates = expected(records, weights, 4, lambda *parts: linear_svm.top_1(*parts, options))
  assert [row['top1'] for row in other['folds'].values()] == pytest.approx(rates)
  assert (other['regularization'], other['scale']) == (1e-9, False)


def test_retrieval_of_every_fold(records, weights, tmp_path):
  output = tmp_path / 'results.json'
  words = ['retrieval', '--records', records.directory, '--weights', weights, '--num_clips', '3']
  xdc(*words, '--output', str(output))
  found = json.loads(output.read_text())
  rates = expected(records, weights, 3, retrieval.recall_at)
  for row, rate in zip(found['folds'].values(), rates, strict=True):
    assert {k: row[f'recall_at_{k}'] for k in (1, 5, 20)} == pytest.approx(rate)
  assert found['mean']['recall_at_5'] == pytest.approx(np.mean([rate[5] for rate in rates]))


def test_random_weights_depend_on_the_seed_and_are_those_of_a_finetuning(records, weights, tmp_path):
  starts = {}
  for words in ([], ['--seed', '0'], ['--seed', '3']):
    output = tmp_path / f'{len(starts)}{"".join(words)}.json'
    command = ['svm', '--records', records.directory, '--random', 'AudioResNet18', '--num_clips', '1', *words]
    xdc(*command, '--features_dir', f'{output}.features', '--output', str(output))
    found = np.load(f'{output}.features/official/features.npy')
    starts.setdefault(json.loads(output.read_text())['start'], []).append(found)
  assert {start: len(found) for start, found in starts.items()} == {'random, seed 0': 2, 'random, seed 3': 1}
  np.testing.assert_array_equal(*starts['random, seed 0'])
  inputs = AudioInput(clip_length=60)
  encoder = AudioResNet18(seed=derive_seed(3, 'weights'))  # As EncoderTrainer makes it.
  encoder(np.zeros([1, *inputs.shape], np.float32))
  index, expected = ClipFeatures(encoder, inputs, records, 1).extract('official')
  np.testing.assert_allclose(starts['random, seed 3'][0], expected[index != UNLABELLED], rtol=1e-4, atol=1e-5)
  assert np.abs(starts['random, seed 3'][0] - starts['random, seed 0'][0]).max() > 0.01
  with pytest.raises(ValueError, match='--seed is of random weights'):
    xdc('svm', '--records', records.directory, '--weights', weights, '--seed', '3')


def test_records_without_labels_are_refused_before_anything_is_computed(tmp_path, weights):
  records = write_records(tmp_path, labelled=False)
  finetuning = [
    '--gin_file',
    'transfer/esc50.gin',
    '--gin_file',
    'transfer/fc.gin',
    '--output_dir',
    str(tmp_path / 'cells'),
  ]
  for command in (['svm'], ['finetune', *finetuning], ['sweep', *finetuning]):
    with pytest.raises(ValueError, match='fold 1 has 10 clips to train on, and none has a label'):
      xdc(*command, '--records', records.directory, '--weights', weights)
  assert not (tmp_path / 'cells').exists()


def inputs_of(start, *words):
  parsed = main.build_parser().parse_args(['svm', '--records', 'r', '--random', 'R2Plus1D18', *words])
  return encoder_arguments.inputs_of(parsed, start)


def test_what_an_encoder_sees():
  video = StartingPoint(R2Plus1D18.__name__, {}, None, None, 'random')
  audio = StartingPoint(AudioResNet18.__name__, {}, None, None, 'random')
  of_run = StartingPoint('R2Plus1D18', {}, None, InputSpec(VideoInput(8, 112, mean=(0, 0, 0))), 'run/video')
  assert inputs_of(video) == VideoInput()
  assert inputs_of(video, '--num_frames', '16', '--crop_size', '112', '--short_side', '128') == VideoInput(16, 112, 128)
  assert inputs_of(of_run) == of_run.inputs
  assert inputs_of(of_run, '--num_frames', '32') == VideoInput(32, 112, mean=(0, 0, 0))
  assert inputs_of(audio) == AudioInput()
  with pytest.raises(ValueError, match='--crop_size: found an audio encoder'):
    inputs_of(audio, '--crop_size', '112')
  with pytest.raises(ValueError, match='at least 1'):
    inputs_of(video, '--num_frames', '0')
