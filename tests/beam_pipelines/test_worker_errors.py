"""Errors as Beam's runners wrap them."""

import logging

import pytest
import tensorflow as tf

from beam_pipelines import killed_workers, worker_errors
from xdc_tf import messages

IMPL = 'tensorflow.python.framework.errors_impl'


@pytest.mark.parametrize(
  ('error', 'said'),
  [
    (ValueError("a.csv, row 10: ['8'] is damaged. [while running 'MakeShards']"), "a.csv, row 10: ['8'] is damaged."),
    (
      RuntimeError(f"{IMPL}.ResourceExhaustedError: /x; No space left [while running 'MakeShards']"),
      '/x; No space left',
    ),
    (
      RuntimeError(
        f"Error processing:\nTraceback (most recent call last):\n  File x\n{IMPL}.UnavailableError: /y: gone\n [while running 'A']"
      ),
      '/y: gone',
    ),
    (tf.errors.PermissionDeniedError(None, None, '/z; Read-only file system'), '/z; Read-only file system'),
    (OSError(28, 'No space left on device'), '[Errno 28] No space left on device'),
    (FileNotFoundError("/m does not exist. [while running 'MakeShards']"), '/m does not exist.'),
    (
      RuntimeError("beam_pipelines.clip_shard.ClipJobError: 18 of 18 failed. [while running 'Finish']"),
      '18 of 18 failed.',
    ),
    (RuntimeError("KeyError: 'a' [while running 'MakeShards']"), ''),
    (TypeError('a bug'), ''),
  ],
)
def test_what_files_and_tensorflow_say_is_told_and_a_bug_is_not_hidden(error, said, monkeypatch):
  monkeypatch.delenv('XDC_TRACEBACK', raising=False)
  assert worker_errors.sentence(error) == (f'{said}\n(Set XDC_TRACEBACK=1 to see where.)' if said else '')
  monkeypatch.setenv('XDC_TRACEBACK', '1')
  assert worker_errors.sentence(error) == ''
  assert messages.of_error(error)


@pytest.mark.parametrize(
  ('error', 'said'),
  [
    (KeyboardInterrupt(), KeyboardInterrupt()),
    (RuntimeError("KeyboardInterrupt [while running 'MakeShards']"), KeyboardInterrupt()),
    (
      RuntimeError("SystemExit: 143 [while running 'MakeShards']"),
      SystemExit(143),
    ),  # Of SIGTERM: status 1 and tracebacks.
  ],
)
def test_workers_do_not_tell_how_they_were_interrupted(error, said, caplog):
  with pytest.raises(type(said)) as raised, killed_workers.explained():
    logging.getLogger('apache_beam.runners').error('a traceback of twenty lines')
    raise error
  assert raised.value.args == said.args
  assert not caplog.records
  with pytest.raises(TypeError), killed_workers.explained():
    logging.getLogger('apache_beam.runners').error('a traceback of a bug')
    raise TypeError
  assert [record.message for record in caplog.records] == ['a traceback of a bug']
