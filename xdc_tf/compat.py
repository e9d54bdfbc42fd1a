"""Every difference between the two software stacks, and nothing else.

Lower stack (Python 3.10, 3.11): TensorFlow 2.15, Keras 2.15, tensorflow-io, tensorflow-addons.
Upper stack (Python 3.12, 3.13): TensorFlow >= 2.21, Keras 3; tensorflow-io and tensorflow-addons do not exist there.
"""

import ctypes
import functools

import keras
import tensorflow as tf
from tensorflow.python.framework import config as framework_config

LOWER_STACK = keras.__version__.startswith('2.')
if keras.backend.backend() != 'tensorflow':
  raise ImportError(
    f'Keras was imported with the backend {keras.backend.backend()!r}; xdc-tf needs tensorflow. Import xdc_tf first, '
    'which chooses it, or set KERAS_BACKEND=tensorflow.'
  )
OPTIMIZERS = ('sgd', 'sgdw', 'lamb')
_LAMB_EPSILON = 1e-6  # The defaults of tensorflow-addons and Keras differ.


def _import_tensorflow_io(wanted_for: str, instead: str):
  """Imports tensorflow-io, or says where it can be had."""
  if not LOWER_STACK:
    raise RuntimeError(
      f'{wanted_for} needs tensorflow-io, which has no release for this Python and TensorFlow {tf.__version__}. Delete .venv and '
      f'use Python 3.10 or 3.11 (make PYTHON=python3.11 ...), where xdc-tf installs it, or {instead}.'
    )
  return __import__('tensorflow_io')


class FusedSGD(keras.optimizers.SGD):
  """Keras's SGD with momentum by one operation a variable, which reads and writes memory once and not ten times."""

  def update_step(self, gradient, variable, learning_rate=None):
    """Sets m = momentum * m - rate * gradient and adds m, or with Nesterov momentum * m - rate * gradient, to the variable.

    Args:
      gradient: a gradient of the variable's shape.
      variable: a tf.Variable.
      learning_rate: given by Keras 3 only.
    """
    if LOWER_STACK:
      momentum = self.momentums[self._index_dict[self._var_key(variable)]]
    else:
      momentum = self.momentums[self._get_variable_index(variable)].value
    rate = self.learning_rate if learning_rate is None else learning_rate
    tf.raw_ops.ResourceApplyKerasMomentum(
      var=variable.handle,
      accum=momentum.handle,
      lr=tf.cast(rate, variable.dtype),
      grad=tf.cast(gradient, variable.dtype),
      momentum=tf.cast(self.momentum, variable.dtype),
      use_nesterov=self.nesterov,
    )


def is_deterministic() -> bool:
  """Whether enable_op_determinism was called, which TensorFlow has no public way to ask."""
  return framework_config.is_op_determinism_enabled()


def make_optimizer(name: str, momentum: float, nesterov: bool, decoupled_weight_decay: float):
  """Makes an optimizer whose learning rate `set_learning_rate` sets before every step.

  Args:
    name: 'sgd' (the paper's), 'sgdw' or 'lamb'; with tensorflow-addons on the lower stack, with Keras's own on the upper one.
    momentum: the momentum of 'sgd' and 'sgdw'.
    nesterov: whether 'sgd' and 'sgdw' look ahead.
    decoupled_weight_decay: 'sgdw' takes the share rate * decay of every weight away, 'lamb' adds decay * weight to its direction
      before the trust ratio (You et al. 2020, Algorithm 2). The paper's decay is L2 in the loss, which 'sgd' gets from the
      trainer.

  Raises:
    ValueError: for another name.
  """
  if name not in OPTIMIZERS:
    raise ValueError(f'optimizer must be one of {OPTIMIZERS}. Received: {name!r}.')
  sgd = {'learning_rate': 0.0, 'momentum': float(momentum), 'nesterov': nesterov}  # Keras 3 takes no int.
  if name == 'sgd':
    # Keras 3 keeps no variable for a momentum of 0.
    return (FusedSGD if momentum else keras.optimizers.SGD)(**sgd)
  if name == 'lamb':
    make = __import__('tensorflow_addons').optimizers.LAMB if LOWER_STACK else _lamb_of_keras()
    return make(learning_rate=0.0, weight_decay=decoupled_weight_decay, epsilon=_LAMB_EPSILON)
  if not LOWER_STACK:
    return keras.optimizers.SGD(**sgd, weight_decay=decoupled_weight_decay)
  optimizer = __import__('tensorflow_addons').optimizers.SGDW(weight_decay=0.0, **sgd)
  # Its decay is not multiplied by the rate, as Keras's is: set_learning_rate does that.
  optimizer.decay_per_rate = decoupled_weight_decay
  return optimizer


def _lamb_of_keras() -> type:
  """Returns Keras's LAMB with the decay inside the trust ratio, where the paper and tensorflow-addons have it."""

  class Lamb(keras.optimizers.Lamb):
    def __init__(self, weight_decay: float, **options):
      super().__init__(**options)
      self.decay_in_direction = weight_decay

    def update_step(self, gradient, variable, learning_rate):
      index, step = self._get_variable_index(variable), tf.cast(self.iterations + 1, variable.dtype)
      first, second = self._momentums[index].value, self._velocities[index].value
      first.assign_add((gradient - first) * (1 - self.beta_1))
      second.assign_add((tf.square(gradient) - second) * (1 - self.beta_2))
      scale = tf.sqrt(second / (1 - self.beta_2**step)) + self.epsilon
      direction = first / (1 - self.beta_1**step) / scale + self.decay_in_direction * variable
      norms = tf.norm(variable), tf.norm(direction)
      trust = tf.where((norms[0] > 0) & (norms[1] > 0), tf.math.divide_no_nan(*norms), 1.0)
      variable.assign_sub(trust * tf.cast(learning_rate, variable.dtype) * direction)

  return Lamb


