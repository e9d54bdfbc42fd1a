"""The wheel is whole: every verb, gin file and template works from it, outside the checkout."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = """
import os, sys
import xdc_tf
from xdc_tf.cli import configuration, main, strict_gin
assert xdc_tf.__file__.startswith(sys.argv[1]), xdc_tf.__file__
main.build_parser()  # Imports every verb.
folder = strict_gin.gin_folder()
names = sorted(os.path.relpath(os.path.join(f, n), folder) for f, _, ns in os.walk(folder) for n in ns if n.endswith('.gin'))
configuration.load(['demo/film.gin'], [])
configuration.pretraining()
print(*names, sep='\\n')
"""


@pytest.mark.slow
def test_what_is_installed_from_the_wheel_works_elsewhere(tmp_path):
  pip = [
    sys.executable,
    '-m',
    'pip',
    '--disable-pip-version-check',
    'install',
    '--quiet',
    '--no-deps',
    '--no-build-isolation',
  ]
  # From a copy, since building writes beside the sources.
  copy = tmp_path / 'copy'
  for name in ('xdc_tf', 'beam_pipelines', 'gin'):
    shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns('__pycache__'))
  for name in ('setup.py', 'pyproject.toml', 'README.md', 'LICENSE'):
    shutil.copy(ROOT / name, copy)
  subprocess.run([*pip, '--target', str(tmp_path / 'installed'), str(copy)], check=True, capture_output=True, text=True)
  environment = os.environ | {'PYTHONPATH': str(tmp_path / 'installed')}
  arguments = {'cwd': tmp_path, 'env': environment, 'capture_output': True, 'text': True, 'check': False}
  done = subprocess.run([sys.executable, '-c', PROGRAM, str(tmp_path / 'installed')], **arguments)
  assert done.returncode == 0, done.stderr[-3000:]
  assert done.stdout.split('\n')[:-1] == sorted(
    str(path.relative_to(ROOT / 'gin')) for path in (ROOT / 'gin').rglob('*.gin')
  )
  installed = tmp_path / 'installed' / 'xdc_tf'
  for pattern in ('report/templates/*', 'py.typed'):
    expected = {path.name for path in (ROOT / 'xdc_tf').glob(pattern)}
    assert expected and {path.name for path in installed.glob(pattern)} == expected
  assert (tmp_path / 'installed/bin/xdc').exists()
