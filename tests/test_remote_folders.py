"""The whole road with every folder on s3://, as commands of their own, against an S3 server on this machine (moto).

Nothing here uses the S3 file system in the test's own process: what lies in the bucket is fetched with boto3.
"""

import os
import pathlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import media_factory
import numpy as np
import pytest
import tensorflow as tf

from xdc_tf import compat

pytestmark = pytest.mark.slow

BUCKET = 'films'
TINY = {
  'num_video_clusters': 3,
  'num_audio_clusters': 3,
  'Pretraining.num_iterations': 1,
  'R2Plus1D18.base_width': 4,
  'R2Plus1D18.blocks_per_stage': 1,
  'AudioResNet18.base_width': 4,
  'AudioResNet18.blocks_per_stage': 1,
  'VideoInput.crop_size': 16,
  'VideoInput.short_side': 20,
  'Schedule.epoch_size': 16,
  'Schedule.batch_size': 4,
  'Schedule.total_epochs': 1,
  'Schedule.base_learning_rate': 0.001,
  'TrainingOptions.checkpoint_steps': 1,
}
PATIENCE_SECONDS = 300


class Store:
  """A bucket, looked into without the code under test."""

  def __init__(self, endpoint: str):
    import boto3

    self.environment = {
      'S3_ENDPOINT': endpoint,
      'AWS_ACCESS_KEY_ID': 'nobody',
      'AWS_SECRET_ACCESS_KEY': 'nothing',
      'AWS_REGION': 'us-east-1',
      'AWS_EC2_METADATA_DISABLED': 'true',
    }
    self._client = boto3.client(
      's3', endpoint_url=endpoint, aws_access_key_id='nobody', aws_secret_access_key='nothing', region_name='us-east-1'
    )

  def make_bucket(self) -> None:
    self._client.create_bucket(Bucket=BUCKET)

  def upload(self, path, key: str) -> None:
    self._client.upload_file(str(path), BUCKET, key)

  def names(self, prefix: str = '') -> set[str]:
    pages = self._client.get_paginator('list_objects_v2').paginate(Bucket=BUCKET, Prefix=prefix)
    return {found['Key'] for page in pages for found in page.get('Contents', [])}

  def read(self, key: str) -> bytes:
    return self._client.get_object(Bucket=BUCKET, Key=key)['Body'].read()

  def download(self, prefix: str, folder: pathlib.Path) -> pathlib.Path:
    """Fetches all below s3://BUCKET/PREFIX/ into FOLDER/PREFIX/."""
    for key in self.names(f'{prefix}/'):
      path = folder / key
      path.parent.mkdir(parents=True, exist_ok=True)
      path.write_bytes(self.read(key))
    return folder / prefix


def s3(path: str) -> str:
  return f's3://{BUCKET}/{path}'


@pytest.fixture(scope='module')
def store(tmp_path_factory) -> Iterator[Store]:
  if not compat.LOWER_STACK:
    pytest.skip('s3:// needs tensorflow-io, which has no release for this TensorFlow')
  pytest.importorskip('tensorflow_io', reason='tensorflow-io, which knows s3://, is not installed')
  pytest.importorskip('moto', reason='moto, the S3 server, is not installed: pip install -e .[test]')
  with socket.socket() as probe:
    probe.bind(('127.0.0.1', 0))
    port = probe.getsockname()[1]
  log = tmp_path_factory.mktemp('server') / 'log'
  with open(log, 'w') as output:
    command = [sys.executable, '-m', 'moto.server', '-H', '127.0.0.1', '-p', str(port)]
    server = subprocess.Popen(command, stdout=output, stderr=output)
  try:
    found = Store(f'http://127.0.0.1:{port}')
    deadline = time.monotonic() + 60
    while True:
      assert server.poll() is None, log.read_text()[-3000:]
      try:
        found.make_bucket()
        break
      except Exception:  # Until it listens.
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.2)
    yield found
  finally:
    server.kill()
    server.wait()


def start(log: pathlib.Path, store: Store | None, module: str, *words: str) -> subprocess.Popen:
  """Starts `python -m MODULE WORDS`; without a store it gets no way to the server."""
  environment = os.environ | {'CUDA_VISIBLE_DEVICES': '-1'} | (store.environment if store else {})
  with open(log, 'a') as output:
    output.write(f'\n$ python -m {module} {" ".join(words)}\n')
    output.flush()
    return subprocess.Popen([sys.executable, '-m', module, *words], env=environment, stdout=output, stderr=output)


def tail(log: pathlib.Path) -> str:
  return log.read_text(errors='replace')[-4000:]


