"""Renders clips as .mp4 files, several at a time.

Its processes load what renders and nothing else: TensorFlow would take each of them three seconds and some hundred megabytes.
"""

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Generator, Sequence
from concurrent import futures

from xdc_tf.avdigits import mp4, picture, speech
from xdc_tf.avdigits.recipe import Clip, Recipe


def render(recipe: Recipe, clips: Sequence[Clip], num_workers: int) -> Generator[bytes, None, None]:
  """Yields the .mp4 file of each clip, in their order; one worker is this process."""
  num_workers = min(num_workers, len(clips))
  if num_workers < 2:
    for clip in clips:
      yield _mp4(recipe, clip)
    return
  # Started anew, not forked: forked processes inherit TensorFlow's locks.
  context = multiprocessing.get_context('spawn')
  with futures.ProcessPoolExecutor(num_workers, context, _start_process, (recipe,)) as executor:
    yield from executor.map(_mp4_in_process, clips, chunksize=4)


def _mp4(recipe: Recipe, clip: Clip) -> bytes:
  frames, waveform = recipe.render(clip)
  return mp4.encode(frames, picture.FRAME_RATE, waveform, speech.SAMPLE_RATE)


_recipe_of_process: Recipe | None = None  # Sent once, not with every clip, as it holds all images.


def _start_process(recipe: Recipe) -> None:
  global _recipe_of_process
  _recipe_of_process = recipe
  signal.signal(signal.SIGINT, signal.SIG_IGN)  # Control-C ends the process that waits for this one.
  threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
  """Ends this process when the one that started it was killed: it would wait for clips for ever."""
  parent = multiprocessing.parent_process()
  if parent is not None:
    multiprocessing.connection.wait([parent.sentinel])
    os._exit(1)


def _mp4_in_process(clip: Clip) -> bytes:
  assert _recipe_of_process is not None  # _start_process has run.
  return _mp4(_recipe_of_process, clip)
