"""One job a folder: schedulers start a job anew while the old one still runs, and two that fill one folder mix up what they write.

A lease is a small file in the folder that its owner renews. It needs no locks, which NFS and object stores do not have: who finds
it renewed lately stops; who finds it old watches it for a while, since clocks differ between hosts, and then takes it. Who lost it
may not write any more: files.py asks before anything gets its name.
"""

import contextlib
import dataclasses
import datetime
import json
import os
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Iterator

import tensorflow as tf

from xdc_tf import files

FILE = 'lease.json'
RENEW_SECONDS = 10.0
EXPIRE_SECONDS = 60.0


class LeaseError(RuntimeError):
  """Another job fills the folder, or has taken it over."""


@dataclasses.dataclass(frozen=True)
class _Owner:
  """Who has a lease, as its file says.

  Attributes:
    token: a token of this lease alone.
    host: name of the machine.
    process: number of the process.
    space: which start of which machine, and which of its spaces of process numbers.
    started: the start of the process, in clock ticks, since numbers are used again.
    since: when the lease was taken, ISO 8601.
    renewed: when it was renewed last, in seconds since 1970.
  """

  token: str
  host: str
  process: int
  space: str
  started: str
  since: str
  renewed: float

  @property
  def is_gone(self) -> bool:
    """Whether it was a process of this machine that has ended."""
    if not self.space == _space() != '' or self.started == _started(self.process):
      return False
    try:
      os.kill(self.process, 0)
    except ProcessLookupError:
      return True
    except PermissionError:  # Of another user, and perhaps hidden from this one.
      return False
    return _started(self.process) != ''  # The number is another process's now.

  @property
  def seems_expired(self) -> bool:
    """Whether its time is long past, or far ahead, by this machine's clock."""
    return abs(time.time() - self.renewed) > EXPIRE_SECONDS


class Lease:
  """The lease of a folder, renewed by a thread until `release`."""

  def __init__(self, folder: str, take_over: bool | None = None):
    """Takes the lease.

    Args:
      folder: made if absent.
      take_over: whoever has it; None: the caller has no such option.

    Raises:
      LeaseError: when another job has it.
    """
    self._path = os.path.join(folder, FILE)
    self._folder, self._token, self._since = folder, uuid.uuid4().hex, _now()
    self._has_option = take_over is not None
    self._renewed_at, self._is_lost = 0.0, False
    finished = 'What is finished there can be used as it is; for' if os.path.exists(folder) else 'For'
    option = 'the option whose name begins with --output where there is one'
    files.check_writable(folder, folder, f'{finished} anything new give another folder, by {option}.')
    tf.io.gfile.makedirs(folder)
    owner = _read(self._path)
    if owner is None or take_over or self._is_free(owner):
      self._take(owner)
    else:
      self._refuse(owner)
    self._stop = threading.Event()
    self._thread = threading.Thread(target=self._keep, name=f'lease of {folder}', daemon=True)
    self._thread.start()

  def _refuse(self, owner: _Owner) -> None:
    hangs = 'If it hangs, --take_over goes on in its place; a' if self._has_option else 'A'
    raise LeaseError(
      f'{self._folder} is being filled by process {owner.process} on {owner.host}, since {owner.since}; it was last heard of '
      f'{max(0, time.time() - owner.renewed):.0f} s ago. Wait for it or end it. {hangs} job '
      f'that has died on another machine is taken over by itself after {EXPIRE_SECONDS:.0f} s.'
    )

  def _take(self, before: _Owner | None) -> None:
    """Becomes the owner; of two that try at the same moment one is refused."""
    if before is None and '://' not in self._path and not os.path.exists(self._path):
      temporary = self._write_beside()
      try:
        os.link(temporary, self._path)  # Unlike a rename it fails where another job was faster.
        return
      except FileExistsError:
        owner = _read(self._path)
        if owner is not None:
          self._refuse(owner)
      except OSError:
        pass  # There are no links on this file system.
      finally:
        os.remove(temporary)
    self._renew()
    time.sleep(RENEW_SECONDS / 50)
    self.check(now=True)  # The last one of several has it.

  def _is_free(self, owner: _Owner) -> bool:
    if owner.is_gone:
      return True
    if not owner.seems_expired:
      return False
    deadline = time.monotonic() + 1.5 * RENEW_SECONDS
    while time.monotonic() < deadline:
      time.sleep(RENEW_SECONDS / 10)
      if _read(self._path) != owner:  # Alive, on a machine whose clock is wrong; or another job was faster.
        return False
    return True

  @property
  def token(self) -> str:
    """Tells this lease from all others."""
    return self._token

  def check(self, now: bool = False) -> None:
    """Raises LeaseError when another job has taken the lease; asks a remote file system after a pause only, unless `now`."""
    is_remote = '://' in self._path
    if is_remote and not (now or self._is_lost) and _boot_time() - self._renewed_at < EXPIRE_SECONDS / 2:
      return
    owner = _read(self._path)
    if owner is None or owner.token != self._token:
      raise _lost(self._folder, owner)

  def release(self) -> None:
    """Gives the lease back, if it is still this job's."""
    self._stop.set()
    self._thread.join()
    with contextlib.suppress(LeaseError, tf.errors.OpError, OSError):
      self.check(now=True)
      tf.io.gfile.remove(self._path)

  def _keep(self) -> None:
    while not self._stop.wait(RENEW_SECONDS):
      # A file system that fails now and then must not end the job; one that is away for long has lost it the lease anyway.
      with contextlib.suppress(tf.errors.OpError, OSError):
        owner = _read(self._path)
        if owner is None or owner.token != self._token:
          self._is_lost = True  # `check` says so where something is written.
          return
        self._renew()

  def _renew(self) -> None:
    if '://' in self._path:
      self._write(self._path)  # An object is whole or absent.
    else:
      os.replace(self._write_beside(), self._path)

  def _write_beside(self) -> str:
    temporary = f'{self._path}.{self._token}'
    try:
      self._write(temporary)
    except (tf.errors.OpError, OSError):  # A full disk must not keep it.
      with contextlib.suppress(OSError):
        os.remove(temporary)
      raise
    return temporary

  def _write(self, path: str) -> None:
    owner = _Owner(
      self._token, socket.gethostname(), os.getpid(), _space(), _started(os.getpid()), self._since, time.time()
    )
    with tf.io.gfile.GFile(path, 'w') as file:
      file.write(json.dumps(dataclasses.asdict(owner)) + '\n')
    self._renewed_at = _boot_time()


