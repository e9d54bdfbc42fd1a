"""How the command is started."""

import subprocess
import sys

import xdc_tf


def test_python_runs_it_where_its_script_is_on_no_path(tmp_path):
  command = [sys.executable, '-m', 'xdc_tf', '--version']
  assert (
    subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout == f'xdc-tf {xdc_tf.__version__}\n'
  )
