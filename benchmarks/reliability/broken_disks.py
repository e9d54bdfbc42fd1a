"""Disks that are full, may not be written to, go away or fail now and then: a clear error, and then the same command goes on."""

import contextlib
import errno
import functools
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.reliability import flaky_files, kills, material
from benchmarks.reliability.damage import complaint
from benchmarks.reliability.kills import Task
from benchmarks.reliability.material import LIMIT_SECONDS, Material
from benchmarks.reliability.report import Row

_SHORT = ('make_clips', 'export')
_FULL = (*_SHORT, 'pretrain, one CPU', 'report', 'finetune')
# So often a command is begun again on the file system that fails.
_ATTEMPTS = {True: 3, False: 8}
_NO_MOUNTS = 'no tmpfs can be mounted here'


def run(made: Material, rng: np.random.Generator, short: bool) -> Iterator[Row]:
  """Breaks the disk under every command; yields a row for each way."""
  chosen = [task for task in kills.tasks(made, short=False) if task.what in (_SHORT if short else _FULL)]
  mounts = can_mount(made.folder)
  expected = {task.what: _undisturbed(task, made) for task in chosen}
  flaky = functools.partial(_flaky, attempts=_ATTEMPTS[short])
  full = _full if mounts else _too_large
  repeats = 1 if short else 3
  yield _row(f'full ({"tmpfs" if mounts else "RLIMIT_FSIZE"})', full, made, rng, chosen, expected, repeats)
  if mounts:
    yield _row('read-only', _read_only, made, rng, chosen, expected, 1)
  else:
    yield Row('disk', 'read-only', skipped=f'{_NO_MOUNTS}, and root may write everywhere')
  yield _row('the input vanishes', _vanished, made, rng, chosen, expected, repeats)
  yield _row(f'one call in {flaky_files.ONE_IN} fails', flaky, made, rng, chosen, expected, repeats)


def _row(what: str, way: Callable, made: Material, rng, chosen: list[Task], expected: dict, repeats: int) -> Row:
  row = Row('disk', f'{what}: {", ".join(task.what for task in chosen)}')
  for task in chosen:
    for repeat in range(repeats):
      folder = os.path.join(made.folder, 'disk', what.replace(' ', '_'), task.made, str(repeat))
      os.makedirs(folder)
      for problem in way(task, made, rng, folder, expected[task.what]):
        row.runs += 1
        row.failures += [f'{problem} ({task.what})'] if problem else []
  row.seen = (
    f'{len(chosen) * repeats} times broken; a clear error and an end like that of an undisturbed run are a check each'
  )
  return row


def can_mount(folder: str) -> bool:
  """Whether this process may mount a tmpfs."""
  with contextlib.suppress(OSError, subprocess.CalledProcessError), mounted(f'{folder}/trial', 2**20):
    return True
  return False


@contextlib.contextmanager
def mounted(path: str, num_bytes: int) -> Iterator[None]:
  """Mounts a tmpfs of a size at `path`, which is made."""
  os.makedirs(path, exist_ok=True)
  subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={num_bytes}', 'tmpfs', path], check=True, capture_output=True)
  try:
    yield
  finally:
    subprocess.run(['umount', '--lazy', path], check=True, capture_output=True)


def _remount(path: str, option: str) -> None:
  subprocess.run(['mount', '-o', f'remount,{option}', path], check=True, capture_output=True)


def _undisturbed(task: Task, made: Material) -> tuple[dict[str, object], int, float]:
  """Returns what the task makes, how many bytes that takes, and how many seconds."""
  folder = kills.undisturbed(task, made)
  paths = [os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names]
  return kills.results(folder), sum(map(os.path.getsize, paths)), made.seconds[task.made]


def _resumed(task: Task, made: Material, folder: str, expected: dict[str, object]) -> Iterator[str]:
  """Yields what is wrong with what the same command, on a sound disk, makes in the end, or ''."""
  ended = made.commands.run(task.words(folder), LIMIT_SECONDS)
  if ended.status:
    yield f'does not go on: {ended.output.strip()[-300:]}'
    return
  unlike = material.difference(expected, kills.results(folder))
  yield f'the end is not that of an undisturbed run: {unlike}' if unlike else ''


def _full(task: Task, made: Material, rng, folder: str, undisturbed) -> Iterator[str]:
  expected, num_bytes, _ = undisturbed
  mount = f'{folder}/disk'
  with mounted(mount, 4096 * max(2, int(rng.uniform(0.05, 0.9) * num_bytes / 4096))):
    ended = made.commands.run(task.words(f'{mount}/out'), LIMIT_SECONDS)
    yield complaint(ended, (mount, os.strerror(errno.ENOSPC))) if ended.status else 'a full disk is no error'
    _remount(mount, 'size=1g')
    yield from _resumed(task, made, f'{mount}/out', expected)


def _too_large(task: Task, made: Material, rng, folder: str, undisturbed) -> Iterator[str]:
  """Where nothing can be mounted: no file may grow beyond some kilobytes."""
  limit = int(rng.integers(100, 2000))
  setup = functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
  ended = made.commands.run(task.words(f'{folder}/out'), LIMIT_SECONDS, setup=setup)
  yield complaint(ended, (folder, os.strerror(errno.EFBIG))) if ended.status else 'a full disk is no error'
  yield from _resumed(task, made, f'{folder}/out', undisturbed[0])


def _read_only(task: Task, made: Material, rng, folder: str, undisturbed) -> Iterator[str]:
  mount = f'{folder}/disk'
  with mounted(mount, 2**30):
    os.makedirs(f'{mount}/out')
    _remount(mount, 'ro')
    ended = made.commands.run(task.words(f'{mount}/out'), LIMIT_SECONDS)
    yield complaint(ended, (mount,)) if ended.status else 'a read-only disk is no error'
    _remount(mount, 'rw')
    yield from _resumed(task, made, f'{mount}/out', undisturbed[0])


def _vanished(task: Task, made: Material, rng, folder: str, undisturbed) -> Iterator[str]:
  """The folder that the command reads goes away at a random moment, as a network disk does, and comes back for the next one."""
  words = task.words(f'{folder}/out')
  source = words[1 + next(n for n, word in enumerate(words) if word in ('--manifest', '--records', '--run_dir'))]
  moment, away = rng.uniform(0, undisturbed[2]), f'{source}.away'

  def vanish(seconds: float) -> bool:
    if seconds >= moment and os.path.exists(source):
      os.rename(source, away)
    return False

  # `xdc pretrain` reads --records and writes --run_dir; export and report read --run_dir.
  ended = made.commands.run(words, LIMIT_SECONDS, vanish)
  if os.path.exists(away):
    shutil.rmtree(source, ignore_errors=True)  # What was written to it in the meantime.
    os.rename(away, source)
  # Who had read all of it before needs it no longer.
  yield complaint(ended, (source, os.strerror(errno.ENOENT)))
  yield from _resumed(task, made, f'{folder}/out', undisturbed[0])


def _flaky(task: Task, made: Material, rng, folder: str, undisturbed, attempts: int) -> Iterator[str]:
  """What makes everything anew each time may never come to its end so; that it does on a sound disk is what counts."""
  for _ in range(attempts):
    setup = functools.partial(flaky_files.install, int(rng.integers(2**31)))
    ended = made.commands.run(task.words(f'{folder}/out'), LIMIT_SECONDS, setup=setup)
    if not ended.status:
      break
    # The stand-in names the path in front of it.
    yield complaint(ended, (f': {flaky_files.MESSAGE}',))
  yield from _resumed(task, made, f'{folder}/out', undisturbed[0])
