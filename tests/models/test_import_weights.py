"""Imported weights: against PyTorch where it is installed, and against names and shapes spelled out here where it is not."""

import hashlib
import zipfile

import numpy as np
import pytest
from weight_cases import (
  RANDOM,
  assert_same_weights,
  caffe2_name,
  random_arrays,
  randomise,
  released_r2plus1d,
  write,
  xdc,
)
from weight_files import caffe2_file, legacy_file, state, zip_file

from xdc_tf.models import AudioResNet18, R2Plus1D18, ResNet3D18, weight_names
from xdc_tf.models.import_weights import export_torch, import_weights, read_checkpoint
from xdc_tf.models.residual import ConvNorm
from xdc_tf.runs import weights_folder


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize('middle', ['conv', 'block'])
def test_full_width_names_and_shapes(middle):
  expected = released_r2plus1d(middle=middle)
  encoder = R2Plus1D18(middle=middle)
  assert {name: w.shape for name, w in weight_names.weights(encoder, 'torch').items()} == expected
  found = {name: w.shape for name, w in weight_names.weights(encoder, 'caffe2').items()}
  assert found == {caffe2_name(name): shape for name, shape in expected.items()}
  assert expected['layer2.0.conv2.0.0.weight'][0] == {'conv': 288, 'block': 230}[middle]
  trainable = sum(np.prod(shape) for name, shape in expected.items() if 'running' not in name)
  assert trainable == {'conv': 33_165_639, 'block': 31_505_325 - 400 * 513}[middle]


def test_kernels_turn_over():
  encoder = R2Plus1D18(base_width=5)
  weights = weight_names.weights(encoder, 'torch')
  for name, layer in (
    ('stem.0', encoder.stem.convolution.spatial),
    ('layer2.0.conv1.0.0', encoder.stage2_block0.conv1.spatial),
    ('layer2.0.conv2.0.3', encoder.stage2_block0.conv2.temporal),
    ('layer4.0.downsample.0', encoder.stage4_block0.shortcut.projection),
  ):
    array = RANDOM.normal(size=weights[f'{name}.weight'].shape).astype(np.float32)
    weights[f'{name}.weight'].assign(array)
    own = np.asarray(layer.convolution.kernel)
    # The notes' rule for whole kernels, (2, 3, 4, 1, 0), less the axis of size 1.
    np.testing.assert_array_equal(own.reshape(*array.shape[2:], *own.shape[2:]), array.transpose(2, 3, 4, 1, 0))
    np.testing.assert_array_equal(weights[f'{name}.weight'].value(), array)


def files_of(arrays):
  blobs = {caffe2_name(name): array for name, array in arrays.items() if 'num_batches' not in name}
  return {
    'zip.pth': zip_file(state(arrays)),
    'legacy.pth': legacy_file(state(arrays)),
    'nested.pth': zip_file({'epoch': 3, 'state_dict': state({f'module.{name}': a for name, a in arrays.items()})}),
    'compiled.pth': zip_file(state({f'module._orig_mod.{name}': a for name, a in arrays.items()})),
    # torch.optim.swa_utils.AveragedModel around a network of which a part was wrapped.
    'averaged.pth': zip_file(
      state({'n_averaged': np.array(3, np.int64)} | {_wrapped(name): a for name, a in arrays.items()})
    ),
    'caffe2.pkl': caffe2_file(blobs),
  }


def _wrapped(name):
  return (
    name if name.startswith('layer3') else f'_orig_mod.module.{name}' if name.startswith('layer4') else f'module.{name}'
  )


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize(('middle', 'epsilon'), [('conv', 1e-3), ('block', 1e-5)])
def test_every_kind_of_file_gives_the_same_encoder(middle, epsilon, tmp_path, capsys):
  arrays = random_arrays(released_r2plus1d(4, middle))
  arrays['stem.1.num_batches_tracked'] = np.array(9, np.int64)
  for name, data in files_of(arrays).items():
    path, output = write(tmp_path / name, data), tmp_path / f'{name}.weights'
    given = ['--batch_norm_epsilon', epsilon] if name == 'caffe2.pkl' else []
    xdc('import-weights', '--checkpoint', path, '--output', output, *given)
    printed = capsys.readouterr().out
    assert f'SHA-256 {hashlib.sha256(data).hexdigest()}' in printed
    assert ("'module.'" in printed and "under 'state_dict'; not used: epoch" in printed) == (name == 'nested.pth')
    assert ("'n_averaged'" in printed) == (name == 'averaged.pth')
    encoder, info = weights_folder.load(str(output))
    assert info['arguments'] == {
      'base_width': 4, 'blocks_per_stage': 2, 'middle': middle, 'batch_norm_epsilon': epsilon,
    }  # fmt: skip
    assert encoder.stage1_block0.conv1.spatial.batch_norm.epsilon == epsilon
    for key, weight in weight_names.weights(encoder, 'torch').items():
      np.testing.assert_array_equal(weight.value(), arrays[key], err_msg=key)


