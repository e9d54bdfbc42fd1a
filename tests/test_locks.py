"""The locks of requirements/: every package with hashes, and nothing that setup.py asks for missing."""

import importlib.metadata
import pathlib
import re
import sys

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

FOLDER = pathlib.Path(__file__).resolve().parents[1] / 'requirements'
VERSIONS = ('3.10', '3.11', '3.12', '3.13')


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
  for extra in ('', 'test', 'avdigits', 'plots', 'docs'):
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


def test_what_builds_is_the_same_for_all():
  (build,) = locked('build.txt').items()
  assert {locked(f'py{version.replace(".", "")}.txt')['setuptools'] for version in VERSIONS} == {build[1]}