@contextlib.contextmanager
def held(folder: str, take_over: bool | None = None, is_chief: bool = True) -> Iterator[str]:
  """Has the lease of a folder while the block runs; nothing is written in this process after it is lost.

  A SIGTERM, as schedulers send it before they kill, ends the block and gives the lease back, so that the next job need not wait.

  Args:
    folder: that the job fills.
    take_over: from whoever has it; None: the caller has no such option.
    is_chief: False on all workers of a cluster but one: they are one job.

  Yields:
    the lease's token, for `watched_by_worker`; '' where this process is not the chief.

  Raises:
    LeaseError: when another job has it, or takes it.
  """
  if not is_chief:
    with _ended_by_sigterm():
      yield ''
    return
  lease = Lease(files.absolute_path(folder), take_over)
  files.guards.append(lease.check)
  try:
    with _ended_by_sigterm():
      yield lease.token
  finally:
    files.guards.remove(lease.check)
    lease.release()


@contextlib.contextmanager
def watched_by_worker(folder: str, token: str) -> Iterator[None]:
  """Lets a worker of a job, in another process than the one with the lease, write nothing after another job has taken it.

  A lease that is gone hinders nobody: who started a job on a cluster may leave it alone.

  Args:
    folder: that the job fills.
    token: what `held` gave; '': nothing is watched.

  Raises:
    LeaseError: where something would get its name.
  """
  path = os.path.join(folder, FILE)

  def check() -> None:
    owner = _read(path)
    if owner is not None and owner.token != token:
      raise _lost(folder, owner)

  if token:
    files.guards.append(check)
  try:
    yield
  finally:
    if token:
      files.guards.remove(check)


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
  """Turns SIGTERM into SystemExit, unless the program has its own way with it."""
  is_ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
  if is_ours:
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
  try:
    yield
  finally:
    if is_ours:
      signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _lost(folder: str, owner: _Owner | None) -> LeaseError:
  by = f'process {owner.process} on {owner.host}' if owner else 'somebody who deleted the folder or the lease in it'
  return LeaseError(f'{folder} was taken over by {by}, so this job stops and writes nothing more.')


def _read(path: str) -> _Owner | None:
  """Returns who has the lease; None where nobody does, or its file is no lease."""
  try:
    with tf.io.gfile.GFile(path, 'r') as file:
      return _Owner(**json.loads(file.read()))
  except (tf.errors.NotFoundError, FileNotFoundError, ValueError, TypeError):
    return None


def _now() -> str:
  return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='seconds')


def _boot_time() -> float:
  """Seconds on a clock that goes on while the process, or the machine, is asleep."""
  return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, 'CLOCK_BOOTTIME') else time.monotonic()


def _space() -> str:
  """Tells where a process number means the same process; '' where that cannot be told."""
  try:
    with open('/proc/sys/kernel/random/boot_id') as file:
      return f'{file.read().strip()} {os.readlink("/proc/self/ns/pid")}'
  except OSError:
    return ''


def _started(process: int) -> str:
  """When a process of this machine was started; '' where there is none."""
  try:
    with open(f'/proc/{process}/stat') as file:
      return file.read().rpartition(')')[2].split()[19]
  except OSError:
    return ''
