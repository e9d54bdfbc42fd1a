"""Where XLA keeps what it compiled; that a second process uses it can only be seen on a GPU (tests/gpu)."""

import os
import types

import pytest

from xdc_tf import xla_cache


@pytest.fixture
def gpu(tmp_path, monkeypatch):
  driver = tmp_path / 'version'
  driver.write_text('NVRM version: 580.1\n')
  for number in range(2):
    (tmp_path / 'gpus' / str(number)).mkdir(parents=True)
    (tmp_path / 'gpus' / str(number) / 'information').write_text(f'Model: \t H100\nGPU UUID: {number}\n')
  monkeypatch.setattr(xla_cache, 'CARDS', str(tmp_path / 'gpus/*/information'))
  monkeypatch.setattr(xla_cache, 'DRIVER', str(driver))
  monkeypatch.setattr(xla_cache.importlib.metadata, 'version', {'tensorflow': '2.21.0'}.__getitem__)
  return {'XDG_CACHE_HOME': str(tmp_path / 'cache')}


def test_on_a_gpu_the_cache_is_for_this_version_and_for_gpus_alone(gpu, tmp_path):
  gpu['TF_XLA_FLAGS'] = '--tf_xla_auto_jit=0'
  xla_cache.use(gpu)
  (folder,) = (tmp_path / 'cache' / 'xdc-tf').glob('xla-tensorflow-2.21-????????')
  assert folder.is_dir()
  assert gpu['TF_XLA_FLAGS'].split(' ') == [
    '--tf_xla_auto_jit=0', f'--tf_xla_persistent_cache_directory={folder}', '--tf_xla_persistent_cache_device_types=GPU'
  ]  # fmt: skip


def test_machines_of_one_home_with_other_cards_or_drivers_have_caches_of_their_own(gpu, tmp_path):
  def folder():
    environ = dict(gpu)
    xla_cache.use(environ)
    return environ['TF_XLA_FLAGS']

  first = folder()
  (tmp_path / 'gpus/1/information').write_text('Model: \t H100\nGPU UUID: another of the same\n')
  assert folder() == first
  (tmp_path / 'gpus/1/information').write_text('Model: \t H200\nGPU UUID: 1\n')
  second = folder()
  (tmp_path / 'version').write_text('NVRM version: 590.1\n')
  assert len({first, second, folder()}) == 3


def test_a_users_own_folder_stays(gpu):
  before = dict(gpu, TF_XLA_FLAGS='--tf_xla_persistent_cache_directory=/elsewhere')
  environ = dict(before)
  xla_cache.use(environ)
  assert environ == before


def test_empty_files_go_and_an_error_of_the_folder_says_what_to_do(gpu, tmp_path):
  """XLA refuses an empty file in every process that comes after, and names neither it nor the folder."""
  xla_cache.use(gpu)
  (folder,) = (tmp_path / 'cache' / 'xdc-tf').glob('xla-*')
  (folder / 'a.pb').touch()
  (folder / 'b.pb').write_bytes(b'code')
  del gpu['TF_XLA_FLAGS']
  xla_cache.use(gpu)
  assert [path.name for path in folder.iterdir()] == ['b.pb']
  for message in ('Serialized cache key does not match.', f'{folder}/c.pb.tmp; Read-only file system'):
    assert f'kept in {folder}, which is damaged' in xla_cache.advice(message, gpu)
  assert (
    xla_cache.advice('a checkpoint: Read less bytes than requested', gpu)
    == xla_cache.advice(f'{folder} is away', {})
    == ''
  )


@pytest.mark.parametrize(
  'kind', ['no driver', 'old TensorFlow', 'no TensorFlow', 'no folder', 'no home', 'space', 'full disk', 'unreadable']
)
def test_nothing_changes_where_it_cannot_be(gpu, kind, tmp_path, monkeypatch):
  def version(name):
    if kind == 'no TensorFlow':
      raise xla_cache.importlib.metadata.PackageNotFoundError
    return '2.15.1' if kind == 'old TensorFlow' else '2.21.0'

  monkeypatch.setattr(xla_cache.importlib.metadata, 'version', version)
  if kind == 'no driver':
    os.remove(xla_cache.DRIVER)
  if kind == 'no folder':
    (tmp_path / 'cache').touch()
  if kind == 'unreadable':  # A folder cannot be read as a file, even by root.
    os.remove(xla_cache.DRIVER)
    os.mkdir(xla_cache.DRIVER)
  if kind == 'full disk':
    monkeypatch.setattr(xla_cache.shutil, 'disk_usage', lambda folder: types.SimpleNamespace(free=1 << 20))
  if kind == 'no home':
    gpu['XDG_CACHE_HOME'] = '~/cache'
  if kind == 'space':
    gpu['XDG_CACHE_HOME'] = str(tmp_path / 'my cache')
  xla_cache.use(gpu)
  assert 'TF_XLA_FLAGS' not in gpu
