"""Weights that were imported or trained here, as files for others and as SavedModels."""

import hashlib
import json
import types

import numpy as np
import pytest
import tensorflow as tf
from weight_cases import RANDOM, assert_same_weights, random_arrays, randomise, released_r2plus1d, write, xdc
from weight_files import legacy_file, state, zip_file

from xdc_tf.models import AudioResNet18, R2Plus1D18, ResNet3D18
from xdc_tf.models.import_weights import export_torch, import_weights, read_checkpoint
from xdc_tf.records import audio_ops
from xdc_tf.records.audio_ops import LogMelSpec
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.runs import weights_folder
from xdc_tf.training import checkpoints


@pytest.mark.parametrize(
  'make', [lambda: R2Plus1D18(base_width=4), lambda: ResNet3D18(base_width=4), lambda: AudioResNet18(base_width=4)]
)
def test_safetensors_are_exported_and_imported_exactly(make, tmp_path):
  encoder = randomise(make())
  data = export_torch(encoder, 'safetensors')
  found = import_weights(read_checkpoint(write(tmp_path / 'a.safetensors', data)))
  assert type(found) is type(encoder)
  assert_same_weights(found, encoder)
  with pytest.raises(ValueError, match='a.safetensors: The file is damaged or cut off'):
    read_checkpoint(write(tmp_path / 'a.safetensors', data[:-1]))


ENCODERS = {
  'r2plus1d': lambda: R2Plus1D18(base_width=5),
  'torchvision': lambda: R2Plus1D18(base_width=4, middle='block', batch_norm_epsilon=2e-5),
  'resnet3d': lambda: ResNet3D18(base_width=4, batch_norm_epsilon=1e-5),
  'audio': lambda: AudioResNet18(base_width=4),
  'small': lambda: ResNet3D18(base_width=4, blocks_per_stage=1),
  'small_r2plus1d': lambda: R2Plus1D18(base_width=4, blocks_per_stage=1),
  'small_audio': lambda: AudioResNet18(base_width=4, blocks_per_stage=1),
  'deep_audio': lambda: AudioResNet18(base_width=4, blocks_per_stage=3),
}


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize('make', ENCODERS.values(), ids=ENCODERS)
def test_export_and_import_is_exact(make, tmp_path):
  encoder = randomise(make())
  first, second = tmp_path / 'first', tmp_path / 'second'
  assert weights_folder.save(str(first), encoder, 'test', 'none')
  xdc('export-weights', '--weights', first, '--format', 'torch', '--output', tmp_path / 'a.pth')
  xdc('import-weights', '--checkpoint', tmp_path / 'a.pth', '--output', second)
  restored, info = weights_folder.load(str(second))
  assert_same_weights(restored, encoder)
  assert info['encoder'] == type(encoder).__name__
  assert getattr(restored, 'batch_norm_epsilon', 0) == getattr(encoder, 'batch_norm_epsilon', 0)
  xdc('export-weights', '--weights', second, '--output', tmp_path / 'b.pth')
  assert (tmp_path / 'a.pth').read_bytes() == (tmp_path / 'b.pth').read_bytes()


def test_damaged_weights_are_written_again_by_the_same_command(tmp_path):
  """`Make them again` was the advice, and the command said that they were there."""
  encoder = randomise(AudioResNet18(base_width=4, blocks_per_stage=1))
  folder = tmp_path / 'w'
  assert weights_folder.save(str(folder), encoder, 'test', 'none')
  for name in ('weights.data-00000-of-00001', 'weights.index'):
    path = folder / name
    path.write_bytes(path.read_bytes()[:100]) if name.endswith('1') else path.unlink()
    with pytest.raises((ValueError, FileNotFoundError)):
      weights_folder.load(str(folder))
    assert weights_folder.save(str(folder), encoder, 'test', 'none')
    assert_same_weights(weights_folder.load(str(folder))[0], encoder)
  assert not weights_folder.save(str(folder), encoder, 'test', 'none')


