"""Which Python `make` installs into: stand-ins for the interpreters and for nvidia-smi say what they are."""

import os
import pathlib
import subprocess

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / 'requirements/choose_python.sh'


def choose(folder, versions, capability=None, system='Linux x86_64', **environment):
  """Runs the script where only `versions` of Python are there, and a GPU of that compute capability."""
  # What the script asks a Python comes as its second argument.
  names = {
    f'python{version}': f'case "$2" in *"(3, 12) <="*) exit {int(version < "3.12")};; esac' for version in versions
  }
  names['uname'] = f'set -- $1 {system}; case "$1" in -s) echo $2;; -m) echo $3;; esac'
  if capability:
    names['nvidia-smi'] = f"printf '{capability}'"
  folder.mkdir(exist_ok=True)
  for name, line in names.items():
    (folder / name).write_text(f'#!/bin/sh\n{line}\n')
    (folder / name).chmod(0o755)
  for tool in ('sort', 'tail'):
    (folder / tool).symlink_to(f'/usr/bin/{tool}')
  variables = {'PATH': str(folder), 'HOME': str(folder)} | environment
  return subprocess.run(['/bin/sh', str(SCRIPT)], env=variables, capture_output=True, text=True)


@pytest.mark.skipif(os.path.exists('/usr/local/bin/python3.11'), reason='it is looked for there too')
@pytest.mark.parametrize(
  ('versions', 'capability', 'expected'),
  [
    (('3.10', '3.11', '3.12', '3.13'), None, 'python3.11'),
    (('3.10', '3.12'), None, 'python3.10'),
    (('3.11', '3.12'), '8.0\\n', 'python3.11'),
    (('3.11', '3.12', '3.13'), '9.0\\n', 'python3.12'),
    (('3.11', '3.13'), '8.0\\n9.0\\n', 'python3.13'),
    (('3.11', '3.12'), '12.0\\n', 'python3.12'),
    (('3.11',), '9.0\\n', 'python3.11'),
  ],
)
def test_the_stack_that_has_code_for_the_card(tmp_path, versions, capability, expected):
  chosen = choose(tmp_path, versions, capability)
  assert chosen.stdout == f'{tmp_path}/{expected}\n'
  assert ('3.12 is preferred' in chosen.stderr) == (capability is not None and capability != '8.0\\n')


@pytest.mark.skipif(os.path.exists('/usr/local/bin/python3.11'), reason='it is looked for there too')
@pytest.mark.parametrize('system', ['Linux aarch64', 'Darwin arm64'])
def test_elsewhere_the_stack_that_has_packages(tmp_path, system):
  assert choose(tmp_path, ['3.10', '3.11', '3.12'], system=system).stdout == f'{tmp_path}/python3.12\n'
  (tmp_path / 'python3.12').unlink()
  refused = choose(tmp_path / 'old', ['3.11'], system=system)
  assert refused.returncode == 1 and f'on {system}, xdc-tf needs Python 3.12 to 3.13' in refused.stderr


def test_shims_come_after_what_they_hide(tmp_path):
  shims, distribution = tmp_path / 'pyenv/shims', tmp_path / 'bin'
  for folder in (shims, distribution):
    folder.mkdir(parents=True)
  path = f'{shims}:{distribution}'
  assert choose(shims, ['3.11'], PATH=path).stdout == 'python3.11\n'  # Nothing else is there.
  assert choose(distribution, ['3.11'], PATH=path).stdout == f'{distribution}/python3.11\n'


@pytest.mark.skipif(os.path.exists('/usr/local/bin/python3.12'), reason='it is looked for there too')
def test_what_uv_installed_is_found(tmp_path):
  home = tmp_path / 'home/.local/share/uv/python/cpython-3.12.11-linux-x86_64-gnu/bin'
  home.mkdir(parents=True)
  (home / 'python3').write_text('#!/bin/sh\n')
  (home / 'python3').chmod(0o755)
  assert choose(tmp_path / 'bin', [], HOME=str(tmp_path / 'home')).stdout == f'{home}/python3\n'
  refused = choose(tmp_path / 'none', [])
  assert refused.returncode == 1 and 'uv python install 3.12' in refused.stderr


def test_a_python_that_is_named_is_taken_or_refused(tmp_path):
  assert choose(tmp_path, ['3.12'], '9.0\\n', PYTHON=str(tmp_path / 'python3.12')).stdout == f'{tmp_path}/python3.12\n'
  refused = subprocess.run(['/bin/sh', str(SCRIPT)], env={'PYTHON': '/bin/false'}, capture_output=True, text=True)
  assert refused.returncode == 1 and 'cannot be used: it must be Python 3.10 to 3.13' in refused.stderr
