"""A progress bar of a Beam job. It counts files, so it works with every runner."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator

from xdc_tf import progress


@contextlib.contextmanager
def watched(description: str, total: int, count: Callable[[], int]) -> Iterator[None]:
  """Shows a progress bar while the block runs.

  Args:
    description: the description of the job.
    total: shards that there will be.
    count: returns how many shards are finished; called again and again in another thread.
  """
  finished = threading.Event()

  def update(bar):
    try:
      bar.update(count() - bar.n)
    except Exception as error:  # A file system that fails once must not end the bar of a long job.
      logging.info('%s: the finished shards could not be counted this time (%s).', description, error)

  def watch(bar):
    pause = 0.5
    while not finished.wait(pause):
      began = time.monotonic()
      update(bar)
      # A listing of a large folder takes time; spend at most a twentieth of the time on it.
      pause = max(0.5, 20 * (time.monotonic() - began))
    update(bar)

  with progress.bar(description=description, total=total, initial=count(), unit='shard') as bar:
    watcher = threading.Thread(target=watch, args=(bar,), daemon=True)
    watcher.start()
    try:
      yield
    finally:
      finished.set()
      watcher.join()
