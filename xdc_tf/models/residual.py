"""The residual skeleton that the three encoders share: a stem, then four stages of two basic blocks (18 layers),
or of one on small machines (10 layers).

Video runs as two-dimensional convolutions wherever the kernel allows it: [B, T, H, W, C] becomes [B*T, H, W, C] for a
1x3x3 kernel and [B, T, H*W, C] for a 3x1x1 kernel. Both are free reshapes, and TensorFlow's 2-D kernels are the fast
ones. A 2-D kernel [kh, kw, in, out] is the 3-D one [1, kh, kw, in, out] without its axis of size 1, and [kt, 1, in, out]
is [kt, 1, 1, in, out]. ReLU and the sum with the shortcut stand before the reshape back: only next to the normalisation
can TensorFlow fuse them.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

BATCH_NORM_EPSILON = 1e-3
# Caffe2's momentum, which is Keras's: the share of the old value. (PyTorch's 0.9 would mean the opposite.)
BATCH_NORM_MOMENTUM = 0.9
NUM_STAGES = 4
SMALLEST_BASE_WIDTH = 4
# Channels that a processor's vector unit takes at once (AVX-512); GPUs want multiples of 8.
LANES = 16


def layer_seeds(seed: int) -> Iterator[int]:
  """Yields a different seed for every layer: layers that share a seed and a shape would start with the same weights."""
  for layer_number in itertools.count():
    yield int(np.random.SeedSequence([seed, layer_number]).generate_state(1)[0] >> 1)


def he_normal_fan_out(seed: int) -> keras.initializers.Initializer:
  """Returns He initialisation as in Caffe2's MSRAFill: normal, not truncated, variance 2 / (kernel volume * out)."""
  return keras.initializers.VarianceScaling(2.0, mode='fan_out', distribution='untruncated_normal', seed=seed)


def dimensions(x: tf.Tensor) -> list:
  """Returns the sizes of `x`: numbers where they are known, scalar tensors where they are not."""
  known, dynamic = x.shape.as_list(), tf.shape(x)
  return [dynamic[axis] if size is None else size for axis, size in enumerate(known)]


def over_frames(layer: Callable, x: tf.Tensor, training: bool, **ending) -> tf.Tensor:
  """Applies a layer for images [n, H, W, C] to every frame of `x` [B, T, H, W, C]; `ending` goes to the layer."""
  _, t, h, w, c = dimensions(x)
  y = layer(tf.reshape(x, [-1, h, w, c]), training=training, **ending)
  return tf.reshape(y, [-1, t, *dimensions(y)[1:]])


def over_time(layer: Callable, x: tf.Tensor, training: bool, **ending) -> tf.Tensor:
  """Applies a layer for images whose kernel is [kt, 1] to `x` [B, T, H, W, C] seen as images of T x H*W."""
  _, t, h, w, c = dimensions(x)
  y = layer(tf.reshape(x, [-1, t, h * w, c]), training=training, **ending)
  _, new_t, _, new_c = dimensions(y)
  return tf.reshape(y, [-1, new_t, h, w, new_c])


def padded(x: tf.Tensor, paddings: Sequence, filling: float = 0.0) -> tf.Tensor:
  """Pads by PadV2, not tf.pad: TensorFlow fuses Pad into convolutions, and then fails on gradients and on padded weights."""
  return tf.raw_ops.PadV2(input=x, paddings=paddings, constant_values=tf.constant(filling, x.dtype))