def finish(log: pathlib.Path, store: Store | None, module: str, *words: str) -> str:
  """Runs a command that must end with status 0, which an abort at its very end is not; returns what it printed."""
  before = log.stat().st_size if log.exists() else 0
  process = start(log, store, module, *words)
  try:
    assert process.wait(PATIENCE_SECONDS) == 0, tail(log)
  finally:
    process.kill()
  printed = log.read_bytes()[before:].decode(errors='replace')
  # A worker of Beam that aborts does not fail its job.
  assert 'pure virtual method' not in printed and 'exited with return code' not in printed, printed[-4000:]
  return printed


XDC = 'xdc_tf.cli.main'


def pretrain_words(records: str, run: str) -> list[str]:
  words = ['pretrain', '--records', records, '--run_dir', run, '--gin_file', 'methods/xdc.gin', '--deterministic']
  return words + [word for name, value in TINY.items() for word in ('--gin_param', f'{name} = {value}')]


@pytest.fixture(scope='module')
def log(tmp_path_factory) -> pathlib.Path:
  return tmp_path_factory.mktemp('commands') / 'log'


@pytest.fixture(scope='module')
def records(store, log, tmp_path_factory) -> str:
  """The folder of records, in the bucket, made of films in the bucket."""
  folder = tmp_path_factory.mktemp('films')
  for number, pitch in enumerate((220.0, 440.0, 1500.0)):
    name = f'film {number}.mp4'  # Names of objects are escaped in requests.
    media_factory.write_video(folder / name, seconds=12, frame_rate=15, size=(64, 48), pitch=pitch)
    store.upload(folder / name, f'videos/{number}/{name}')
  (folder / 'broken.mp4').write_bytes(b'this is not a video')
  store.upload(folder / 'broken.mp4', 'videos/broken.mp4')
  words = ['--folder', s3('videos'), '--output_dir', s3('manifest'), '--validation_fraction', '0.2']
  finish(log, store, XDC, 'manifest', 'folder', *words, '--hold_out', 'span')
  # The last of 16 training rows, the broken film's, has a shard of its own, which is an empty file.
  words = ['--manifest', s3('manifest'), '--output_dir', s3('clips'), '--short_side', '24', '--clips_per_shard', '3']
  words += ['--direct_running_mode=multi_processing', '--direct_num_workers=2']
  finish(log, store, 'beam_pipelines.make_clips', *words)
  return s3('clips')


@pytest.fixture(scope='module')
def run(store, log, records) -> str:
  """The run directory, in the bucket, of a pretraining that was killed after its first checkpoint and started again."""
  words = pretrain_words(records, s3('run'))
  process = start(log, store, XDC, *words)
  try:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not any(key.endswith('checkpoints/ckpt-1.index') for key in store.names('run/')):
      assert process.poll() is None and time.monotonic() < deadline, tail(log)
      time.sleep(0.1)
  finally:
    process.kill()
  process.wait()
  assert not any(key.startswith('run/iteration-01/') for key in store.names('run/'))
  finish(log, store, XDC, *words)
  return s3('run')


@pytest.fixture(scope='module')
def models(store, log, run) -> str:
  """The folder of SavedModels, in the bucket."""
  finish(log, store, XDC, 'export', '--run_dir', run, '--output_dir', s3('saved_models'))
  return s3('saved_models')


def test_records(store, records, tmp_path):
  failed = store.read('clips/failed_videos.jsonl').decode().splitlines()
  assert len(failed) == 1 and '"reason": "unreadable"' in failed[0] and 'broken.mp4' in failed[0]
  assert 'clips/DONE' in store.names()
  assert not [key for key in store.names() if '.tmp.' in key]
  folder = store.download('clips', tmp_path)
  shards = sorted(folder.glob('*.tfrecord-*'))
  numbers = [sum(1 for _ in tf.data.TFRecordDataset(str(shard))) for shard in shards]
  assert sorted(numbers) == [0] + [3] * 6


def test_the_same_job_again_finds_everything(store, log, records):
  before = store.names('clips/')
  words = ['--manifest', s3('manifest'), '--output_dir', records, '--short_side', '24', '--clips_per_shard', '3']
  assert 'is finished already' in finish(log, store, 'beam_pipelines.make_clips', *words)
  assert store.names('clips/') == before


def test_an_error_keeps_its_message_and_its_status(store, log):
  words = ['manifest', 'folder', '--folder', s3('nothing'), '--output_dir', s3('no_manifest')]
  assert start(log, store, XDC, *words).wait(PATIENCE_SECONDS) == 1
  assert f'xdc manifest: {s3("nothing")} does not exist' in tail(log)
  assert not store.names('no_manifest')


def weights(folder: pathlib.Path) -> dict[str, np.ndarray]:
  reader = tf.train.load_checkpoint(str(folder / 'weights'))
  found = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
  return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}


