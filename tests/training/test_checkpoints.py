"""Saved weights: read whole or not at all, on both software stacks."""

import shutil
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from xdc_tf import compat
from xdc_tf.models.audio_resnet import AudioResNet18
from xdc_tf.models.r2plus1d import R2Plus1D18
from xdc_tf.training import checkpoints


def encoder(seed=0, base_width=4, blocks_per_stage=1):
  return AudioResNet18(seed=seed, base_width=base_width, blocks_per_stage=blocks_per_stage)


def rename(folder, old, new):
  """Writes the weights again as the other stack names them: `old` in the last part of a path becomes `new`."""
  reader, root = tf.train.load_checkpoint(f'{folder}/weights'), tf.Module()
  for key in reader.get_variable_to_shape_map():
    if not key.endswith('/.ATTRIBUTES/VARIABLE_VALUE'):
      continue
    *path, last = key.removesuffix('/.ATTRIBUTES/VARIABLE_VALUE').split('/')
    here = root
    for part in path:
      if not hasattr(here, part):
        setattr(here, part, tf.Module())
      here = getattr(here, part)
    setattr(here, new if last == old else last, tf.Variable(reader.get_tensor(key)))
  tf.train.Checkpoint(model=root.model).write(f'{folder}/weights')


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize('names', [('kernel', '_kernel'), ('_kernel', 'kernel')])
@pytest.mark.parametrize('make,shape', [(AudioResNet18, (2, 40, 100, 1)), (R2Plus1D18, (1, 4, 16, 16, 3))])
def test_weights_of_the_other_stack_give_the_same_features(make, shape, names, tmp_path):
  """Keras 2.15 tracks kernels as 'kernel', Keras 3 as '_kernel' (seen in the files that each wrote)."""
  written, read = (make(seed=seed, base_width=4) for seed in (1, 2))
  x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
  checkpoints.save_weights(written, str(tmp_path))
  rename(tmp_path, *names)
  found = tf.train.load_checkpoint(str(tmp_path / 'weights')).get_variable_to_shape_map()
  assert not [key for key in found if f'/{names[0]}/' in key]
  assert [key for key in found if f'/{names[1]}/' in key]
  checkpoints.load_weights(read, str(tmp_path))
  np.testing.assert_array_equal(read(x), written(x))


class _InOneAfterTheOther(keras.Model):
  """Has layers in a keras.Sequential, one of them in another one."""

  def __init__(self):
    super().__init__()
    inner = keras.Sequential([keras.layers.Dropout(0.1), keras.layers.Dense(3)])
    self.body = keras.Sequential([keras.layers.Dense(4), keras.layers.ReLU(), inner, keras.layers.Dense(2)])

  def call(self, x):
    return self.body(x)


@pytest.mark.stack
def test_layers_in_a_sequential_have_the_same_names_on_both_stacks(tmp_path):
  """Weights of the one were 'not in the file' for the other."""
  written, read, x = _InOneAfterTheOther(), _InOneAfterTheOther(), np.ones((2, 5), np.float32)
  features, before = written(x), read(x)
  layers = ['body/layer-0', 'body/layer-1/layer-0', 'body/layer-2']
  assert sorted(checkpoints._named_variables(written)) == [
    f'{layer}/{part}' for layer in layers for part in ('bias', 'kernel')
  ]
  checkpoints.save_weights(written, str(tmp_path))
  checkpoints.load_weights(read, str(tmp_path))
  np.testing.assert_array_equal(read(x), features)
  assert np.abs(before - features).max() > 0
  # As each wrote them.
  of_keras_2 = [
    'body/layer_with_weights-0',
    'body/layer_with_weights-1/layer_with_weights-0',
    'body/layer_with_weights-2',
  ]
  operations = 'body/_functional/_operations'
  of_keras_3 = [f'{operations}/1', f'{operations}/3/_functional/_operations/2', f'{operations}/4']
  for names in (of_keras_2, of_keras_3):
    assert list(checkpoints._by_place({f'{name}/kernel': 0 for name in names})) == [
      f'{layer}/kernel' for layer in layers
    ]


