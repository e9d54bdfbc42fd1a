"""Beam's local job service and two pools of workers, which stand in for a cluster. It splits a job among a worker of each.

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


SERVICE = pathlib.Path(__file__).with_name('two_pool_service.py')


def start(*command, **options) -> subprocess.Popen:
  """Starts a Python module as a user would, with the package and this interpreter on the path."""
  # Beam's worker pool starts its workers as `python`.
  path = os.pathsep.join([os.path.dirname(sys.executable), os.environ['PATH']])
  environment = dict(os.environ, PYTHONPATH=str(ROOT), PATH=path)
  is_file = isinstance(command[0], pathlib.Path)
  return subprocess.Popen(
    [sys.executable, *([] if is_file else ['-m']), *map(str, command)],
    env=environment,
    text=True,
    start_new_session=True,
    **options,
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
  """Starts all; yields the options that lead a job to them; then checks that each pool had a worker, and kills them."""
  port_file, pools, started = folder / 'port', [f'localhost:{free_port()}' for _ in range(2)], folder / 'started'
  quiet = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}
  with open(started, 'w') as out:
    service = [SERVICE, ','.join(pools), '--port_file', port_file, '--staging_dir', folder / 'staging']
    processes = [start(*service, stdout=out, stderr=subprocess.DEVNULL)]
  ports = [pool.partition(':')[2] for pool in pools]
  processes += [
    start('apache_beam.runners.worker.worker_pool_main', f'--service_port={port}', **quiet) for port in ports
  ]
  try:
    wait_until(lambda: port_file.exists() and all(listens(int(port)) for port in ports))
    yield [
      '--runner=PortableRunner',
      f'--job_endpoint=localhost:{port_file.read_text()}',
      '--environment_type=EXTERNAL',
      f'--environment_config={pools[0]}',
      '--job_server_timeout=60',
    ]
    # The first line is the service's own.
    assert started.read_text().splitlines()[1:] == [f'started a worker at {pool}' for pool in pools]
  finally:
    for process in processes:
      with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
      process.wait()
