"""Code that XLA compiles for GPUs is kept from process to process: without it the first step of R(2+1)D-18 takes a minute."""

import contextlib
import glob
import hashlib
import importlib.metadata
import os
import re
import shutil
import tempfile

DRIVER = '/proc/driver/nvidia/version'
CARDS = '/proc/driver/nvidia/gpus/*/information'
_DIRECTORY_FLAG = '--tf_xla_persistent_cache_directory'
_ROOM = 1 << 30  # Bytes; the code of one encoder takes some megabytes.
_DAMAGED = 'Serialized cache key does not match'  # What XLA says of a file, without its name.


def use(environ=os.environ) -> None:
  """Names a folder below $XDG_CACHE_HOME (~/.cache) to XLA, in TF_XLA_FLAGS; call it before TensorFlow is imported.

  For GPUs alone: on CPUs TensorFlow 2.15 fails with such a folder, and 2.21 warns of code for another machine. One folder for each
  version of TensorFlow, driver and model of the cards, since homes are shared by machines; several processes may share it, since
  XLA writes a file whole before it gives it its name. Does nothing where the user has chosen a folder, where there is no NVIDIA
  driver that can be read, or where no folder can be made and written into: XLA would fail there.
  """
  flags = environ.get('TF_XLA_FLAGS', '')
  if _DIRECTORY_FLAG in flags or not os.path.exists(DRIVER):
    return
  version = _tensorflow_version()
  if version is None or version < (2, 21):
    return
  home = environ.get('XDG_CACHE_HOME') or os.path.join(os.path.expanduser('~'), '.cache')
  if not os.path.isabs(home):  # Without a home.
    return
  try:
    folder = os.path.join(home, 'xdc-tf', f'xla-tensorflow-{".".join(map(str, version))}-{_cards()}')
    _prepare(folder)
  except OSError:
    return
  # The flags are separated by spaces, and cannot be quoted.
  if ' ' not in folder:
    environ['TF_XLA_FLAGS'] = f'{flags} {_DIRECTORY_FLAG}={folder} --tf_xla_persistent_cache_device_types=GPU'.strip()


def _prepare(folder: str) -> None:
  """Makes the folder; takes away empty files, which XLA refuses for ever; OSError where it cannot be used."""
  os.makedirs(folder, exist_ok=True)
  if shutil.disk_usage(folder).free < _ROOM:
    raise OSError(f'{folder} is on a full disk')
  with tempfile.TemporaryFile(dir=folder):  # Raises where nothing can be written.
    pass
  for path in glob.glob(os.path.join(glob.escape(folder), '*.pb')):
    with contextlib.suppress(FileNotFoundError):  # Another process may do the same.
      if not os.path.getsize(path):
        os.remove(path)


def advice(message: str, environ=os.environ) -> str:
  """What to do about an error that comes of the folder; '' for other errors."""
  folder = re.search(rf'{_DIRECTORY_FLAG}=(\S+)', environ.get('TF_XLA_FLAGS', ''))
  if folder is None or folder[1] not in message and _DAMAGED not in message:
    return ''
  return f' What XLA has compiled is kept in {folder[1]}, which is damaged or cannot be written: delete it, it is made again.'


def _cards() -> str:
  """Eight digits that stand for the driver and the models of the cards."""
  said = []
  for path in (DRIVER, *sorted(glob.glob(CARDS))):
    with open(path) as file:
      said += [line.strip() for line in file if path == DRIVER or line.startswith('Model:')]
  return hashlib.sha256('\n'.join(sorted(set(said))).encode()).hexdigest()[:8]


def _tensorflow_version() -> tuple[int, ...] | None:
  """The installed version, without importing it, which takes seconds and reads the flags."""
  try:
    return tuple(int(part) for part in importlib.metadata.version('tensorflow').split('.')[:2])
  except (importlib.metadata.PackageNotFoundError, ValueError):
    return None