@pytest.mark.parametrize(
  'other,complaint',
  [
    ({'base_width': 8}, r'has the shape \[7, 7, 1, 4\] in the file and \[7, 7, 1, 8\] in the model; .*and \d+ more\.$'),
    ({'blocks_per_stage': 2}, r'stage1_block1/conv1/batch_norm/beta is not in the file; .* more\.$'),
  ],
)
def test_weights_that_do_not_fit_are_named(other, complaint, tmp_path):
  checkpoints.save_weights(encoder(), str(tmp_path))
  model = encoder(**other)
  before = [variable.numpy() for variable in model.variables]
  with pytest.raises(ValueError, match='do not fit AudioResNet18: .*' + complaint):
    checkpoints.load_weights(model, str(tmp_path))
  for variable, value in zip(model.variables, before, strict=True):
    np.testing.assert_array_equal(variable.numpy(), value)


def test_weights_that_are_left_over_are_named(tmp_path):
  checkpoints.save_weights(encoder(blocks_per_stage=2), str(tmp_path))
  with pytest.raises(ValueError, match='stage1_block1/conv1/batch_norm/beta is left over'):
    checkpoints.load_weights(encoder(), str(tmp_path))


def test_a_folder_without_weights_says_so(tmp_path):
  with pytest.raises(FileNotFoundError, match=r'weights\.index is missing'):
    checkpoints.load_weights(encoder(), str(tmp_path))


class _Listed(keras.Model):
  """An encoder of somebody's own, whose layers lie in a list."""

  modality, feature_dimension = 'audio', 3

  def __init__(self):
    super().__init__()
    self.hidden = [keras.layers.Dense(4)]
    self.last = keras.layers.Dense(3)

  def call(self, x, training=False):
    return self.last(self.hidden[0](x))


@pytest.mark.stack
def test_weights_that_no_checkpoint_would_hold_are_an_error():
  """On Keras 3 a run ended well, and its features were those of other random weights than its export."""
  whole, listed = encoder(), _Listed()
  whole(tf.zeros([1, 40, 32, 1]))
  checkpoints.check_tracked(whole)
  listed(tf.zeros([1, 5]))
  if compat.LOWER_STACK:
    checkpoints.check_tracked(listed)
  else:
    with pytest.raises(ValueError, match=r'^2 weights of the model, the first is .*kernel, would be lost'):
      checkpoints.check_tracked(listed)


def test_weights_of_a_finished_stage_are_made_again_without_its_mark(tmp_path):
  """`Make them again` did nothing, since the stage was done."""
  (tmp_path / 'DONE').touch()
  with pytest.raises(FileNotFoundError, match='or delete .*/DONE and give the command'):
    checkpoints.load_weights(encoder(), str(tmp_path))


def test_a_digest_tells_weights_apart_and_not_folders(tmp_path):
  for name, seed in (('a', 0), ('c', 1)):
    checkpoints.save_weights(encoder(seed=seed), str(tmp_path / name))
  shutil.copytree(tmp_path / 'a', tmp_path / 'b')
  (tmp_path / 'b/metrics.csv').touch()
  a, b, c = (checkpoints.digest(str(tmp_path / name)) for name in 'abc')
  assert a == b != c and len(a) == 16


@pytest.mark.parametrize('kind', ['index', 'data-00000-of-00001'])
@pytest.mark.parametrize('size', [0, 100])
def test_damaged_weights_are_named_and_nothing_is_assigned(kind, size, tmp_path):
  checkpoints.save_weights(encoder(), str(tmp_path))
  with open(tmp_path / f'weights.{kind}', 'r+b') as file:
    file.truncate(size)
  model = encoder(seed=1)
  before = [variable.numpy() for variable in model.variables]
  with pytest.raises(ValueError, match=rf'^{tmp_path}/weights\.\* is damaged .*Restore it'):
    checkpoints.load_weights(model, str(tmp_path))
  for variable, value in zip(model.variables, before, strict=True):
    np.testing.assert_array_equal(variable.numpy(), value)


@pytest.mark.parametrize('name', ['ckpt-8.index', 'ckpt-8.data-00000-of-00001'])
@pytest.mark.parametrize('size', [None, 0, 50])
def test_an_older_checkpoint_takes_the_place_of_a_damaged_one(name, size, tmp_path):
  """Without its index the newest was as good as none: the training began anew, and its first checkpoint deleted the older one."""
  value = tf.Variable(tf.range(1000))
  first = checkpoints.TrainingCheckpoint(str(tmp_path), value=value)
  for step in (4, 8):
    value.assign(tf.fill([1000], step))
    first.save(step)
  path = tmp_path / 'checkpoints' / name
  path.unlink() if size is None else path.write_bytes(path.read_bytes()[:size])
  value.assign(tf.zeros([1000], tf.int32))
  again = checkpoints.TrainingCheckpoint(str(tmp_path), value=value)
  assert again.restore() and set(value.numpy()) == {4}
  value.assign(tf.fill([1000], 9))
  again.save(8)  # Not over what is left of the damaged one.
  value.assign(tf.zeros([1000], tf.int32))
  assert checkpoints.TrainingCheckpoint(str(tmp_path), value=value).restore() and set(value.numpy()) == {9}