def every_nth_frame(x: tf.Tensor, n: int) -> tf.Tensor:
  """Returns x[:, ::n] of [B, T, H, W, C]. Strided slices and their gradients copy value by value; this copies whole frames."""
  _, t, h, w, c = dimensions(x)
  x = tf.pad(x, ((0, 0), (0, -t % n), (0, 0), (0, 0), (0, 0)))
  frames = tf.reshape(x, [-1, n * h * w * c])
  return tf.reshape(tf.slice(frames, [0, 0], [-1, h * w * c]), [-1, (t + n - 1) // n, h, w, c])


def whole_lanes(channels: int) -> int:
  """Returns how many channels to compute in place of so many: a multiple of LANES, where that is at most a tenth more."""
  whole = -(-channels // LANES) * LANES
  return whole if whole <= 1.1 * channels else channels


class ConvNorm(keras.layers.Layer):
  """Convolution without bias, padded by half the kernel on both sides, then BatchNorm, then what `call` is told.

  TensorFlow's 'same' pads 0 and 1 where stride 2 meets an even size, PyTorch and Caffe2 pad 1 and 1; weights from there
  need theirs. The weights are made at once: a new encoder can be counted, saved and restored before its first call. Keras's
  two layers only hold them: Keras 3 normalises by a dozen operations, in float32, where TensorFlow has a fused one.
  """

  def __init__(
    self,
    in_channels: int,
    filters: int,
    kernel: Sequence[int],
    strides: Sequence[int],
    seeds: Iterator[int],
    dtype: str | None,
    epsilon: float = BATCH_NORM_EPSILON,
    in_lanes: bool = False,
  ):
    """Makes the layer.

    Args:
      in_channels: channels of the input, which may have more, all zero.
      filters: channels of the output.
      kernel: odd sizes, two for images [n, H, W, C] or three for video [B, T, H, W, C].
      strides: as many as `kernel`.
      seeds: where the initialiser's seed comes from.
      dtype: name of a Keras dtype policy, e.g. 'mixed_bfloat16'; None for the global one.
      epsilon: the epsilon of the BatchNorm.
      in_lanes: the output has whole_lanes(filters) channels, the surplus zero: 230 channels take longer than 240.
    """
    super().__init__(dtype=dtype)
    self.surplus = whole_lanes(filters) - filters if in_lanes else 0
    make = {2: keras.layers.Conv2D, 3: keras.layers.Conv3D}[len(kernel)]
    self.convolution = make(
      filters,
      tuple(kernel),
      strides=tuple(strides),
      use_bias=False,
      data_format='channels_last',  # Somebody's ~/.keras/keras.json may say otherwise.
      kernel_initializer=he_normal_fan_out(next(seeds)),
      dtype=dtype,
    )
    self.batch_norm = keras.layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, epsilon=epsilon, dtype=dtype)
    free = (None,) * (len(kernel) + 1)
    self.convolution.build((*free, in_channels))
    self.batch_norm.build((*free, filters))
    self.strides = tuple(strides)
    # At stride 1, and where the kernel is a single place, 'SAME' pads both sides alike and saves a copy. But oneDNN's gradient of
    # a 3-D kernel in bfloat16 is wrong under 'SAME' for clips of two frames (TensorFlow 2.15 and 2.21).
    is_safe = len(kernel) == 2 or self.compute_dtype != 'bfloat16'
    padded_by_hand = max(kernel) > 1 and not (max(strides) == 1 and is_safe)
    self.paddings = ((0, 0), *((size // 2, size // 2) for size in kernel), (0, 0)) if padded_by_hand else None
    # oneDNN's gradient of such a kernel writes where it must not, and ends the process, for few channels in float32 (TensorFlow
    # 2.15 and 2.21); of a kernel with stride 1 it does not.
    self.picks_first = max(kernel) == 1 and max(strides) > 1 and in_channels < LANES
    # None, or a function that returns what `fold` did (see folding.py); Keras would count variables among the layer's own.
    self.folded_weights: Callable | None = None
    self.built = True

  def call(self, x, training=False, relu=False, residual=None):
    """Returns relu(norm(convolution(x)) + residual).

    Args:
      x: [n, H, W, in] or [B, T, H, W, in], as the kernel is.
      training: normalise by the batch's own statistics and update the moving ones; not where the BatchNorm is frozen
        (`trainable = False`), as in Keras.
      relu: whether ReLU comes last.
      residual: None, or as many values as the result has, in the same order.
    """
    training = training and self.batch_norm.trainable
    if training or self.folded_weights is None:
      y = self._convolve(x, tf.convert_to_tensor(self.convolution.kernel))
      y = self._normalize_by_batch(y) if training else self._normalize(y)
    else:
      kernel, bias = self.folded_weights()
      y = tf.nn.bias_add(self._convolve(x, kernel), tf.cast(self._with_surplus(bias), x.dtype))
    if residual is not None:
      y += tf.reshape(residual, [-1, *dimensions(y)[1:]])
    return tf.nn.relu(y) if relu else y

  def fold(self) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the kernel and the bias [out], float32, of the one convolution that does all in inference."""
    norm = self.batch_norm
    scale = norm.gamma * tf.math.rsqrt(norm.moving_variance + norm.epsilon)
    kernel = tf.cast(tf.convert_to_tensor(self.convolution.kernel), tf.float32)
    return kernel * scale, norm.beta - norm.moving_mean * scale

  def _with_surplus(self, values, filling: float = 0.0):
    """Appends what belongs to the surplus channels to values [filters]."""
    values = tf.convert_to_tensor(values)
    return padded(values, [[0, self.surplus]], filling) if self.surplus else values

  def _convolve(self, x, kernel):
    kernel, missing = tf.cast(kernel, x.dtype), x.shape[-1] - kernel.shape[-2]
    if missing or self.surplus:
      kernel = padded(kernel, [[0, 0]] * (x.shape.rank - 2) + [[0, missing], [0, self.surplus]])
    if self.paddings is not None:
      # Not conv2d's explicit padding: its gradients are not oneDNN's, and on a CPU the step takes a third longer.
      x = padded(x, self.paddings)
    strides = self.strides
    if self.picks_first:
      x, strides = x[(slice(None), *(slice(None, None, stride) for stride in strides))], (1,) * len(strides)
    padding = 'SAME' if self.paddings is None else 'VALID'
    if x.dtype == tf.float16 and x.shape.rank == 4 and x.shape[2] == kernel.shape[1] == 1:
      # With TensorFlow 2.21 on CPUs, a column in float16 comes out as memory that was there before; as a row it is right.
      row = tf.nn.conv2d(
        tf.transpose(x, [0, 2, 1, 3]), tf.transpose(kernel, [1, 0, 2, 3]), (1, *strides[::-1], 1), padding
      )
      return tf.transpose(row, [0, 2, 1, 3])
    convolve = {4: tf.nn.conv2d, 5: tf.nn.conv3d}[x.shape.rank]
    return convolve(x, kernel, (1, *strides, 1), padding)

  def _normalize_by_batch(self, y):
    """Normalises by the batch's statistics; the moving variance takes N / (N - 1) of the batch's, as Caffe2's does."""
    norm = self.batch_norm
    result, mean, variance = self._fused(y, [], [], True)
    for moving, new in ((norm.moving_mean, mean), (norm.moving_variance, variance)):
      moving.assign(moving * norm.momentum + new[: moving.shape[0]] * (1 - norm.momentum))
    return result

  def _normalize(self, y):
    norm = self.batch_norm
    mean, variance = self._with_surplus(norm.moving_mean), self._with_surplus(norm.moving_variance, 1.0)
    return self._fused(y, mean, variance, False)[0]

  def _fused(self, y, mean, variance, is_training):
    """Returns `y` normalised, and the mean and the variance of the batch or those given."""
    norm, sizes = self.batch_norm, dimensions(y)
    in_three = y.shape.rank == 5
    result, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
      x=tf.reshape(y, [-1, 1, sizes[-2], sizes[-1]]) if in_three else y,
      scale=self._with_surplus(norm.gamma),
      offset=self._with_surplus(norm.beta),
      mean=mean,
      variance=variance,
      epsilon=norm.epsilon,
      is_training=is_training,
    )
    return tf.reshape(result, sizes) if in_three else result, mean, variance


class Stem(keras.layers.Layer):
  """A convolution followed by ReLU."""

  def __init__(self, convolution: keras.layers.Layer, dtype: str | None):
    """Keeps the convolution."""
    super().__init__(dtype=dtype)
    self.convolution = convolution
    self.built = True

  def call(self, x, training=False):
    """Returns relu(convolution(x))."""
    return self.convolution(x, training=training, relu=True)


class VideoShortcut(keras.layers.Layer):
  """1x1x1 convolution with the same stride in time, height and width, then BatchNorm."""

  def __init__(
    self, in_channels: int, filters: int, stride: int, seeds: Iterator[int], dtype: str | None, epsilon: float
  ):
    """Makes the projection."""
    super().__init__(dtype=dtype)
    self.stride = stride
    self.projection = ConvNorm(in_channels, filters, (1, 1), (stride, stride), seeds, dtype, epsilon)
    self.built = True

  def call(self, x, training=False):
    """Returns the projection of every stride-th frame, row and column."""
    return over_frames(self.projection, every_nth_frame(x, self.stride), training)


class BasicBlock(keras.layers.Layer):
  """relu(shortcut(x) + conv2(relu(conv1(x)))), each convolution with its BatchNorm."""

  def __init__(self, conv1: Callable, conv2: Callable, shortcut: Callable | None, dtype: str | None):
    """Makes the block from layers; `shortcut` is None where the block changes neither size nor channels."""
    super().__init__(dtype=dtype)
    self.conv1, self.conv2, self.shortcut = conv1, conv2, shortcut
    self.built = True

  def call(self, x, training=False):
    """Returns the block's output."""
    y = self.conv1(x, training=training, relu=True)
    residual = x if self.shortcut is None else self.shortcut(x, training=training)
    return self.conv2(y, training=training, relu=True, residual=residual)


def make_block(
  in_channels: int, filters: int, stride: int, convolution: Callable, shortcut: Callable, dtype: str | None
):
  """Makes one BasicBlock; `convolution` and `shortcut` map (in_channels, filters, stride) to a layer.

  `convolution` also gets the block's own in_channels last: torchvision's R(2+1)D makes both of its convolutions by them.
  """
  changes = stride != 1 or in_channels != filters
  return BasicBlock(
    convolution(in_channels, filters, stride, in_channels),
    convolution(filters, filters, 1, in_channels),
    shortcut(in_channels, filters, stride) if changes else None,
    dtype,
  )


def make_stages(
  in_channels: int,
  base_width: int,
  blocks_per_stage: int,
  first_stride: int,
  convolution: Callable,
  shortcut: Callable,
  dtype: str | None,
) -> list[BasicBlock]:
  """Makes the blocks: stage s has base_width * 2**s channels and stride 2, the first stage `first_stride`."""
  blocks = []
  for stage in range(NUM_STAGES):
    filters = base_width * 2**stage
    for block in range(blocks_per_stage):
      stride = 1 if block else 2 if stage else first_stride
      blocks.append(make_block(in_channels, filters, stride, convolution, shortcut, dtype))
      in_channels = filters
  return blocks


class ResidualEncoder(keras.Model):
  """An encoder: stem, blocks, global average. Subclasses set the class attributes and call `set_layers`."""

  modality: str
  # What call() takes, by name, e.g. ('B', 'T', 'H', 'W', 3); the last is the number of channels.
  input_axes: tuple

  def __init__(self, base_width: int, blocks_per_stage: int, dtype: str | None, name: str | None):
    """Keeps the size.

    Args:
      base_width: channels of the first stage; 64 is the paper's, small ones serve demos and tests.
      blocks_per_stage: 2 is the paper's (18 layers); 1 (10 layers) learns faster on small machines.
      dtype: name of a Keras dtype policy for every layer, e.g. 'mixed_bfloat16'.
      name: the model's name.

    Raises:
      ValueError: when one of them is too small.
    """
    if base_width < SMALLEST_BASE_WIDTH:
      raise ValueError(
        f'base_width must be at least {SMALLEST_BASE_WIDTH} channels. Received: base_width={base_width}.'
      )
    if blocks_per_stage < 1:
      raise ValueError(f'blocks_per_stage must be at least 1. Received: blocks_per_stage={blocks_per_stage}.')
    super().__init__(name=name, dtype=dtype)
    self.base_width, self.blocks_per_stage = base_width, blocks_per_stage

  def set_layers(self, stem: keras.layers.Layer, blocks: Sequence[BasicBlock]) -> None:
    """Takes the layers: the end of a subclass's constructor."""
    self.stem = stem
    # Keras 3 hides what lies in lists from tf.train.Checkpoint: every block is an attribute of its own.
    for number, block in enumerate(blocks):
      stage, place = divmod(number, self.blocks_per_stage)
      setattr(self, f'stage{stage + 1}_block{place}', block)
    self.built = True

  def get_config(self) -> dict:
    """Returns the arguments that make such an encoder, for `.keras` files, whose weights replace those of the seed."""
    sizes = {'base_width': self.base_width, 'blocks_per_stage': self.blocks_per_stage}
    return {**sizes, 'dtype': self.dtype_policy.name, 'name': self.name}

  @property
  def blocks(self) -> list[BasicBlock]:
    """The blocks in order."""
    names = itertools.product(range(1, NUM_STAGES + 1), range(self.blocks_per_stage))
    return [getattr(self, f'stage{stage}_block{block}') for stage, block in names]

  @property
  def feature_dimension(self) -> int:
    """The embedding's length: the last stage's channels."""
    return self.base_width * 2 ** (NUM_STAGES - 1)

  def call(self, x, training=False):
    """Returns the embedding, float32 [B, feature_dimension], of a batch shaped as `input_axes` says."""
    last = self.stage_outputs(x, training=training)[-1]
    # The mean is taken in float32: bfloat16 has 8 bits, too few to add up hundreds of positions.
    return tf.reduce_mean(tf.cast(last, tf.float32), axis=list(range(1, last.shape.rank - 1)))

  def stage_outputs(self, x, training=False) -> list[tf.Tensor]:
    """Returns the outputs of the stem and of the four stages, before the global average.

    Raises:
      ValueError: when `x` has the wrong rank or number of channels.
    """
    x = tf.convert_to_tensor(x)
    self._check_input(x)
    outputs = [self.stem(x, training=training)]
    for block in self.blocks:
      outputs.append(block(outputs[-1], training=training))
    return outputs[:1] + outputs[self.blocks_per_stage :: self.blocks_per_stage]

  def _check_input(self, x):
    expected = f'[{", ".join(str(axis) for axis in self.input_axes)}]'
    if x.shape.rank != len(self.input_axes):
      raise ValueError(f'{type(self).__name__} takes {self.modality} {expected}. Received: shape={tuple(x.shape)}.')
    if x.shape[-1] != self.input_axes[-1]:
      raise ValueError(
        f'{type(self).__name__} takes {self.modality} {expected}: {self.input_axes[-1]} channel(s) on the last axis. '
        f'Received: shape={tuple(x.shape)}.'
      )


class VideoEncoder(ResidualEncoder):
  """A ResidualEncoder of video. Subclasses define the two methods named below; what they return ends with a BatchNorm."""

  modality = 'video'
  input_axes = ('B', 'T', 'H', 'W', 3)
  # (filters, seeds, dtype) -> a layer [B, T, H, W, 3] -> [B, T, H/2, W/2, filters].
  make_stem_convolution: Callable[..., keras.layers.Layer]
  # (in_channels, filters, stride, seeds, dtype, block_in_channels) -> a layer with that stride in time, height and width.
  make_convolution: Callable[..., keras.layers.Layer]

  def __init__(
    self,
    base_width: int = 64,
    blocks_per_stage: int = 2,
    seed: int = 0,
    dtype: str | None = None,
    name: str | None = None,
    batch_norm_epsilon: float = BATCH_NORM_EPSILON,
  ):
    """Makes the encoder with all its weights.

    Args:
      base_width: channels of the first stage.
      blocks_per_stage: 2 makes 18 layers.
      seed: the seed of the random weights: the same seed gives the same weights.
      dtype: name of a Keras dtype policy for every layer, e.g. 'mixed_bfloat16'.
      name: the model's name.
      batch_norm_epsilon: 1e-3 is Caffe2's and so the paper's; torchvision's weights were trained with 1e-5.
    """
    super().__init__(base_width, blocks_per_stage, dtype, name)
    self.batch_norm_epsilon = batch_norm_epsilon
    seeds = layer_seeds(seed)

    def convolution(in_channels, filters, stride, block_in_channels):
      return self.make_convolution(in_channels, filters, stride, seeds, dtype, block_in_channels)

    def shortcut(in_channels, filters, stride):
      return VideoShortcut(in_channels, filters, stride, seeds, dtype, batch_norm_epsilon)

    stem = Stem(self.make_stem_convolution(base_width, seeds, dtype), dtype)
    self.set_layers(stem, make_stages(base_width, base_width, blocks_per_stage, 1, convolution, shortcut, dtype))

  def get_config(self) -> dict:
    """Returns the arguments that make such an encoder."""
    return super().get_config() | {'batch_norm_epsilon': self.batch_norm_epsilon}