def test_the_name_of_the_file_chooses_its_format(tmp_path):
  """safetensors' readers refuse what torch.save wrote, whatever the suffix."""
  assert weights_folder.save(str(tmp_path / 'w'), next(iter(ENCODERS.values()))(), 'test', 'none')
  xdc('export-weights', '--weights', tmp_path / 'w', '--output', tmp_path / 'a.safetensors')
  header = (tmp_path / 'a.safetensors').read_bytes()
  assert json.loads(header[8 : 8 + int.from_bytes(header[:8], 'little')])
  for name, words in (('b.pth', ['--format', 'safetensors']), ('b.safetensors', ['--format', 'torch'])):
    with pytest.raises(ValueError, match=r'Change one of them'):
      xdc('export-weights', '--weights', tmp_path / 'w', *words, '--output', tmp_path / name)
    assert not (tmp_path / name).exists()


@pytest.mark.slow
@pytest.mark.stack
def test_an_imported_encoder_becomes_a_saved_model(tmp_path, capsys):
  arrays = random_arrays(released_r2plus1d(4))
  # Kernels that sum up to about 1 for every filter: with larger ones the embedding is infinite, and equal to any other.
  arrays = {name: value / value[0].size if value.ndim > 1 else value for name, value in arrays.items()}
  path = write(tmp_path / 'a.pth', zip_file(state(arrays)))
  xdc('import-weights', '--checkpoint', path, '--output', tmp_path / 'w')
  view = ('--num_frames', 4, '--crop_size', 16, '--short_side', 20)
  xdc('export', '--weights', tmp_path / 'w', '--output_dir', tmp_path / 'saved', *view)
  assert 'saved/xdc_video/1' in capsys.readouterr().out
  folder = tmp_path / 'saved' / 'xdc_video' / '1'
  metadata = json.loads((folder / 'assets.extra' / 'metadata.json').read_text())
  assert metadata['sha256'] == hashlib.sha256((tmp_path / 'a.pth').read_bytes()).hexdigest()
  assert (metadata['weights'], metadata['crop_size'], metadata['short_side']) == ('a.pth', 16, 20)
  frames = RANDOM.integers(0, 256, (1, 4, 20, 20, 3)).astype(np.uint8)
  served = tf.saved_model.load(str(folder)).signatures['embed_frames'](frames=tf.constant(frames))['embedding']
  x = (frames[:, :, 2:18, 2:18] / 255 - (0.43216, 0.394666, 0.37645)) / (0.22803, 0.22145, 0.216989)
  embedding = np.asarray(weights_folder.load(str(tmp_path / 'w'))[0](x.astype(np.float32)))
  assert np.isfinite(embedding).all()
  np.testing.assert_allclose(served, embedding, rtol=1e-4, atol=1e-5 * np.abs(embedding).max())
  killed = folder.parent / f'unfinished.{"0a" * 16}'  # What an export leaves that was killed.
  (killed / 'variables').mkdir(parents=True)
  (folder.parent / 'unfinished.notes').mkdir()
  xdc('export', '--weights', tmp_path / 'w', '--output_dir', tmp_path / 'saved', '--precision', 'bfloat16', *view)
  assert sorted(path.name for path in folder.parent.iterdir()) == ['1', '2', 'unfinished.notes']
  half = tf.saved_model.load(str(folder.parent / '2'))
  assert {variable.dtype for variable in half.weights} == {tf.bfloat16}
  difference = half.signatures['embed_frames'](frames=tf.constant(frames))['embedding'] - embedding
  assert 0 < np.linalg.norm(difference) < 0.02 * np.linalg.norm(embedding)
  card = (folder / 'assets.extra' / 'model_card.md').read_text()
  assert f'The weights come from a.pth (SHA-256 {metadata["sha256"]}).' in card
  xdc('export', '--weights', tmp_path / 'w', '--output_dir', tmp_path / 'saved', '--format', 'tflite', *view)
  lite = tf.lite.Interpreter(model_path=str(tmp_path / 'saved' / 'xdc_video.tflite'))
  assert lite.get_input_details()[0]['shape'].tolist() == [1, 4, 16, 16, 3]
  with pytest.raises(ValueError, match='--crop_size belong'):
    xdc('export', '--run_dir', 'runs/xdc', '--crop_size', 16)


