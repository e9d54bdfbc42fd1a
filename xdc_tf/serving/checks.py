"""Checks of what clients send, in the graph: bad input ends as INVALID_ARGUMENT with a sentence, on every runtime."""

import dataclasses

import tensorflow as tf

# The first three bytes of every JPEG file.
JPEG_START = b'\xff\xd8\xff'
# Sound may exceed -1..1 a little, and then still means what it says; 16-bit integers sent as they are do not.
LARGEST = 100.0


@dataclasses.dataclass(frozen=True)
class RequestLimits:
  """How much a single request may ask for: a JPEG of a few hundred kilobytes can hold 400 million pixels.

  Attributes:
    frame_pixels: height times width of one frame.
    request_pixels: the most pixels of all frames of a request, each counted as no less than the encoder's crop.
    request_seconds: the most seconds of sound, of all clips of a request, each counted as no less than the encoder's window.
  """

  frame_pixels: int = 2**24
  request_pixels: int = 2**28
  request_seconds: float = 600.0

  def __post_init__(self):
    if min(self.frame_pixels, self.request_pixels, self.request_seconds) <= 0:
      raise ValueError(f'All limits of a request must be positive. Received: {self}.')


def checked(x: tf.Tensor, name: str, axes: tuple[str | int, ...]) -> tf.Tensor:
  """Returns `x` after checking at run time that it has the axes named, none of them empty.

  Args:
    x: a signature's input.
    name: its name, for the message.
    axes: names of its axes, for the message, or sizes that are fixed, e.g. ('B', 'M', 40). Only the last may be a size.
  """
  # A signature declares its input's rank, but the runtime below TF Serving does not enforce it, and the optimizer removes
  # a check that it believes to be always true: it learns the rank from the operations that need it. A list of tensors of
  # any shape hides it, as long as only the check reads from the list.
  hidden = tf.TensorArray(x.dtype, size=1, element_shape=None, infer_shape=False).write(0, x).read(0)
  expected = (
    f'{name} must have {len(axes)} axes, [{", ".join(map(str, axes))}], none of them empty. Received the shape:'
  )
  shape = tf.shape(hidden)
  right = tf.equal(tf.rank(hidden), len(axes)) & (tf.size(hidden) > 0)
  if isinstance(axes[-1], int):
    right &= tf.reduce_all(tf.equal(shape[-1:], axes[-1]))
  with tf.control_dependencies([tf.debugging.Assert(right, [expected, shape], summarize=-1)]):
    return tf.identity(x)


def checked_finite(x: tf.Tensor, name: str) -> tf.Tensor:
  """Returns `x`, a signature's input called `name`, after checking that it holds neither NaN nor infinity."""
  with tf.control_dependencies(
    [tf.debugging.Assert(tf.reduce_all(tf.math.is_finite(x)), [f'{name} holds NaN or infinity.'])]
  ):
    return tf.identity(x)


def checked_values(x: tf.Tensor, name: str, usual: str) -> tf.Tensor:
  """Returns `x` after checking that it holds neither NaN, nor infinity, nor numbers beyond LARGEST.

  Args:
    x: a signature's input, float32.
    name: its name, for the message.
    usual: what its numbers usually are, for the message.
  """
  message = f'{name} holds numbers far from what it should ({usual}). The largest magnitude is:'
  x = checked_finite(x, name)
  largest = tf.reduce_max(tf.abs(x))
  with tf.control_dependencies([tf.debugging.Assert(largest <= LARGEST, [message, largest])]):
    return tf.identity(x)


def checked_jpegs(jpegs: tf.Tensor) -> tf.Tensor:
  """Returns the strings after checking that each starts as a JPEG file does. A damaged one fails when it is decoded."""
  is_jpeg = tf.equal(tf.strings.substr(jpegs, 0, len(JPEG_START)), JPEG_START)
  message = 'jpegs must hold whole JPEG files, one frame each. Not a JPEG, at [clip, frame]:'
  check = tf.debugging.Assert(tf.reduce_all(is_jpeg), [message, tf.where(~is_jpeg)])
  with tf.control_dependencies([check]):
    return tf.identity(jpegs)


def checked_sizes(x: tf.Tensor, sizes: tf.Tensor, crop_size: int, limits: RequestLimits) -> tf.Tensor:
  """Returns `x` after checking that its frames are not too large, before anything of that size is made of them.

  Args:
    x: a signature's input.
    sizes: integer [n, 2], height and width of each of its frames.
    crop_size: side of the square that the encoder gets of each.
    limits: the limits of a request.
  """
  pixels = tf.reduce_prod(tf.cast(sizes, tf.int64), axis=1)
  largest, total = tf.reduce_max(pixels), tf.reduce_sum(tf.maximum(pixels, crop_size**2))
  message = (
    f'A frame may have {limits.frame_pixels} pixels, a request {limits.request_pixels} in all, each frame at least '
    f'{crop_size**2}. Received:'
  )
  right = (largest <= limits.frame_pixels) & (total <= limits.request_pixels)
  with tf.control_dependencies([tf.debugging.Assert(right, [message, largest, total])]):
    return tf.identity(x)


def checked_length(x: tf.Tensor, per_second: float, window_seconds: float, limits: RequestLimits) -> tf.Tensor:
  """Returns `x`, sound [B, S, ...] of `per_second` values, after checking that a request has no more of it than it may.

  Args:
    x: a signature's input.
    per_second: values of a second.
    window_seconds: the seconds of the window of the encoder; a shorter clip is padded to it.
    limits: the limits of a request.
  """
  clips, length = tf.unstack(tf.cast(tf.shape(x, tf.int64)[:2], tf.float64))
  # Of values, not of seconds: 600 s in clips of 10 are a little more than 600 once they were divided.
  values = clips * tf.maximum(length, window_seconds * per_second)
  message = (
    f'A request may hold {limits.request_seconds:g} seconds of sound, all clips together, each at least '
    f'{window_seconds:g}. Received:'
  )
  fits = values <= limits.request_seconds * per_second * (1 + 1e-9)
  with tf.control_dependencies([tf.debugging.Assert(fits, [message, values / per_second])]):
    return tf.identity(x)
