"""Runs our commands in processes of their own, with a time limit, a clock for SIGKILL, and an eye on their memory.

A server process imports everything once and forks for every command, so that a kill falls into the work and not into ten seconds
of imports. What a command runs is its real entry point; only the interpreter's own start and end are not in it.
"""

import dataclasses
import json
import multiprocessing
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

_PRELOADED = (
  'xdc_tf.cli.main', 'xdc_tf.cli.configuration', 'xdc_tf.report.report_input', 'xdc_tf.serving.export', 'xdc_tf.evaluation.sweep',
  'xdc_tf.localization.localize',
  'beam_pipelines.make_clips', 'tensorflow_datasets',
)  # fmt: skip
_POLL_SECONDS = 0.01
# So long the workers of a killed command may go on before they count as forgotten.
_ORPHANS_SECONDS = 15.0


@dataclasses.dataclass(frozen=True)
class Ended:
  """How a command ended.

  Attributes:
    status: its exit status; minus the number of the signal that ended it.
    seconds: how long it ran.
    peak_bytes: highest resident memory of it or of one of its children, looked at a hundred times a second.
    output: what it printed, both streams.
    killed: it was ended because `watch` wanted it.
    timed_out: it was ended because its time limit came.
  """

  status: int
  seconds: float
  peak_bytes: int
  output: str
  killed: bool
  timed_out: bool


class Commands:
  """Starts commands; they print into files of a folder."""

  def __init__(self, folder: str):
    """Prepares the server process; it starts with the first command.

    Args:
      folder: exists; gets a file for every command, and their temporary files.
    """
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
    self._context = multiprocessing.get_context('forkserver')
    self._context.set_forkserver_preload(list(_PRELOADED))
    self._folder, self._count = folder, 0
    self._orphaned: list[int] = []

  def run(
    self,
    words: list[str],
    limit_seconds: float,
    watch: Callable[[float], bool] = lambda seconds: False,
    setup: Callable[[], object] | None = None,
    alone: bool = False,
  ) -> Ended:
    """Runs `xdc ...` or `make_clips ...` to its end.

    Args:
      words: the command, 'xdc' or 'make_clips' first; or 'two', then a command that two workers of one TF_CONFIG run together.
      limit_seconds: it is killed then, with all its children.
      watch: called again and again with the seconds since the start; where it returns True, SIGKILL comes.
      setup: called in its process before; can be pickled.
      alone: SIGKILL goes to the command alone, and its children live on as long as they want.
    """
    return self._watch(_command, (words, setup), limit_seconds, watch, alone)

  def call(self, function: Callable, *arguments, limit_seconds: float = 120.0):
    """Returns what a function returns in a process of its own, by way of JSON, and how that ended.

    Raises:
      RuntimeError: when it did not return.
    """
    ended = self._watch(_call, (function, arguments), limit_seconds)
    if ended.status or ended.timed_out:
      raise RuntimeError(f'{function.__name__} ended with status {ended.status}: {ended.output[-1000:]}')
    return json.loads(ended.output.splitlines()[-1]), ended

  def start(self, target: Callable, arguments: tuple) -> BaseProcess:
    """Starts a process that the caller ends."""
    return self._start(target, arguments)[0]

  def _start(self, target: Callable, arguments: tuple) -> tuple[BaseProcess, str]:
    """Returns a process and the file that it prints into."""
    self._count += 1
    log = os.path.join(self._folder, f'{self._count:05d}.log')
    with open(log, 'w'):  # A kill may come before the process has opened it.
      pass
    process = self._context.Process(target=_in_session, args=(log, target, arguments))
    process.start()
    return process, log

  def end_orphans(self) -> int:
    """Waits for the children of commands that were killed alone, and ends those that go on; returns of how many commands."""
    deadline, ended = time.monotonic() + _ORPHANS_SECONDS, 0
    for group in self._orphaned:
      while _exists(group) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
      if _exists(group):
        os.killpg(group, signal.SIGKILL)
        ended += 1
    self._orphaned.clear()
    return ended

  def pipe(self) -> tuple[Connection, Connection]:
    """Returns two ends of a pipe, one of them for a process to start."""
    return self._context.Pipe()

  def _watch(self, target, arguments, limit_seconds, watch=lambda seconds: False, alone=False) -> Ended:
    process, log = self._start(target, arguments)
    pid = pid_of(process)
    began, seconds, peak, killed, timed_out = time.monotonic(), 0.0, 0, False, False
    try:
      while process.is_alive():
        process.join(_POLL_SECONDS)
        seconds, peak = time.monotonic() - began, max(peak, _peak_bytes(pid))
        timed_out = seconds > limit_seconds
        killed = not timed_out and watch(seconds)
        if (killed or timed_out) and process.is_alive():
          _kill(pid, alone and not timed_out)
          self._orphaned += [pid] if alone else []
          process.join()
    finally:
      if process.is_alive():  # The campaign itself was ended.
        _kill(pid, alone=False)
        process.join()
    with open(log, errors='replace') as file:
      output = file.read()
    status = process.exitcode
    assert status is not None  # It was waited for.
    ended = status == -signal.SIGKILL
    return Ended(status, seconds, peak, output, killed and ended, timed_out and ended)