def test_an_audio_encoder_from_elsewhere_is_not_exported(tmp_path):
  weights_folder.save(str(tmp_path), AudioResNet18(base_width=4), 'test', 'none')
  with pytest.raises(
    ValueError, match=r"encoder.json does not say how .* \('fed': the AudioInput.*Take it from its run"
  ):
    xdc('export', '--weights', tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
  'encoder_class,inputs',
  [
    (AudioResNet18, AudioInput(num_frames=60, mean=-4.0, std=2.5)),
    (R2Plus1D18, VideoInput(num_frames=2, crop_size=16, mean=(0.1, 0.2, 0.3), std=(1.0, 2.0, 3.0))),
  ],
)
def test_a_finetuned_encoder_is_exported_as_it_was_fed(encoder_class, inputs, tmp_path):
  encoder = encoder_class(base_width=4, blocks_per_stage=1)
  records = types.SimpleNamespace(
    short_side=20, frame_rate=25.0, log_mel_spec=LogMelSpec(log_offset=1e-3), audio_track=''
  )
  encoder(np.zeros([1, *inputs.shape], np.float32))
  checkpoints.save_weights(encoder, str(tmp_path / 'cell'))
  weights_folder.write_info(str(tmp_path / 'cell'), encoder, 'a cell', inputs, records)
  xdc('export', '--weights', tmp_path / 'cell', '--output_dir', tmp_path)
  signatures = tf.saved_model.load(str(tmp_path / f'xdc_{encoder.modality}/1')).signatures
  if encoder.modality == 'audio':
    waveform = RANDOM.uniform(-1, 1, (2, 60 * 320)).astype(np.float32)
    log_mel = audio_ops.log_mel(waveform, records.log_mel_spec)
    found = signatures['embed'](waveform=tf.constant(waveform))['embedding']
    x = np.swapaxes((log_mel.numpy() + 4.0) / 2.5, 1, 2)[..., np.newaxis]
    with pytest.raises(ValueError, match='--crop_size: .* which sees no frames'):
      xdc('export', '--weights', tmp_path / 'cell', '--crop_size', 16)
  else:
    frames = RANDOM.integers(0, 256, (1, 2, 20, 20, 3)).astype(np.uint8)
    found = signatures['embed_frames'](frames=tf.constant(frames))['embedding']
    x = ((frames[:, :, 2:18, 2:18] / 255 - (0.1, 0.2, 0.3)) / (1.0, 2.0, 3.0)).astype(np.float32)
  expected = np.asarray(encoder(x, training=False))
  np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


@pytest.mark.slow
def test_a_folder_takes_one_encoder(tmp_path, capsys):
  arrays = random_arrays(released_r2plus1d(4))
  first, other = (
    write(tmp_path / 'a.pth', zip_file(state(arrays))),
    write(tmp_path / 'b.pth', legacy_file(state(arrays))),
  )
  (tmp_path / 'w/weights_temp').mkdir(parents=True)  # Of a command that was killed; it was taken for somebody's.
  for _ in range(2):
    xdc('import-weights', '--checkpoint', first, '--output', tmp_path / 'w')
  assert not (tmp_path / 'w/weights_temp').exists()
  assert capsys.readouterr().out.count('(was there)') == 1
  with pytest.raises(ValueError, match=r'holds other weights \(of a.pth\)'):
    xdc('import-weights', '--checkpoint', other, '--output', tmp_path / 'w')
  with pytest.raises(ValueError, match='is not empty and holds no imported weights'):
    xdc('import-weights', '--checkpoint', other, '--output', tmp_path)
  with pytest.raises(FileNotFoundError, match='holds no encoder of its own'):
    weights_folder.load(str(tmp_path))
