"""Beam's local job service and a separate pool of workers, which stand in for a cluster. It starts one worker for a job.

with portable_service(tmp_path) as options:
  output = finish(start('beam_pipelines.make_clips', ..., *options, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
"""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def start(*command, **options) -> subprocess.Popen:
  """Starts a Python program as a user would, with the package and this interpreter on the path."""
  # Beam's worker pool starts its workers as `python`.
  path = os.pathsep.join([os.path.dirname(sys.executable), os.environ['PATH']])
  environment = dict(os.environ, PYTHONPATH=str(ROOT), PATH=path)
  return subprocess.Popen(
    [sys.executable, '-m', *command], env=environment, text=True, start_new_session=True, **options
  )


def finish(process: subprocess.Popen, seconds: float = 120) -> str:
  """Waits for a program; returns what it printed."""
  try:
    output, _ = process.communicate(timeout=seconds)
  except subprocess.TimeoutExpired:
    os.killpg(process.pid, signal.SIGKILL)
    output, _ = process.communicate()
    pytest.fail(f'The program hung: {output}')
  return output


def free_port() -> int:
  with socket.socket() as probe:
    probe.bind(('localhost', 0))
    return probe.getsockname()[1]


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
  deadline = time.monotonic() + seconds
  while not condition():
    assert time.monotonic() < deadline, 'waited in vain'
    time.sleep(0.02)


def listens(port: int) -> bool:
  with socket.socket() as probe:
    return probe.connect_ex(('localhost', port)) == 0


@contextlib.contextmanager
def portable_service(folder: pathlib.Path) -> Iterator[list[str]]:
  """Starts both; yields the options that lead a job to them; kills them at the end."""
  port_file, pool_port = folder / 'port', free_port()
  service = 'apache_beam.runners.portability.local_job_service_main'
  quiet = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}
  processes = [start(service, '--port_file', str(port_file), '--staging_dir', str(folder / 'staging'), **quiet)]
  processes.append(start('apache_beam.runners.worker.worker_pool_main', f'--service_port={pool_port}', **quiet))
  try:
    wait_until(lambda: port_file.exists() and listens(pool_port))
    yield [
      '--runner=PortableRunner',
      f'--job_endpoint=localhost:{port_file.read_text()}',
      '--environment_type=EXTERNAL',
      f'--environment_config=localhost:{pool_port}',
      '--job_server_timeout=60',
    ]
  finally:
    for process in processes:
      with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
      process.wait()
