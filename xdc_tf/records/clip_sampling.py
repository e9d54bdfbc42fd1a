"""Which frames of a span become a clip, and which part of its sound belongs to them. All of it runs in the graph.

A span has T frames; a clip is L consecutive ones. A span shorter than a clip is looped: frame T is frame 0 again.
"""

import tensorflow as tf


def random_start(num_frames: tf.Tensor, clip_length: int, seed: tf.Tensor) -> tf.Tensor:
  """Draws the start of a clip, uniform over where the clip fits (temporal jitter, as VMZ trains).

  Args:
    num_frames: int [], T.
    clip_length: L.
    seed: integer [2]; the same seed gives the same start.
  Returns:
    int32 [], in 0 .. T - L; 0 for a span that is not longer than the clip.
  """
  num_starts = tf.maximum(tf.cast(num_frames, tf.int32) - clip_length, 0) + 1
  return tf.random.stateless_uniform([], seed, 0, num_starts, tf.int32)


def uniform_starts(num_frames: tf.Tensor, clip_length: int, num_clips: int) -> tf.Tensor:
  """Returns the starts of the clips that evaluation averages over: the first at the beginning, the last at the end.

  start_i = floor(i * (T - L) / (n - 1)), as in VMZ; a single clip lies in the middle.

  Args:
    num_frames: int [], T.
    clip_length: L.
    num_clips: n, at least 1.
  Returns:
    int32 [n]; all 0 for a span that is not longer than the clip.
  """
  room = tf.maximum(tf.cast(num_frames, tf.int32) - clip_length, 0)
  if num_clips == 1:
    return (room // 2)[tf.newaxis]
  return tf.range(num_clips) * room // (num_clips - 1)


def frame_numbers(starts: tf.Tensor, clip_length: int, num_frames: tf.Tensor) -> tf.Tensor:
  """Returns the frames of clips.

  Args:
    starts: int32 [...].
    clip_length: L.
    num_frames: int [], T, at least 1.
  Returns:
    int32 [..., L], each in 0 .. T - 1; a clip that runs over the end of the span goes on at its beginning.
  """
  return (starts[..., tf.newaxis] + tf.range(clip_length)) % tf.cast(num_frames, tf.int32)


def audio_window_start(
  clip_start: tf.Tensor,
  clip_length: int,
  frame_rate: float,
  num_stored: tf.Tensor,
  num_audio_frames: int,
  audio_frame_rate: float,
) -> tf.Tensor:
  """Returns where the sound of a clip starts: centred on the clip's centre, moved to lie within the span.

  Args:
    clip_start: int32 [...], in video frames.
    clip_length: L, in video frames.
    frame_rate: video frames per second.
    num_stored: int [], M, the audio frames of the span.
    num_audio_frames: the length of the window.
    audio_frame_rate: audio frames per second (50 for a hop of 20 ms).
  Returns:
    int32 [...], in 0 .. M - num_audio_frames, in audio frames; 0 where the span has fewer than a window.
  """
  centre_seconds = (tf.cast(clip_start, tf.float64) + clip_length / 2) / frame_rate
  # A whole number may come out a hair too small, and would lose a frame.
  start = tf.cast(tf.floor(centre_seconds * audio_frame_rate - num_audio_frames / 2 + 1e-6), tf.int32)
  return tf.clip_by_value(start, 0, tf.maximum(tf.cast(num_stored, tf.int32) - num_audio_frames, 0))
