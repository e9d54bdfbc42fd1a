"""How a pipeline ended, in a sentence: where Beam says 'Channel closed prematurely.' of a worker that the system ended, most often
for its memory, and prints tracebacks of its own around what a worker said of a disk or a file.
"""

import contextlib
import logging
import re
import signal
import threading
from collections.abc import Iterator

from beam_pipelines import worker_errors
from beam_pipelines.clip_shard import ClipJobError

# How the thread of Beam that started a worker ends when the worker does.
_EXIT = re.compile(r'Worker subprocess exited with return code (-?\d+)')
# What lease.held makes of SIGTERM.
_ENDED = re.compile(r'SystemExit: (\d+)')
# Beam waits for ever for a worker that ended before it had connected.
_PATIENCE_SECONDS = 10.0


class _HeldErrors(logging.Handler):
  """Keeps Beam's messages of errors back until it is known whether they say anything that the one sentence does not."""

  def __init__(self):
    super().__init__()
    self.records: list[logging.LogRecord] = []

  def emit(self, record: logging.LogRecord) -> None:
    if record.levelno < logging.ERROR:
      logging.getLogger().handle(record)
    else:
      self.records.append(record)


@contextlib.contextmanager
def explained() -> Iterator[None]:
  """Runs the block, which runs a pipeline in the main thread.

  Raises:
    ClipJobError: when a worker on this machine was ended by a signal, or failed for a reason that the user can act on.
    KeyboardInterrupt or SystemExit: when this process was interrupted, or ended.
  """
  signals: list[int] = []
  before = threading.excepthook
  main = threading.main_thread().ident or 0
  impatient = threading.Timer(_PATIENCE_SECONDS, lambda: signal.pthread_kill(main, signal.SIGINT))
  impatient.daemon = True

  def hook(failure: threading.ExceptHookArgs) -> None:
    exit_message = _EXIT.search(str(failure.exc_value))
    code = int(exit_message[1]) if exit_message else 0
    number = -code if code < 0 else code - 128  # Of the process itself, or of the shell that Beam starts it in.
    if number > 0:
      if not signals:
        impatient.start()
      signals.append(number)
    elif not signals:
      before(failure)

  beam, held = logging.getLogger('apache_beam'), _HeldErrors()
  beam.addHandler(held)
  propagate, beam.propagate = beam.propagate, False
  threading.excepthook = hook
  try:
    yield
  except (Exception, KeyboardInterrupt) as error:
    for thread in threading.enumerate():
      if thread.name == 'run_worker':
        thread.join(1)  # The connection may break a moment before the process is gone.
    text = _sentence(signals[0]) if signals else worker_errors.sentence(error)
    told = f'{type(error).__name__}: {error}'  # Beam wraps what a signal raises while it works in this process.
    ended = _ENDED.search(told)
    if ended or 'KeyboardInterrupt' in told:
      held.records.clear()  # Every worker tells how it was interrupted, at length.
      raise (SystemExit(int(ended[1])) if ended else KeyboardInterrupt()) from error
    if not text:
      raise
    held.records.clear()
    raise ClipJobError(text) from error
  finally:
    impatient.cancel()
    threading.excepthook = before
    beam.removeHandler(held)
    beam.propagate = propagate
    for record in held.records:
      logging.getLogger().handle(record)


def _sentence(number: int) -> str:
  reason = ', most likely because memory ran out: use fewer workers (--direct_num_workers) and' if number == 9 else ':'
  return f'A worker was ended by signal {number}{reason} run the same command again; what is finished stays.'
