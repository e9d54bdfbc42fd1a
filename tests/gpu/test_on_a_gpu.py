"""What only a GPU can show: `pytest -m gpu`, some three minutes on one card. Skipped where TensorFlow sees none."""

import functools
import os
import pathlib
import subprocess
import sys
import time

import digits_learning
import numpy as np
import pytest
import records_factory
import tensorflow as tf
from tiny_encoders import NormalizedAudio

from xdc_tf import compat
from xdc_tf.models import AudioResNet18, R2Plus1D18
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.schedules import Schedule
from xdc_tf.training.targets import Targets
from xdc_tf.training.trainer import EncoderTrainer

GPU, CPU = '/GPU:0', '/CPU:0'
HERE = pathlib.Path(__file__).resolve().parent
pytestmark = [
  pytest.mark.gpu,
  pytest.mark.skipif(not tf.config.list_physical_devices('GPU'), reason='TensorFlow sees no GPU'),
]
MODELS = {
  'video': (functools.partial(R2Plus1D18, blocks_per_stage=1), VideoInput(num_frames=8, crop_size=24)),
  'audio': (functools.partial(AudioResNet18, blocks_per_stage=1), AudioInput()),
}
LABELS = np.arange(12, dtype=np.int32) % 3


@pytest.fixture(autouse=True)
def _full_float32():
  """TF32, which TensorFlow takes by default, has 11 bits: 5e-4 of the largest feature."""
  before = tf.config.experimental.tensor_float_32_execution_enabled()
  tf.config.experimental.enable_tensor_float_32_execution(False)
  yield
  tf.config.experimental.enable_tensor_float_32_execution(before)


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  return records_factory.write_records(tmp_path_factory.mktemp('records'), frames_per_span=8)


def make_trainer(records, device, modality, model=None, **options):
  made, inputs = MODELS[modality]
  options = TrainingOptions(**{'precision': 'float32', 'jit_compile': True, 'steps_per_call': 2} | options)
  strategy = tf.distribute.OneDeviceStrategy(device)
  return EncoderTrainer(modality, model or made, inputs, records, {'label': 3}, options, strategy, seed=3)


def train(trainer, folder, **changes):
  plan = {'epoch_size': 16, 'batch_size': 4, 'total_epochs': 2, 'warmup_epochs': 0, 'base_learning_rate': 1e-3}
  schedule = Schedule(**plan | {'early_stop_epochs': 0} | changes)
  trainer.train(str(folder), Targets('train', {'label': LABELS}), None, schedule, 5)
  return [variable.numpy() for variable in trainer.model.variables]


@pytest.mark.parametrize('modality', MODELS)
@pytest.mark.parametrize('jit_compile', [False, True])
def test_features_are_those_of_the_cpu(records, modality, jit_compile):
  found = []
  for device in (GPU, CPU):
    trainer = make_trainer(records, device, modality, jit_compile=jit_compile and device == GPU)
    found.append(np.concatenate([features for _, features in trainer.inference.embed('train', [0, 1, 2])]))
  np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-5 * np.abs(found[1]).max())


@pytest.mark.parametrize('modality', MODELS)
def test_a_step_goes_where_that_of_the_cpu_goes(records, modality, tmp_path):
  options = {'epoch_size': 4, 'total_epochs': 1}
  gpu = train(make_trainer(records, GPU, modality), tmp_path / 'gpu', **options)
  cpu = train(make_trainer(records, CPU, modality, jit_compile=False), tmp_path / 'cpu', **options)
  for on_gpu, on_cpu in zip(gpu, cpu, strict=True):
    np.testing.assert_allclose(on_gpu, on_cpu, rtol=1e-3, atol=1e-4 * max(1, np.abs(on_cpu).max()))


class Interruption(Exception):
  """Stands for a kill."""


def test_a_resumed_training_equals_an_undisturbed_one(records, tmp_path, monkeypatch):
  tf.config.experimental.enable_op_determinism()
  tf.random.set_seed(0)
  make = functools.partial(make_trainer, records, GPU, 'audio', precision='bfloat16', checkpoint_steps=3)
  whole = train(make(), tmp_path / 'whole')
  save = tf.train.CheckpointManager.save

  def interrupted(self, *arguments, **options):
    save(self, *arguments, **options)
    raise Interruption

  monkeypatch.setattr(tf.train.CheckpointManager, 'save', interrupted)
  with pytest.raises(Interruption):
    train(make(), tmp_path / 'cut')
  monkeypatch.setattr(tf.train.CheckpointManager, 'save', save)
  for a, b in zip(whole, train(make(), tmp_path / 'cut'), strict=True):
    np.testing.assert_array_equal(a, b)


def test_two_replicas_on_one_card_do_what_one_does(records, tmp_path):
  """Each with half of the batch; BatchNorm's statistics, which every replica has of its own, end as one mean."""
  path = os.pathsep.join([str(HERE.parent), str(HERE.parents[1])])
  program = [sys.executable, str(HERE / 'two_replicas_program.py'), records.directory, str(tmp_path / 'two.npz')]
  subprocess.run(program, check=True, env=os.environ | {'PYTHONPATH': path}, timeout=120)
  one = train(make_trainer(records, GPU, 'audio', model=NormalizedAudio), tmp_path / 'one', total_epochs=1)
  with np.load(tmp_path / 'two.npz') as two:
    assert [two[name].shape for name in two] == [variable.shape for variable in one]
    # The statistics of half a batch are others, so the weights are near, not equal.
    for variable, name in zip(one, two, strict=True):
      np.testing.assert_allclose(two[name], variable, atol=0.05 * max(1, np.abs(variable).max()))
      assert np.isfinite(two[name]).all()


@pytest.mark.skipif(compat.LOWER_STACK, reason='TensorFlow 2.15 keeps nothing')
def test_a_second_process_takes_what_the_first_has_compiled(records, tmp_path):
  program = (
    'from benchmarks.gpu.ours import SMALL, Ours\nfrom xdc_tf.training import distribution\n'
    "Ours('video', SMALL, distribution.make_strategy()).train().numpy()"
  )
  environment = os.environ | {'XDG_CACHE_HOME': str(tmp_path), 'PYTHONPATH': str(HERE.parents[1])}
  seconds = []
  for _ in range(2):
    started = time.monotonic()
    subprocess.run([sys.executable, '-c', program], check=True, env=environment, timeout=200)
    seconds.append(time.monotonic() - started)
  assert list(tmp_path.glob('xdc-tf/*/*')) and seconds[1] < seconds[0]


def test_xdc_learns_digits_in_bfloat16_with_xla(tmp_path):
  records = digits_learning.make_records(tmp_path)
  options = {'TrainingOptions.precision': "'bfloat16'", 'TrainingOptions.jit_compile': 'True'}
  process = digits_learning.start_pretraining('xdc', records, tmp_path / 'xdc', options)
  assert process.wait() == 0, (tmp_path / 'xdc.log').read_text()[-2000:]
  digits_learning.assert_has_learned(str(tmp_path / 'xdc'))
