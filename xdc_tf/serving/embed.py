"""Embeddings of a whole video by an exported model: cut it into clips, let the SavedModel do the rest."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from xdc_tf import files, progress
from xdc_tf.data.media import MediaError, ReadOptions
from xdc_tf.serving.export import METADATA_FILE

# One seek serves the clips of so many seconds; a whole film would not fit in memory.
SECONDS_PER_READ = 10.0


def embed_video(
  path: str, saved_model_dir: str, read_span: Callable, stride_seconds: float = 2.0, batch_size: int = 8
) -> tuple[np.ndarray, np.ndarray]:
  """Embeds a clip every `stride_seconds` of a video with an exported video or audio model.

  Clips are as long as those the encoder was trained on; one that the end of the video cuts short is left out, but a video
  shorter than one clip is one clip: its frames loop, its sound is padded with silence.

  Args:
    path: the video.
    saved_model_dir: a version folder that export_video or export_audio wrote.
    read_span: xdc_tf.data.media.read_span, or a function like it.
    stride_seconds: time between the starts of two clips.
    batch_size: clips in one call of the model.

  Returns:
    start_seconds float64 [n]; embeddings float32 [n, feature_dimension].

  Raises:
    ValueError: for a stride or batch size that is not positive, or a folder that is not such a version folder.
    MediaError: when the video cannot be read.
  """
  if not stride_seconds > 0 or batch_size < 1:
    raise ValueError(f'Both must be positive. Received: stride_seconds={stride_seconds}, batch_size={batch_size}.')
  metadata = read_metadata(saved_model_dir)
  embed = tf.saved_model.load(saved_model_dir).signatures['embed']
  clips = _video_clips if metadata['modality'] == 'video' else _audio_clips
  found = iter(progress.bar(clips(path, read_span, stride_seconds, metadata), description='embed', unit='clip'))
  starts, embeddings = [], []
  while batch := list(itertools.islice(found, batch_size)):
    starts += [start for start, _ in batch]
    inputs = tf.constant(np.stack([clip for _, clip in batch]))
    embeddings.append(embed(**{metadata['input']: inputs})['embedding'].numpy())
  if not starts:
    raise MediaError('empty_span', f'{path}: nothing to embed.')
  return np.asarray(starts), np.concatenate(embeddings)


def read_metadata(saved_model_dir: str) -> dict[str, Any]:
  """Reads what the export wrote about itself; raises ValueError when the folder is not an exported version."""
  try:
    return files.read_json(f'{saved_model_dir}/{METADATA_FILE}')
  except FileNotFoundError as error:
    raise ValueError(
      f'{saved_model_dir} has no {METADATA_FILE}. Expected a version folder that `xdc export` wrote, such as '
      'saved_models/xdc_video/1.'
    ) from error


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