def test_a_killed_run_in_the_bucket_equals_an_undisturbed_one_on_disk(store, log, run, tmp_path):
  records = store.download('clips', tmp_path)
  local = tmp_path / 'local'
  finish(log, None, XDC, *pretrain_words(str(records), str(local)))
  remote = store.download('run', tmp_path)

  arrays = sorted(path.relative_to(local) for path in local.rglob('*.npy'))
  assert sum(path.name == 'pseudo_labels.npy' for path in arrays) == 8  # 2 iterations, clusterings and splits.
  assert arrays == sorted(path.relative_to(remote) for path in remote.rglob('*.npy'))
  for path in arrays:
    np.testing.assert_array_equal(np.load(remote / path), np.load(local / path), err_msg=str(path))

  stages = sorted(path.parent.relative_to(local) for path in local.rglob('weights.index'))
  assert len(stages) == 4  # The initial and the trained weights of two encoders.
  for stage in stages:
    expected, found = weights(local / stage), weights(remote / stage)
    assert expected.keys() == found.keys()
    for name, value in expected.items():
      np.testing.assert_array_equal(found[name], value, err_msg=f'{stage} {name}')

  done = {str(path.relative_to(local)) for path in local.rglob('DONE')}
  assert done and {str(path.relative_to(remote)) for path in remote.rglob('DONE')} == done
  assert not list(remote.rglob('*checkpoints*'))  # Only an interrupted stage needs them.


def test_saved_models(store, log, models, tmp_path):
  for modality in ('video', 'audio'):
    keys = store.names(f'saved_models/xdc_{modality}/')
    assert {key.split('/')[2] for key in keys} == {'1'}
    assert f'saved_models/xdc_{modality}/1/saved_model.pb' in keys
    folder = store.download(f'saved_models/xdc_{modality}/1', tmp_path)
    loaded = tf.saved_model.load(str(folder))
    assert loaded.signatures['embed'].structured_outputs['embedding'].shape[-1] == 32
  # One more is the next version, beside the first.
  finish(log, store, XDC, 'export', '--run_dir', s3('run'), '--output_dir', models)
  assert {key.split('/')[2] for key in store.names('saved_models/')} == {'1', '2'}


def test_report(store, log, run):
  finish(log, store, XDC, 'report', '--run_dir', run, '--clips_per_cluster', '3')
  keys = store.names('run/report/')
  assert sum(key.startswith('run/report/pages/') for key in keys) == 6
  assert any(key.endswith('.webm') for key in keys) and any(key.endswith('.webp') for key in keys)
  assert b'nmi' in store.read('run/report/index.html')
  # Once more: in place of the first, whose thumbnails stay.
  assert 'thumbnails of 0 clips made' in finish(log, store, XDC, 'report', '--run_dir', run, '--clips_per_cluster', '3')
  assert store.names('run/report/') == keys


@pytest.mark.parametrize('modality', ['video', 'audio'])
def test_embed(store, log, models, tmp_path, modality):
  words = [s3('videos/1/film 1.mp4'), '--saved_model', f'{models}/xdc_{modality}/1']
  finish(log, store, XDC, 'embed', *words, '--output', s3(f'{modality}.npz'))
  (tmp_path / 'found.npz').write_bytes(store.read(f'{modality}.npz'))
  with np.load(tmp_path / 'found.npz') as found:
    np.testing.assert_array_equal(found['start_seconds'], [0, 2, 4, 6, 8, 10])
    assert found['embeddings'].shape == (6, 32) and np.isfinite(found['embeddings']).all()


def features(folder: pathlib.Path) -> dict[str, np.ndarray]:
  return {path.name: np.load(path) for path in folder.glob('*.npy')}


def test_features(store, log, run, records, models, tmp_path):
  words = ['--records', records, '--output_dir', s3('features')]
  finish(log, store, XDC, 'extract-features', *words, '--run_dir', run, '--encoder', 'audio')
  words = ['--records', records, '--output_dir', s3('job_features'), '--saved_model', f'{models}/xdc_audio/1']
  words += ['--direct_running_mode=multi_processing', '--direct_num_workers=2']
  finish(log, store, 'beam_pipelines.extract_features', *words)
  assert {'features/DONE', 'job_features/DONE'} <= store.names()
  found = {
    name: features(store.download(name, tmp_path))
    for name in ('run/iteration-01/features/audio', 'features', 'job_features')
  }
  expected = found.pop('run/iteration-01/features/audio')
  assert sum(len(array) for name, array in expected.items() if name.endswith('.index.npy')) == 18
  for arrays in found.values():
    assert arrays.keys() == expected.keys()
    for name, array in expected.items():
      np.testing.assert_allclose(arrays[name], array, rtol=0.02, atol=0.02, err_msg=name)
