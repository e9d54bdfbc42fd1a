"""A decoder that may hang or crash without taking the caller along: media.read_span in one persistent child process.

    with DecoderProcess(timeout_seconds=60) as decoder:
      span = decoder.read_span('film.mp4', 120.0, 122.0)

The child starts in about 0.2 s, imports no TensorFlow for local paths, and ends when its parent does, however that ends.
Spans that follow one another are decoded in one pass (media.MediaReader).

Messages are a length (8 bytes) and that many bytes. Request: JSON. Answer: JSON, then the waveform and the frames; before it,
while the span or the way to it is long, empty messages that say that the decoder gets on.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import resource
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from typing import Any, BinaryIO

import numpy as np

from xdc_tf.media import media
from xdc_tf.media.media import MediaError, MediaSpan, ReadOptions

_DEFAULT_OPTIONS = ReadOptions()
_LENGTH = struct.Struct('<Q')
_ROOT = pathlib.Path(media.__file__).resolve().parents[2]


class DecoderProcess:
  """Context manager around one child process; a child that fails is replaced at the next call. Not for several threads."""

  def __init__(self, timeout_seconds: float = 120.0, memory_limit_bytes: int = 8 * 2**30, threads: int = 1):
    """Sets the limits of every call.

    Args:
      timeout_seconds: wall-clock time without word from the child after which it is killed; it says every few seconds of a film
        that it gets on.
      memory_limit_bytes: address space of the child; a video that wants more is one that crashes its decoder.
      threads: see media.read_span.
    """
    self._timeout_seconds, self._memory_limit_bytes = timeout_seconds, memory_limit_bytes
    self._threads = threads
    self._child: Any = None  # A subprocess.Popen with pipes, or None.

  def __enter__(self) -> 'DecoderProcess':
    """Starts the child, without waiting for it."""
    self._child = self._start()
    return self

  def __exit__(self, *exception) -> None:
    """Ends the child."""
    self.close()

  @property
  def pid(self) -> int | None:
    """Process number of the child, None while there is none."""
    return self._child.pid if self._child else None

  def close(self) -> None:
    """Ends the child, also in the middle of its work."""
    if self._child is not None:
      self._child.kill()
      self._child.wait()
      with contextlib.suppress(BrokenPipeError):  # What it had not read yet cannot be written any more.
        self._child.stdin.close()
      self._child.stdout.close()
      self._child = None

  def read_span(
    self,
    path: str,
    start_seconds: float = 0.0,
    end_seconds: float | None = None,
    options: ReadOptions = _DEFAULT_OPTIONS,
    independent: bool = False,
  ) -> MediaSpan:
    """Does what MediaReader.read_span does, in the child.

    Raises:
      MediaError: as media.read_span, and decoder_timeout or decoder_crashed.
    """
    if self._child is None or self._child.poll() is not None:
      self.close()
      self._child = self._start()
    child = self._child
    request = {
      'path': os.fspath(path),
      'start_seconds': start_seconds,
      'end_seconds': end_seconds,
      'options': dataclasses.asdict(options),
      'independent': independent,
    }
    try:
      _send(child.stdin, json.dumps(request).encode())
      header = b''
      while not header:
        deadline = time.monotonic() + self._timeout_seconds
        header = self._receive(child, deadline)
      answer = json.loads(header)
      if 'reason' in answer:
        raise MediaError(answer['reason'], answer['detail'])
      waveform = np.frombuffer(self._receive(child, deadline), np.float32).copy()
      frames = [self._receive(child, deadline) for _ in range(answer['num_frames'])]
    except TimeoutError as error:
      self.close()
      detail = (
        f'{path} [{start_seconds}, {end_seconds}): the decoder did not get on for {self._timeout_seconds:g} s. '
        '`make_clips --decoder_timeout_seconds` allows more.'
      )
      raise MediaError('decoder_timeout', detail) from error
    except (EOFError, BrokenPipeError) as error:
      status = child.wait()
      self.close()
      detail = f'The decoder of {path} [{start_seconds}, {end_seconds}) died with status {status}.'
      raise MediaError('decoder_crashed', detail) from error
    except KeyboardInterrupt:
      self.close()  # Half an answer may be in the pipe.
      raise
    return MediaSpan(
      frames, waveform, answer['start_seconds'], answer['end_seconds'], num_audio_tracks=answer['num_audio_tracks']
    )

  def _start(self) -> subprocess.Popen:
    environment = dict(os.environ, OPENBLAS_NUM_THREADS='1', OMP_NUM_THREADS='1')
    environment['PYTHONPATH'] = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get('PYTHONPATH')]))
    return subprocess.Popen(
      [sys.executable, '-m', 'xdc_tf.media.decoder_process', str(self._memory_limit_bytes), str(self._threads)],
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      env=environment,
    )

  def _receive(self, child: Any, deadline: float) -> bytes:
    (length,) = _LENGTH.unpack(self._receive_bytes(child, _LENGTH.size, deadline))
    return self._receive_bytes(child, length, deadline)

  def _receive_bytes(self, child: Any, count: int, deadline: float) -> bytes:
    # Past the stream object: poll would not see what its buffer holds.
    descriptor, data = child.stdout.fileno(), bytearray()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while len(data) < count:
      if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise TimeoutError
      piece = os.read(descriptor, min(count - len(data), 2**20))
      if not piece:
        raise EOFError
      data += piece
    return bytes(data)


def _send(stream: BinaryIO, data: bytes) -> None:
  stream.write(_LENGTH.pack(len(data)))
  stream.write(data)
  stream.flush()


def _read_exactly(stream: BinaryIO, count: int) -> bytes | None:
  data = stream.read(count)
  return data if len(data) == count else None


def _answer(answers: BinaryIO, reader: media.MediaReader, request: dict) -> None:
  """Decodes one span and sends it, or the reason why not."""
  options = ReadOptions(**request.pop('options'))
  try:
    span = reader.read_span(**request, options=options)
  except MediaError as error:
    _send(answers, json.dumps({'reason': error.reason, 'detail': error.detail}).encode())
    return
  except MemoryError:
    detail = f'The decoder of {request["path"]} needs more memory than it may have.'
    _send(answers, json.dumps({'reason': 'decoder_crashed', 'detail': detail}).encode())
    return
  except Exception as error:  # A fault of ours: that this process had died would tell nobody which.
    detail = f'{request["path"]} cannot be decoded: {type(error).__name__}: {error}'
    _send(answers, json.dumps({'reason': 'decoder_crashed', 'detail': detail}).encode())
    return
  header = {
    'num_frames': len(span.frames),
    'start_seconds': span.start_seconds,
    'end_seconds': span.end_seconds,
    'num_audio_tracks': span.num_audio_tracks,
  }
  _send(answers, json.dumps(header).encode())
  _send(answers, span.waveform.tobytes())
  for frame in span.frames:
    _send(answers, frame)


def _read_requests(requests: BinaryIO, pending: list[dict], arrived: threading.Semaphore) -> None:
  """Hands requests over until the parent is gone, and ends the process then, even if the decoder hangs."""
  while (header := _read_exactly(requests, _LENGTH.size)) and (
    body := _read_exactly(requests, *_LENGTH.unpack(header))
  ) is not None:
    pending.append(json.loads(body))
    arrived.release()
  os._exit(0)


def _limit_memory(num_bytes: int) -> None:
  """Limits the address space, by less where this process may not have as much anyway."""
  _, allowed = resource.getrlimit(resource.RLIMIT_AS)
  if allowed != resource.RLIM_INFINITY:
    num_bytes = min(num_bytes, allowed)
  with contextlib.suppress(ValueError):  # macOS takes no limit below what it gives to every process.
    resource.setrlimit(resource.RLIMIT_AS, (num_bytes, num_bytes))


def main() -> None:
  """Runs the child: requests on standard input, answers on standard output."""
  signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business, with which the child ends.
  limit, threads = map(int, sys.argv[1:])
  _limit_memory(limit)
  resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
  # Whatever prints must not get between the answers.
  answers = os.fdopen(os.dup(1), 'wb')
  os.dup2(2, 1)
  pending: list[Any] = []
  arrived = threading.Semaphore(0)
  threading.Thread(target=_read_requests, args=(sys.stdin.buffer, pending, arrived), daemon=True).start()
  reader = media.MediaReader(threads, on_the_way=lambda: _send(answers, b''))
  with contextlib.suppress(BrokenPipeError):  # The parent is gone.
    while arrived.acquire():
      _answer(answers, reader, pending.pop(0))
  os._exit(0)  # The other thread still waits for requests, and Python would complain that it holds standard input.


if __name__ == '__main__':
  main()
