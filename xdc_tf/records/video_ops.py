"""JPEG frames -> the pixels that an encoder sees. Training, evaluation and serving call the same functions.

A window is int32 [4] (y, x, height, width), what `tf.image.decode_and_crop_jpeg` takes. With `short_side` a frame is first scaled
so that its shorter side has that many pixels, and the window counts pixels of the scaled frame.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

# Fixed here and nowhere else, so that all callers get the same bits. Without fancy upscaling, decoding a window equals cutting it
# out of the decoded frame exactly; with it, the colours at the window's edge are off by up to 6.
JPEG_OPTIONS = {'channels': 3, 'dct_method': 'INTEGER_ACCURATE', 'fancy_upscaling': False}


def frame_size(jpegs: tf.Tensor) -> tf.Tensor:
  """Returns int32 [2], the height and width of JPEGs string [L] of one size; reads one header and no pixels."""
  return tf.io.extract_jpeg_shape(jpegs[0])[:2]


def scaled_size(size: tf.Tensor, short_side: int | None) -> tf.Tensor:
  """Returns int32 [2], the height and width after scaling to `short_side`; the longer side is rounded to the nearest.

  Args:
    size: int32 [2], the height and width before.
    short_side: in pixels; None leaves the size as it is.
  """
  if short_side is None:
    return size
  shortest = tf.reduce_min(size)
  return (2 * size * short_side + shortest) // (2 * shortest)


def centre_window(size: tf.Tensor, crop_size: int) -> tf.Tensor:
  """Returns the window of the centre crop, int32 [4]; an odd margin is larger at the bottom and on the right.

  Args:
    size: int32 [2], height and width of the frame, not smaller than the crop.
    crop_size: side of the square.
  """
  return tf.concat([(size - crop_size) // 2, [crop_size, crop_size]], axis=0)


def random_window(size: tf.Tensor, crop_size: int, seed: tf.Tensor) -> tf.Tensor:
  """Returns a window, int32 [4], uniform over where the square fits.

  Args:
    size: int32 [2], height and width of the frame, not smaller than the crop.
    crop_size: side of the square.
    seed: integer [2]; the same seed gives the same window.
  """
  corner = tf.random.stateless_uniform([2], seed, 0, tf.int32.max, tf.int32) % (size - crop_size + 1)
  return tf.concat([corner, [crop_size, crop_size]], axis=0)


def crop(frames: tf.Tensor, window: tf.Tensor, short_side: int | None = None) -> tf.Tensor:
  """Scales decoded frames and cuts a window out of them, in one operation that computes the window only.

  Scaling is bilinear with antialiasing (what `tf.image.resize(..., antialias=True)` does), rounded to the nearest integer.

  Args:
    frames: uint8 [L, H, W, 3].
    window: int32 [4], in pixels of the scaled frame.
    short_side: see above.
  Returns:
    uint8 [L, window height, window width, 3].
  """
  size = tf.shape(frames)[1:3]
  target = scaled_size(size, short_side)

  def cut():
    return frames[:, window[0] : window[0] + window[2], window[1] : window[1] + window[3]]

  def scale_and_cut():
    scale = tf.cast(target, tf.float32) / tf.cast(size, tf.float32)
    translation = -tf.cast(window[:2], tf.float32)
    scaled = tf.raw_ops.ScaleAndTranslate(
      images=frames, size=window[2:], scale=scale, translation=translation, kernel_type='triangle', antialias=True
    )
    return tf.saturate_cast(tf.round(scaled), tf.uint8)

  if short_side is None:
    return cut()
  return tf.cond(tf.reduce_all(size == target), cut, scale_and_cut)


def centre_crop(frames: tf.Tensor, crop_size: int, short_side: int | None = None) -> tf.Tensor:
  """Scales decoded frames and cuts out the centre: the same bits as `decode_centre` of the JPEGs they came from.

  Args:
    frames: uint8 [L, H, W, 3].
    crop_size: side of the square.
    short_side: scale to this first; None: as they are. Must not be smaller than the crop.
  Returns:
    uint8 [L, crop_size, crop_size, 3].
  """
  window = centre_window(scaled_size(tf.shape(frames)[1:3], short_side), crop_size)
  return tf.ensure_shape(crop(frames, window, short_side), [None, crop_size, crop_size, 3])


def decode(jpegs: tf.Tensor) -> tf.Tensor:
  """Decodes string [L], JPEGs of one size, to uint8 [L, H, W, 3]."""
  return tf.map_fn(lambda jpeg: tf.io.decode_jpeg(jpeg, **JPEG_OPTIONS), jpegs, fn_output_signature=tf.uint8)


def decode_window(jpegs: tf.Tensor, window: tf.Tensor, short_side: int | None = None) -> tf.Tensor:
  """Decodes one window of every frame; what lies outside is not decoded, unless the frames must be scaled.

  Args:
    jpegs: string [L], JPEGs of one size.
    window: int32 [4], in pixels of the scaled frame.
    short_side: see above.
  Returns:
    uint8 [L, window height, window width, 3].
  """

  def decode_part():
    return tf.map_fn(
      lambda jpeg: tf.image.decode_and_crop_jpeg(jpeg, window, **JPEG_OPTIONS), jpegs, fn_output_signature=tf.uint8
    )

  if short_side is None:
    return decode_part()
  as_stored = tf.reduce_min(frame_size(jpegs)) == short_side
  return tf.cond(as_stored, decode_part, lambda: crop(decode(jpegs), window, short_side))


def decode_centre(jpegs: tf.Tensor, crop_size: int, short_side: int | None = None) -> tf.Tensor:
  """Decodes the centre crop of every frame: the view of evaluation and serving.

  Args:
    jpegs: string [L], JPEGs of one size.
    crop_size: side of the square.
    short_side: scale to this first; None: as stored. Must not be smaller than the crop.
  Returns:
    uint8 [L, crop_size, crop_size, 3].
  """
  window = centre_window(scaled_size(frame_size(jpegs), short_side), crop_size)
  return tf.ensure_shape(decode_window(jpegs, window, short_side), [None, crop_size, crop_size, 3])


def decode_random(jpegs: tf.Tensor, crop_size: int, short_side: int | None, flip: bool, seed: tf.Tensor) -> tf.Tensor:
  """Decodes one random crop, mirrored every second time, the same for all frames of the clip: the view of training.

  Args:
    jpegs: string [L], JPEGs of one size.
    crop_size: side of the square.
    short_side: scale to this first; None: as stored. Must not be smaller than the crop.
    flip: whether to mirror at all.
    seed: int64 [2]; the same seed gives the same view. Folded with 0 it places the crop, with 1 it decides on the mirror.
  Returns:
    uint8 [L, crop_size, crop_size, 3].
  """
  size = scaled_size(frame_size(jpegs), short_side)
  window = random_window(size, crop_size, tf.random.fold_in(seed, tf.constant(0, tf.int64)))
  clip = decode_window(jpegs, window, short_side)
  if flip:
    mirrored = tf.random.stateless_uniform([], tf.random.fold_in(seed, tf.constant(1, tf.int64))) < 0.5
    clip = tf.cond(mirrored, lambda: mirror(clip), lambda: clip)
  return tf.ensure_shape(clip, [None, crop_size, crop_size, 3])


def mirror(clip: tf.Tensor) -> tf.Tensor:
  """Swaps left and right of uint8 [L, H, W, 3]."""
  # Of three dimensions, the last being colours, TensorFlow copies pixel by pixel: three times as fast as with four.
  rows = tf.reshape(clip, [-1, tf.shape(clip)[2], 3])
  return tf.reshape(tf.reverse(rows, [1]), tf.shape(clip))


def normalize(frames: tf.Tensor, mean: Sequence[float], std: Sequence[float]) -> tf.Tensor:
  """Returns (frames / 255 - mean) / std, computed as frames * a + b with one pair (a, b) for each colour.

  Args:
    frames: uint8 [..., H, W, 3], W known.
    mean: the mean of red, green and blue, on [0, 1].
    std: likewise.
  Returns:
    float32 [..., H, W, 3].
  """
  width = frames.shape[-2]
  scale = (1 / (255 * np.asarray(std, np.float64))).astype(np.float32)
  offset = (-np.asarray(mean, np.float64) / np.asarray(std, np.float64)).astype(np.float32)
  # Whole rows at once: broadcasting over an inner dimension of 3 is five times slower on a CPU.
  rows = tf.reshape(tf.cast(frames, tf.float32), [-1, 3 * width])
  return tf.reshape(rows * np.tile(scale, width) + np.tile(offset, width), tf.shape(frames))