def _in_session(log: str, target: Callable, arguments: tuple) -> None:
  os.setsid()
  descriptor = os.open(log, os.O_WRONLY | os.O_CREAT)
  os.dup2(descriptor, 1)
  os.dup2(descriptor, 2)
  # What killed commands leave among temporary files goes with the campaign's own folder.
  os.environ['TMPDIR'], tempfile.tempdir = os.path.dirname(log), None
  target(*arguments)


def _command(words: list[str], setup: Callable[[], object] | None) -> None:
  sys.argv = words
  if setup:
    setup()
  if words[0] == 'two':
    _as_two_workers(words[1:])
  elif words[0] == 'xdc':
    from xdc_tf.cli import main

    main.run()
  else:
    from beam_pipelines import make_clips

    make_clips.main(words[1:])


def _as_two_workers(words: list[str]) -> None:
  import worker_processes  # Of the tests.

  addresses, context = worker_processes.free_addresses(2), multiprocessing.get_context('fork')
  workers = []
  for number in range(2):
    os.environ['TF_CONFIG'] = json.dumps(
      {'cluster': {'worker': addresses}, 'task': {'type': 'worker', 'index': number}}
    )
    workers.append(context.Process(target=_command, args=(words, None)))
    workers[-1].start()
  for worker in workers:
    worker.join()
  sys.exit(max(abs(worker.exitcode or 0) for worker in workers))


def _call(function: Callable, arguments: tuple) -> None:
  print('\n' + json.dumps(function(*arguments)))


def _kill(pid: int, alone: bool) -> None:
  try:
    (os.kill if alone else os.killpg)(pid, signal.SIGKILL)
  except ProcessLookupError:  # It has not come to be the leader of a group yet.
    os.kill(pid, signal.SIGKILL)


def _exists(group: int) -> bool:
  try:
    os.killpg(group, 0)
  except ProcessLookupError:
    return False
  return True


def pid_of(process: BaseProcess) -> int:
  """Returns the number of a process that was started."""
  assert process.pid is not None
  return process.pid


def status_bytes(pid: int, what: str) -> int:
  """Returns VmRSS or VmHWM of a process in bytes; 0 when it is gone."""
  try:
    with open(f'/proc/{pid}/status') as file:
      line = re.search(rf'{what}:\s+(\d+) kB', file.read())
  except OSError:
    return 0
  return 1024 * int(line[1]) if line else 0


def _peak_bytes(pid: int) -> int:
  try:
    with open(f'/proc/{pid}/task/{pid}/children') as file:
      children = list(map(int, file.read().split()))
  except OSError:
    children = []
  return max(status_bytes(each, 'VmHWM') for each in [pid, *children])