@pytest.mark.slow
@pytest.mark.parametrize('nest', ['model_state_dict', 'net', 'encoder', None])
@pytest.mark.parametrize('part', ['encoder.', 'backbone.', ''])
def test_other_trainers_names_are_understood(nest, part, tmp_path):
  arrays = random_arrays(released_r2plus1d(4))
  saved = state({part + name: value for name, value in arrays.items()})
  checkpoint = read_checkpoint(write(tmp_path / 'a.pth', zip_file({nest: saved, 'epoch': 3} if nest else saved)))
  assert (f'under {part!r}; beside it: nothing else' in ' '.join(checkpoint.remarks)) == bool(part)
  assert_same_weights(
    import_weights(checkpoint), import_weights(read_checkpoint(write(tmp_path / 'b.pth', zip_file(state(arrays)))))
  )


def test_other_parts_of_a_network_are_left_out_on_request_only(tmp_path):
  arrays = {f'backbone.{name}': value for name, value in random_arrays(released_r2plus1d(4)).items()}
  arrays['projector.0.weight'] = np.ones((3, 2), np.float32)
  checkpoint = read_checkpoint(write(tmp_path / 'a.pth', zip_file(state(arrays))))
  with pytest.raises(
    ValueError, match=r'not used: projector.0.weight \[3, 2\] \(a classifier, or another part: --ignore_head'
  ):
    import_weights(checkpoint)
  import_weights(checkpoint, ignore_head=True)
  assert "under 'backbone.'; beside it: projector.0.weight." in checkpoint.remarks[-1]


def test_a_torchscript_program_is_called_one(tmp_path):
  path = tmp_path / 'program.pt'
  with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
    for name, text in (
      ('program/data.pkl', 'x' * 500),
      ('program/constants.pkl', ''),
      ('program/code/a.py', 'y' * 500),
    ):
      archive.writestr(name, text)
  with pytest.raises(ValueError, match='program.pt: The file is a TorchScript program.*torch.jit.load'):
    read_checkpoint(str(path))


@pytest.mark.stack
def test_everything_that_does_not_fit_is_in_one_error(tmp_path):
  arrays = random_arrays(released_r2plus1d(4))
  del arrays['layer3.1.conv2.1.running_var'], arrays['layer1.0.conv1.0.3.weight']
  arrays['layer2.0.downsample.0.weight'] = np.zeros((8, 4, 1, 1), np.float32)
  arrays['layer4.1.conv1.1.bias'][3] = np.nan
  arrays['stem.4.weight'] = arrays['stem.4.weight'].astype(np.int64)
  arrays |= {'layer5.0.weight': np.zeros(2, np.float32), 'fc.bias': np.zeros(4, np.float32)}
  checkpoint = read_checkpoint(write(tmp_path / 'a.pth', zip_file(state(arrays))))
  with pytest.raises(ValueError) as error:
    import_weights(checkpoint)
  lines = [line.strip() for line in str(error.value).splitlines()]
  assert lines[0].startswith('a.pth does not fit R2Plus1D18 (base_width=4')
  assert lines[0].endswith('7 tensors are wrong:')
  assert sorted(lines[1:]) == [
    'misshapen: layer2.0.downsample.0.weight [8, 4, 1, 1], expected [8, 4, 1, 1, 1]',
    'missing: layer1.0.conv1.0.3.weight [4, 9, 3, 1, 1]',
    'missing: layer3.1.conv2.1.running_var [16]',
    'not finite numbers: layer4.1.conv1.1.bias (float32)',
    'not finite numbers: stem.4.weight (int64)',
    'not used: fc.bias [4] (a classifier, or another part: --ignore_head leaves it out)',
    'not used: layer5.0.weight [2]',
  ]


@pytest.mark.parametrize('naming', ['torch', 'caffe2'])
def test_a_classifier_is_left_out_on_request(naming, tmp_path):
  arrays = random_arrays(released_r2plus1d(4))
  if naming == 'torch':
    arrays |= {'fc.weight': np.zeros((7, 32), np.float32), 'fc.bias': np.zeros(7, np.float32)}
    data = zip_file({'model': state(arrays)})
  else:
    blobs = {caffe2_name(name): array for name, array in arrays.items()}
    data = caffe2_file(blobs | {f'last_out_L400_{end}': np.zeros(7, np.float32) for end in 'wb'})
  checkpoint = read_checkpoint(write(tmp_path / 'a', data))
  with pytest.raises(ValueError, match='(?s)2 tensors are wrong.*--ignore_head'):
    import_weights(checkpoint)
  encoder = import_weights(checkpoint, ignore_head=True)
  np.testing.assert_array_equal(np.asarray(encoder.stem.convolution.temporal.batch_norm.gamma), arrays['stem.4.weight'])


