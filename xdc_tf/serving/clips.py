"""Cuts a whole video into the clips of an exported model, for `xdc embed` and `xdc client embed` alike."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from xdc_tf import progress
from xdc_tf.media import media
from xdc_tf.media.media import MediaError, ReadOptions

# One seek serves the clips of so many seconds; a whole film would not fit in memory.
SECONDS_PER_READ = 10.0


class LeftOut:
  """The clips of a video that could not be embedded: where they start, and why the first one could not."""

  def __init__(self):
    """Starts with none."""
    self.starts: list[float] = []
    self.error: Exception | None = None

  def add(self, starts: Iterable[float], error: Exception) -> None:
    """Takes clips that one error cost."""
    self.starts += starts
    self.error = self.error or error

  def check(self, num_embedded: int) -> None:
    """Raises the first error when more clips are left out than embedded."""
    if self.error is not None and len(self.starts) > num_embedded:
      raise self.error

  def summary(self, num_embedded: int) -> str:
    """Returns a sentence, '' when nothing was left out."""
    if not self.starts:
      return ''
    where = ', '.join(f'{start:g}' for start in self.starts[:5]) + (', ...' if len(self.starts) > 5 else '')
    total = num_embedded + len(self.starts)
    return f'{len(self.starts)} of {total} clips could not be embedded and are left out, at {where} s: {self.error}'


def batches(
  path: str,
  read_span: Callable,
  metadata: Mapping[str, Any],
  stride_seconds: float,
  batch_size: int,
  left_out: LeftOut | None = None,
) -> Iterator[tuple[list[float], np.ndarray]]:
  """Yields a clip every `stride_seconds` of a video, some at a time, under a progress bar.

  Clips are as long as those the encoder was trained on; one that the end of the video cuts short is left out, but a video
  shorter than one clip is one clip: its frames loop, its sound is padded with silence (by the model). Damaged places cost the
  clips that lie there.

  Args:
    path: the video.
    read_span: MediaReader.read_span of xdc_tf.media.media, or a function like it.
    metadata: how to cut, with the names that an export's metadata.json has: `input`; for 'jpegs' `num_frames`, `frame_rate` and
      `short_side`, for 'waveform' `num_samples` and `sample_rate`.
    stride_seconds: time between the starts of two clips.
    batch_size: clips yielded together; the last ones may be fewer.
    left_out: takes what cannot be read; None: nobody asks.

  Yields:
    start_seconds, n numbers; clips, JPEG files (dtype object) [n, num_frames] or float32 [n, samples].

  Raises:
    ValueError: for a stride or batch size that is not positive.
    MediaError: when most of the video cannot be read, or it holds nothing.
  """
  if not 0 < stride_seconds < np.inf or batch_size < 1:
    raise ValueError(
      f'Both must be positive and finite. Received: stride_seconds={stride_seconds}, batch_size={batch_size}.'
    )
  left_out = LeftOut() if left_out is None else left_out
  clips = _video_clips if metadata['input'] == 'jpegs' else _audio_clips
  clips_found = iter(
    progress.bar(clips(path, read_span, stride_seconds, metadata, left_out), description='embed', unit='clip')
  )
  number = 0
  while batch := list(itertools.islice(clips_found, batch_size)):
    number += len(batch)
    yield [start for start, _ in batch], np.stack([clip for _, clip in batch])
  left_out.check(number)
  if not number:
    raise MediaError('empty_span', f'{path}: nothing to embed.')


def starts_from(path: str, first: float, stride_seconds: float) -> list[float]:
  """Returns where the clips of a video start from `first` on, as far as its header tells; none when it cannot be read."""
  try:
    return np.arange(first, media.probe(path).duration_seconds, stride_seconds).tolist()
  except MediaError:
    return []


def _video_clips(path, read_span, stride_seconds, metadata, left_out) -> Iterator[tuple[float, np.ndarray]]:
  options = ReadOptions(frame_rate=metadata['frame_rate'], short_side=metadata['short_side'], want_audio=False)
  length = metadata['num_frames']
  spans = _spans(path, read_span, stride_seconds, length / options.frame_rate, options, left_out)
  for start, frames in _cut(spans, lambda span: span.frames, options.frame_rate, length):
    # Object arrays keep the bytes as they are; numpy's own string type would strip zeros at the end.
    yield start, np.array([frames[i % len(frames)] for i in range(length)], dtype=object)


def _audio_clips(path, read_span, stride_seconds, metadata, left_out) -> Iterator[tuple[float, np.ndarray]]:
  options = ReadOptions(
    sample_rate=metadata['sample_rate'], want_video=False, audio_track=metadata.get('audio_track', '')
  )
  length = metadata['num_samples']
  spans = _spans(path, read_span, stride_seconds, length / options.sample_rate, options, left_out)
  yield from _cut(spans, lambda span: span.waveform, options.sample_rate, length)


def _spans(
  path, read_span, stride_seconds, clip_seconds, options, left_out: LeftOut
) -> Iterator[tuple[list[float], Any]]:
  """Yields (starts of the clips, span that holds them) until the video ends; clip by clip where a span cannot be read whole."""
  clips_per_read = max(1, int(SECONDS_PER_READ // stride_seconds))
  for first in itertools.count(step=clips_per_read):
    starts = [(first + i) * stride_seconds for i in range(clips_per_read)]
    try:
      yield starts, read_span(path, starts[0], starts[-1] + clip_seconds, options)
      continue
    except MediaError as error:
      if first > 0 and error.reason == 'empty_span':
        return
      existing = set(starts_from(path, starts[0], stride_seconds)[:clips_per_read])
      if not existing:  # At the end of what the file declares, or nothing can be known of it.
        if first == 0:
          raise
        return
    for start in starts[: len(existing)]:
      try:
        yield [start], read_span(path, start, start + clip_seconds, options)
      except MediaError as error:
        left_out.add([start], error)


def _cut(spans, stream_of: Callable, rate: float, length: int) -> Iterator[tuple[float, Any]]:
  """Yields (start, clip) of `length` frames or samples; the first clip of all may be shorter."""
  for starts, span in spans:
    stream = stream_of(span)
    # Its length was rounded as well: where the film goes on, the last clip may have to begin a frame earlier to be whole.
    goes_on = span.end_seconds > starts[-1] + (length - 0.5) / rate
    for start in starts:
      first = round((start - starts[0]) * rate)
      if goes_on:
        first = max(0, min(first, len(stream) - length))
      clip = stream[first : first + length]
      if len(clip) == 0 or (len(clip) < length and start > 0):
        return
      yield start, clip
