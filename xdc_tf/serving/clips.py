"""Cuts a whole video into the clips of an exported model, for `xdc embed` and `xdc client embed` alike."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from xdc_tf import progress
from xdc_tf.data.media import MediaError, ReadOptions

# One seek serves the clips of so many seconds; a whole film would not fit in memory.
SECONDS_PER_READ = 10.0


def batches(
  path: str, read_span: Callable, metadata: Mapping[str, Any], stride_seconds: float, batch_size: int
) -> Iterator[tuple[list[float], np.ndarray]]:
  """Yields a clip every `stride_seconds` of a video, some at a time, under a progress bar.

  Clips are as long as those the encoder was trained on; one that the end of the video cuts short is left out, but a video
  shorter than one clip is one clip: its frames loop, its sound is padded with silence (by the model).

  Args:
    path: the video.
    read_span: xdc_tf.data.media.read_span, or a function like it.
    metadata: how to cut, with the names that an export's metadata.json has: `input`; for 'jpegs' `num_frames`, `frame_rate` and
      `short_side`, for 'waveform' `num_samples` and `sample_rate`.
    stride_seconds: time between the starts of two clips.
    batch_size: clips yielded together; the last ones may be fewer.

  Yields:
    start_seconds, n numbers; clips, JPEG files (dtype object) [n, num_frames] or float32 [n, samples].

  Raises:
    ValueError: for a stride or batch size that is not positive.
    MediaError: when the video cannot be read, or holds nothing.
  """
  if not stride_seconds > 0 or batch_size < 1:
    raise ValueError(f'Both must be positive. Received: stride_seconds={stride_seconds}, batch_size={batch_size}.')
  clips = _video_clips if metadata['input'] == 'jpegs' else _audio_clips
  found = iter(progress.bar(clips(path, read_span, stride_seconds, metadata), description='embed', unit='clip'))
  empty = True
  while batch := list(itertools.islice(found, batch_size)):
    empty = False
    yield [start for start, _ in batch], np.stack([clip for _, clip in batch])
  if empty:
    raise MediaError('empty_span', f'{path}: nothing to embed.')


def _video_clips(path, read_span, stride_seconds, metadata) -> Iterator[tuple[float, np.ndarray]]:
  options = ReadOptions(frame_rate=metadata['frame_rate'], short_side=metadata['short_side'], want_audio=False)
  length = metadata['num_frames']
  spans = _spans(path, read_span, stride_seconds, length / options.frame_rate, options)
  for start, frames in _cut(spans, lambda span: span.frames, options.frame_rate, length):
    # Object arrays keep the bytes as they are; numpy's own string type would strip zeros at the end.
    yield start, np.array([frames[i % len(frames)] for i in range(length)], dtype=object)


def _audio_clips(path, read_span, stride_seconds, metadata) -> Iterator[tuple[float, np.ndarray]]:
  options = ReadOptions(sample_rate=metadata['sample_rate'], want_video=False)
  length = metadata['num_samples']
  spans = _spans(path, read_span, stride_seconds, length / options.sample_rate, options)
  yield from _cut(spans, lambda span: span.waveform, options.sample_rate, length)


def _spans(path, read_span, stride_seconds, clip_seconds, options) -> Iterator[tuple[list[float], Any]]:
  """Yields (starts of the clips, span that holds them) until the video ends."""
  clips_per_read = max(1, int(SECONDS_PER_READ // stride_seconds))
  for first in itertools.count(step=clips_per_read):
    starts = [(first + i) * stride_seconds for i in range(clips_per_read)]
    try:
      yield starts, read_span(path, starts[0], starts[-1] + clip_seconds, options)
    except MediaError as error:
      if first > 0 and error.reason == 'empty_span':
        return
      raise


def _cut(spans, stream_of: Callable, rate: float, length: int) -> Iterator[tuple[float, Any]]:
  """Yields (start, clip) of `length` frames or samples; the first clip of all may be shorter."""
  for starts, span in spans:
    stream = stream_of(span)
    for start in starts:
      first = round((start - starts[0]) * rate)
      clip = stream[first : first + length]
      if len(clip) == 0 or (len(clip) < length and start > 0):
        return
      yield start, clip