@pytest.mark.parametrize('harm', ['gone', 'empty', 'half', 'more'])
def test_checkpoints_are_found_without_the_list_of_them(harm, tmp_path):
  """TensorFlow says of a list that it cannot read what it says of none: the training began anew, without a word."""
  value = tf.Variable(tf.range(1000))
  first = checkpoints.TrainingCheckpoint(str(tmp_path), value=value)
  for step in (8, 12):
    value.assign(tf.fill([1000], step))
    first.save(step)
  path = tmp_path / 'checkpoints' / 'checkpoint'
  before = path.read_bytes()
  harmed = {'empty': b'', 'half': before[: len(before) // 2], 'more': before + b'\xff\xfe'}
  path.unlink() if harm == 'gone' else path.write_bytes(harmed[harm])
  value.assign(tf.zeros([1000], tf.int32))
  again = checkpoints.TrainingCheckpoint(str(tmp_path), value=value)
  assert again.restore() and set(value.numpy()) == {12}
  again.restore_earlier()
  assert set(value.numpy()) == {8}
  for step in (16, 20):
    value.assign(tf.fill([1000], step))
    again.save(step)
  # The older ones are deleted as ever.
  assert sorted(p.name for p in path.parent.glob('*.index')) == ['ckpt-16.index', 'ckpt-20.index']
  value.assign(tf.zeros([1000], tf.int32))
  assert checkpoints.TrainingCheckpoint(str(tmp_path), value=value).restore() and set(value.numpy()) == {20}


def test_checkpoints_of_a_clock_that_was_ahead_are_kept_and_deleted_as_ever(monkeypatch, tmp_path):
  """TensorFlow forgot them: they stayed on disk, and there was none to fall back to."""
  value = tf.Variable(tf.range(10))
  true_time = time.time
  with monkeypatch.context() as patch:
    patch.setattr(time, 'time', lambda: true_time() + 3 * 86400)
    first = checkpoints.TrainingCheckpoint(str(tmp_path), value=value)
    for step in (2, 4):
      first.save(step)
  again = checkpoints.TrainingCheckpoint(str(tmp_path), value=value)
  again.save(6)
  assert sorted(p.name for p in (tmp_path / 'checkpoints').glob('*.index')) == ['ckpt-4.index', 'ckpt-6.index']
  (tmp_path / 'checkpoints' / 'ckpt-6.index').unlink()
  assert checkpoints.TrainingCheckpoint(str(tmp_path), value=value).restore()


@pytest.mark.parametrize('alone', [False, True])
def test_a_clock_that_is_put_right_during_a_training_costs_no_checkpoint(alone, monkeypatch, tmp_path):
  value, now = tf.Variable(tf.range(10)), time.time()
  monkeypatch.setattr(time, 'time', lambda: now + 3600)
  first = checkpoints.TrainingCheckpoint(str(tmp_path), value=value)
  monkeypatch.setattr(time, 'time', lambda: now)
  for step in (2, 4):
    first.save(step)
  monkeypatch.setattr(time, 'time', lambda: now + 4000)
  last = first if alone else checkpoints.TrainingCheckpoint(str(tmp_path), value=value)
  (last.save_alone if alone else last.save)(6)
  names = sorted(p.name for p in (tmp_path / 'checkpoints').glob('*.index'))
  assert names == (['ckpt-6.index'] if alone else ['ckpt-4.index', 'ckpt-6.index'])


@pytest.mark.parametrize('name', ['ckpt-3.index', 'ckpt-3.data-00000-of-00001'])
def test_a_damaged_checkpoint_is_named_with_what_to_do(name, tmp_path):
  checkpoints.TrainingCheckpoint(str(tmp_path), value=tf.Variable(tf.range(1000))).save(3)
  path = tmp_path / 'checkpoints' / name
  path.write_bytes(path.read_bytes()[:50])
  with pytest.raises(ValueError, match=rf'^{path.parent}/ckpt-3\.\* is damaged .*Delete {path.parent}'):
    checkpoints.TrainingCheckpoint(str(tmp_path), value=tf.Variable(tf.range(1000))).restore()