def set_learning_rate(optimizer, rate: tf.Tensor) -> None:
  """Sets the rate in a graph, before the replicas' part: from outside, a distributed variable takes a millisecond to set."""
  inner = getattr(optimizer, 'inner_optimizer', optimizer)  # Of a loss scale, which does not show `_hyper`.
  if hasattr(inner, '_hyper'):  # tensorflow-addons' optimizers are of Keras's older kind.
    inner._hyper['learning_rate'].assign(rate)
    if hasattr(inner, 'decay_per_rate'):
      inner._hyper['weight_decay'].assign(rate * inner.decay_per_rate)
  else:
    optimizer.learning_rate = rate


def with_loss_scaling(optimizer):
  """Wraps an optimizer for float16; bfloat16 has float32's range and needs none."""
  if LOWER_STACK:
    return keras.mixed_precision.LossScaleOptimizer(optimizer)
  return keras.optimizers.LossScaleOptimizer(optimizer)


def build_optimizer(optimizer, variables) -> list:
  """Creates the slots of `variables` and returns all of the optimizer's variables."""
  # Keras 2.15's LossScaleOptimizer leaves its own two variables out of its list.
  state = getattr(optimizer, '_loss_scale', None) if LOWER_STACK else None
  scale = [] if state is None else [state.current_loss_scale, state.counter]
  if hasattr(optimizer, 'build'):
    optimizer.build(variables)
    return [*optimizer.variables, *scale]
  # tensorflow-addons' optimizers are of Keras's older kind, which makes its slots at the first step unless asked.
  optimizer._create_all_weights(variables)
  return [*optimizer.variables(), *scale]


def scaled_loss(optimizer, loss: tf.Tensor) -> tf.Tensor:
  """Multiplies the loss by the loss scale, where the optimizer has one."""
  if hasattr(optimizer, 'get_scaled_loss'):
    return optimizer.get_scaled_loss(loss)
  if hasattr(optimizer, 'scale_loss'):
    return optimizer.scale_loss(loss)
  return loss


def apply_gradients(optimizer, gradients, variables) -> None:
  """Applies the gradients of `scaled_loss`; replicas are summed by the optimizer on both stacks."""
  if hasattr(optimizer, 'get_unscaled_gradients'):
    gradients = optimizer.get_unscaled_gradients(gradients)
  if hasattr(optimizer, 'scale_loss') and not LOWER_STACK and hasattr(optimizer, 'dynamic_scale'):
    # Keras 3 asks one replica's own gradients whether they are finite, before it sums. All must ask the same ones: an
    # overflow on another replica would reach every weight, and workers that disagree would wait for each other for ever.
    # A weight that the loss does not reach has none.
    own = [gradient for gradient in gradients if gradient is not None]
    reduced = iter(tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, own))
    gradients = [None if gradient is None else next(reduced) for gradient in gradients]
  optimizer.apply_gradients(zip(gradients, variables, strict=True))


def check_spec_augment():
  """Returns tensorflow-io, whose masks SpecAugment takes.

  Raises:
    RuntimeError: on the upper stack, where it does not exist.
  """
  return _import_tensorflow_io('SpecAugment (AudioInput.time_mask, .frequency_mask)', 'set both masks to 0')


def spec_augment(log_mel: tf.Tensor, time_mask: int, frequency_mask: int) -> tf.Tensor:
  """Masks one random band of time and one of frequency (SpecAugment, Park et al. 2019), by tensorflow-io.

  Args:
    log_mel: float32 [M, filters].
    time_mask: the longest masked time, in audio frames; 0 masks none.
    frequency_mask: the widest masked band, in filters; 0 masks none.

  Returns:
    float32 [M, filters], masked places set to 0.

  Raises:
    RuntimeError: on the upper stack, where tensorflow-io does not exist.
  """
  tfio = check_spec_augment()
  # tensorflow-io draws widths below its `param`: with 1 it masks nothing.
  if time_mask:
    log_mel = tfio.audio.time_mask(log_mel, param=time_mask + 1)
  if frequency_mask:
    log_mel = tfio.audio.freq_mask(log_mel, param=frequency_mask + 1)
  return log_mel


def use_remote_file_systems(path: str) -> None:
  """Makes tf.io.gfile know s3://, az://, http:// and hdfs:// paths; gs:// and local paths need nothing.

  Raises:
    RuntimeError: on the upper stack for such a path.
  """
  scheme = path.partition('://')[0] if '://' in path else ''
  if scheme in ('', 'file', 'gs', 'ram'):
    return
  _import_tensorflow_io(f'Reading {path}', 'copy the data to a local or gs:// path')
  _end_before_static_objects()


@functools.cache
def _end_before_static_objects() -> None:
  """Lets this process end when Python has ended, with its status.

  A static object of tensorflow-io's S3 client logs while it is destroyed, to a log that is destroyed already, and aborts the
  process (https://github.com/tensorflow/io/issues/1912). So the C library calls _exit first, the last thing that it was told.
  """
  library = ctypes.CDLL(None)
  if hasattr(library, 'on_exit'):  # glibc
    library.on_exit(library._exit, None)
