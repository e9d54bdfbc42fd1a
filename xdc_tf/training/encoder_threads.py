"""Encoders trained at the same time, each in a thread. Ctrl-C and SIGTERM, which reach the main thread alone, end them all.

Without that the folder's lease would be given back while threads went on filling it.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent import futures
from typing import Any

from xdc_tf import files

_ending = threading.Event()


class EndedError(Exception):
  """The main thread was interrupted, so this one does no more."""


def check_ending() -> None:
  """Ends a thread of `for_each_encoder` when the main thread was interrupted: loops call it in every round.

  Raises:
    EndedError: when it was.
  """
  if _ending.is_set():
    raise EndedError


def for_each_encoder(items: Mapping[str, Any], function: Callable[[str, Any], Any], concurrent: bool) -> dict[str, Any]:
  """Returns {name: function(name, item)}, made one after the other, or each in a thread.

  Every thread is waited for, so what one encoder finishes is kept where another one fails. Models are to be built before, in one
  thread: TensorFlow 2.15 has crashed when two threads built theirs.
  """
  if not concurrent:
    return {name: function(name, item) for name, item in items.items()}
  files.guards.append(check_ending)  # What does not loop writes nothing more.
  try:
    with futures.ThreadPoolExecutor(len(items)) as pool:
      running = {name: pool.submit(function, name, item) for name, item in items.items()}
      try:
        futures.wait(running.values())
      except BaseException:
        _ending.set()
        futures.wait(running.values())
        raise
  finally:
    files.guards.remove(check_ending)
    _ending.clear()
  return {name: future.result() for name, future in running.items()}