def test_resnet3d_of_pytorch_needs_its_epsilon(tmp_path):
  encoder = randomise(ResNet3D18(base_width=4))
  arrays = {name: weight.value() for name, weight in weight_names.weights(encoder, 'torch').items()}
  assert arrays['stem.0.weight'].shape == (4, 3, 3, 7, 7)
  checkpoint = read_checkpoint(write(tmp_path / 'r3d.pth', zip_file(state(arrays))))
  with pytest.raises(ValueError, match='--batch_norm_epsilon: 1e-05 for networks of PyTorch, 0.001 for models of VMZ'):
    import_weights(checkpoint)
  restored = import_weights(checkpoint, batch_norm_epsilon=1e-5)
  assert restored.stage4_block0.shortcut.projection.batch_norm.epsilon == 1e-5
  assert_same_weights(restored, encoder)
  blobs = {name: weight.value() for name, weight in weight_names.weights(encoder, 'caffe2').items()}
  assert {'conv1_w', 'conv1_spatbn_relu_riv', 'comp_7_conv_2_w', 'shortcut_projection_2_spatbn_s'} <= set(blobs)
  restored = import_weights(read_checkpoint(write(tmp_path / 'r3d.pkl', caffe2_file(blobs))))
  assert restored.batch_norm_epsilon == 1e-3
  assert_same_weights(restored, encoder)


def test_the_hash_in_a_name_is_checked(tmp_path):
  data = zip_file(state(random_arrays(released_r2plus1d(4))))
  sha256 = hashlib.sha256(data).hexdigest()
  for name in (f'xdc-{sha256[:8]}.pth', 'xdc-20201231.pth', 'xdc.pth', 'xdc-f24f6ff.pth'):
    assert read_checkpoint(write(tmp_path / name, data)).sha256 == sha256
  for name in ('r2plus1d_18_xdc_ig65m_kinetics-f24f6ffb.pth', 'a-622bdad9.pkl'):
    with pytest.raises(ValueError, match=f'should have a SHA-256 that starts with {name[-12:-4]}, but it is {sha256}'):
      read_checkpoint(write(tmp_path / name, data))


@pytest.mark.parametrize(
  ('value', 'message'),
  [
    ([1, 2], 'holds a list and no state_dict'),
    ({}, 'no dictionary of tensors.*empty'),
    ({'state_dict': {'a': 1}}, 'Not tensors: a'),
  ],
)
def test_files_without_weights_are_named(value, message, tmp_path):
  with pytest.raises(ValueError, match=f'a.pth: .*{message}'):
    read_checkpoint(write(tmp_path / 'a.pth', zip_file(value)))


def test_strange_files_and_encoders_are_named(tmp_path):
  with pytest.raises(FileNotFoundError, match='no file'):
    read_checkpoint(str(tmp_path / 'missing.pth'))
  with pytest.raises(ValueError, match='neither of PyTorch nor'):
    read_checkpoint(write(tmp_path / 'text.pth', b'<html>not found</html>'))
  checkpoint = read_checkpoint(write(tmp_path / 'a.pth', zip_file(state({'backbone.weight': np.ones(3, np.float32)}))))
  with pytest.raises(ValueError, match='none of R2Plus1D18, ResNet3D18, AudioResNet18.*backbone.weight'):
    import_weights(checkpoint)
  with pytest.raises(ValueError, match='has no torch names'):
    export_torch(AudioResNet18(base_width=8, stem='vmz'))
  with pytest.raises(ValueError, match="middle must be one of .*Received: middle='layer'"):
    R2Plus1D18(base_width=4, middle='layer')


def test_an_audio_encoder_has_the_epsilon_that_it_was_trained_with(tmp_path):
  """It was left out of account, and PyTorch's networks have a hundredth of Caffe2's."""
  encoder = randomise(AudioResNet18(base_width=4))
  arrays = {name: weight.value() for name, weight in weight_names.weights(encoder, 'torch').items()}
  checkpoint = read_checkpoint(write(tmp_path / 'audio.pth', zip_file(state(arrays))))
  with pytest.raises(ValueError, match='is a AudioResNet18, .* --batch_norm_epsilon'):
    import_weights(checkpoint)
  restored = import_weights(checkpoint, batch_norm_epsilon=1e-5)
  norms = [layer.batch_norm.epsilon for layer in restored._flatten_layers() if isinstance(layer, ConvNorm)]
  assert len(norms) == 20 and set(norms) == {1e-5}
  again = read_checkpoint(write(tmp_path / 'own.pth', export_torch(restored)))
  assert import_weights(again).batch_norm_epsilon == 1e-5
  for wrong in (0.0, -1.0, 1.0, np.nan):
    with pytest.raises(ValueError, match='expected a small positive number'):
      import_weights(checkpoint, batch_norm_epsilon=wrong)
