"""Wall time and peak memory of named stages, kept in a file, so that a resumed run knows what was spent before."""

import collections
import contextlib
import os
import resource
import threading
import time
from collections.abc import Iterator

from xdc_tf import files


class StageClock:
  """Adds up seconds, and takes the largest peak memory, by the name of a stage.

  Stages may run at the same time, in threads: while several of one name do, the time counts once. Memory is that of the process.
  """

  def __init__(self, path: str):
    """Goes on with the file `path`, if it exists.

    Args:
      path: JSON, {stage: {'seconds': float, 'peak_mb': float}}.
    """
    self._path = path
    self._lock = threading.Lock()
    self._running: collections.Counter[str] = collections.Counter()
    self._started: dict[str, float] = {}
    self.stages = files.read_json(path) if os.path.exists(path) else {}

  @contextlib.contextmanager
  def stage(self, name: str) -> Iterator[None]:
    """Measures what happens inside, and writes the file when it ends well."""
    with self._lock:
      if not self._running.total():
        _forget_peak()
      if not self._running[name]:
        self._started[name] = time.monotonic()
      self._running[name] += 1
    try:
      yield
    finally:
      with self._lock:
        self._running[name] -= 1
    with self._lock:
      totals = self.stages.setdefault(name, {'seconds': 0.0, 'peak_mb': 0.0})
      totals['peak_mb'] = max(totals['peak_mb'], _peak_mb())
      if not self._running[name]:
        totals['seconds'] += time.monotonic() - self._started[name]
        files.write_json(self._path, self.stages)


def _forget_peak() -> None:
  """Lets Linux count the peak anew; elsewhere a stage's peak is that of the process so far."""
  with contextlib.suppress(OSError), open('/proc/self/clear_refs', 'w') as file:
    file.write('5')


def _peak_mb() -> float:
  try:
    with open('/proc/self/status') as file:
      return next(int(line.split()[1]) for line in file if line.startswith('VmHWM')) / 1024
  except OSError:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2  # macOS counts bytes.
