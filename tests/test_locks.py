"""The locks of requirements/: every package with hashes, and nothing that setup.py asks for missing."""

import hashlib
import importlib.metadata
import pathlib
import re
import subprocess
import sys
import zipfile

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

FOLDER = pathlib.Path(__file__).resolve().parents[1] / 'requirements'
VERSIONS = ('3.10', '3.11', '3.12', '3.13')
EXTRAS = ('test', 'avdigits', 'plots', 'docs')  # As in lock.py.


def locked(name: str) -> dict[str, tuple[str, int]]:
  """Returns version and number of hashes by package."""
  entries = re.split(r'\n(?=[\w.-]+==)', (FOLDER / name).read_text())[1:]
  parts = [re.fullmatch(r'([\w.-]+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n?', entry) for entry in entries]
  assert all(parts), f'{name}: an entry without hashes'
  return {part[1]: (part[2], part[3].count('--hash')) for part in parts}


@pytest.mark.parametrize('version', VERSIONS)
def test_what_setup_asks_for_is_locked_with_hashes(version):
  short = version.replace('.', '')
  found, gpu = locked(f'py{short}.txt'), locked(f'gpu-py{short}.txt')
  assert len(found) > 100 and any(name.startswith('nvidia-cudnn') for name in gpu) and not set(found) & set(gpu)
  asked = [Requirement(text) for text in importlib.metadata.requires('xdc-tf')]
  for extra in ('', *EXTRAS):
    environment = {'python_version': version, 'extra': extra, 'sys_platform': 'linux'}
    for requirement in asked:
      if requirement.marker is None or requirement.marker.evaluate(environment):
        assert found[requirement.name.lower()][0] in requirement.specifier, requirement


@pytest.mark.stack
def test_the_first_release_of_this_python_takes_all_packages():
  """As the Python of Debian 12 is 3.11.2, and that of Ubuntu 24.04 is 3.12.3."""
  first, names = '{}.{}.0'.format(*sys.version_info), locked('py{}{}.txt'.format(*sys.version_info))
  installed = [d.metadata for d in importlib.metadata.distributions()]
  asked = {m['Name'].lower().replace('_', '-'): m['Requires-Python'] for m in installed if 'Requires-Python' in m}
  assert len(asked.keys() & names.keys()) > 100
  refused = {name: asked[name] for name in asked.keys() & names.keys() if not SpecifierSet(asked[name]).contains(first)}
  assert refused == {}


@pytest.mark.stack
def test_what_is_locked_asks_for_nothing_that_is_not():
  """As pip installs what a lock holds and looks for nothing more."""
  names = {
    canonicalize_name(name): version for name, (version, _) in locked('py{}{}.txt'.format(*sys.version_info)).items()
  }
  todo = [('xdc-tf', ('', *EXTRAS))]
  for name, extras in todo:  # Grows on the way.
    if name in names and importlib.metadata.version(name) != names[name]:
      pytest.skip(f'this environment has another {name} than the lock')
    for asked in map(Requirement, importlib.metadata.requires(name) or []):
      if asked.marker is None or any(asked.marker.evaluate({'extra': extra}) for extra in extras):
        found = canonicalize_name(asked.name)
        assert asked.specifier.contains(names[found], prereleases=True), f'{name} asks for {asked}'
        todo += {(found, ('', *sorted(asked.extras)))} - {*todo}
  assert len({name for name, _ in todo}) > 100


def write_wheel(folder: pathlib.Path, name: str, version: str, requires: str = '') -> str:
  """Writes a package that holds nothing; returns its line of a lock."""
  metadata = f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nProvides-Extra: more\n'
  metadata += f'Requires-Dist: {requires}\n' if requires else ''
  path, info = folder / f'{name}-{version}-py3-none-any.whl', f'{name}-{version}.dist-info'
  with zipfile.ZipFile(path, 'w') as wheel:
    wheel.writestr(f'{info}/METADATA', metadata)
    wheel.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
    wheel.writestr(f'{info}/RECORD', '')
  return f'{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n'


def test_a_newer_release_of_what_is_locked_changes_nothing(tmp_path):
  """A pip before 24 looks at it when somebody asks for the package with an extra, and finds no hash."""
  lock = write_wheel(tmp_path, 'reader', '1.0', 'helper[more]') + write_wheel(tmp_path, 'helper', '1.0')
  write_wheel(tmp_path, 'helper', '2.0')
  (tmp_path / 'lock.txt').write_text(lock)
  (options,) = re.findall(r'\$\(PIP\) (.*) --requirement requirements/py', (FOLDER.parent / 'Makefile').read_text())
  assert '--require-hashes' in options
  command = [sys.executable, '-m', 'pip', 'install', '--quiet', '--no-index', '--find-links', str(tmp_path)]
  command += ['--target', str(tmp_path / 'installed'), *options.split(), '--requirement', str(tmp_path / 'lock.txt')]
  done = subprocess.run(command, capture_output=True, text=True, check=False)
  assert done.returncode == 0, done.stderr
  installed = {path.name for path in (tmp_path / 'installed').iterdir()}
  assert installed == {'reader-1.0.dist-info', 'helper-1.0.dist-info'}


def test_what_builds_is_the_same_for_all():
  (build,) = locked('build.txt').items()
  assert {locked(f'py{version.replace(".", "")}.txt')['setuptools'] for version in VERSIONS} == {build[1]}
