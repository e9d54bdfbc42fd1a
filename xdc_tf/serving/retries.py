"""Asking a server again: waits that grow, with chance in them, and an end."""

import random
import threading
from collections.abc import Callable
from typing import TypeVar

from absl import logging

Result = TypeVar('Result')


class ServerError(RuntimeError):
  """The server refuses, or did not answer in all tries."""


class Unavailable(Exception):
  """A try that failed in a way that may pass: no connection, too busy, too late."""


class Retries:
  """Repeats what raises Unavailable, after about 0.5, 1, 2, 4, ... seconds; one object serves all threads."""

  def __init__(
    self,
    limit: int = 6,
    first_seconds: float = 0.5,
    longest_seconds: float = 10.0,
    wait: Callable[[float], object] | None = None,
  ):
    """Says how often and how slowly.

    Args:
      limit: tries after the first one.
      first_seconds: the wait after the first try; each later one is twice as long.
      longest_seconds: no wait is longer.
      wait: takes seconds; None: a real wait, which `stop` ends.
    """
    if limit < 0:
      raise ValueError(f'The number of retries cannot be negative. Received: {limit}.')
    self.limit = limit
    self.first_seconds = first_seconds
    self.longest_seconds = longest_seconds
    self._stopped = threading.Event()
    self._wait = wait or self._stopped.wait

  def call(self, attempt: Callable[[], Result]) -> Result:
    """Returns what `attempt` returns.

    Raises:
      ServerError: when all tries raised Unavailable, or `stop` was called meanwhile.
    """
    for number in range(self.limit + 1):
      try:
        return attempt()
      except Unavailable as error:
        if number == self.limit or self._stopped.is_set():
          raise ServerError(f'{error} (tried {number + 1} times)') from error
        # Clients that failed together must not come back together: half of each wait is chance.
        seconds = min(self.longest_seconds, self.first_seconds * 2**number) * random.uniform(0.5, 1)
        logging.warning('%s; trying again in %.1f s.', error, seconds)
        self._wait(seconds)
    raise AssertionError('The last try returns or raises.')

  def stop(self) -> None:
    """Ends all waits, in other threads: what fails from now on is not tried again."""
    self._stopped.set()
