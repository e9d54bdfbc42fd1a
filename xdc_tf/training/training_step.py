"""One step of training: forward, loss and gradients of every replica, their sum, the update; and several steps in one call."""

import tensorflow as tf

from xdc_tf import compat, graphs
from xdc_tf.training import scores
from xdc_tf.training.options import TrainingOptions


class TrainingStep:
  """The steps of one model and optimizer under one strategy.

  With XLA a single device compiles the whole step. Replicas compile what each does alone: where they meet, in the reduction and
  the update, XLA cannot follow.
  """

  def __init__(self, model, normalize, optimizer, options: TrainingOptions, strategy: tf.distribute.Strategy):
    """Prepares the steps; nothing is traced yet.

    Args:
      model: a HeadedEncoder.
      normalize: what the reader left to the device: stored pixels -> the model's input.
      optimizer: the optimizer of the model's variables.
      options: resolved.
      strategy: the distribution strategy.
    """
    self._model, self._normalize, self._optimizer, self._strategy = model, normalize, optimizer, strategy
    self._heads = model.head_names
    self._num_replicas = strategy.num_replicas_in_sync
    self._jit_compile = options.jit_compile
    self._has_one_device = isinstance(strategy, tf.distribute.OneDeviceStrategy)
    # Made once: each of them would be compiled again for every trace around it.
    self._compiled_step = graphs.compiled(self._whole_step, jit_compile=True)
    self._compiled_gradients = graphs.compiled(self._gradients, jit_compile=True)
    self.one = graphs.compiled(self._one)
    self.several = graphs.compiled(self._several, reduce_retracing=True)  # For any number of rates.

  def _several(self, data, rates: tf.Tensor, weight_decay: tf.Tensor) -> tf.Tensor:
    """Takes one step a rate.

    Args:
      data: iterator over the strategy's batches.
      rates: float32 [n], the learning rate of every step.
      weight_decay: float32 [], of the L2.

    Returns:
      float64 [3 * heads], the sum of what `one` returns.
    """

    def step(number: tf.Tensor, totals: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
      return number + 1, totals + tf.cast(self._one(data.get_next(), rates[number], weight_decay), tf.float64)

    start = (tf.constant(0), tf.zeros([3 * len(self._heads)], tf.float64))
    return tf.while_loop(lambda number, _: number < tf.size(rates), step, start)[1]

  def _one(self, batch, rate: tf.Tensor, weight_decay: tf.Tensor) -> tf.Tensor:
    """Takes one step.

    Args:
      batch: (x, {head: labels}), a replica's each.
      rate: float32 [], the learning rate.
      weight_decay: float32 [], of the L2.

    Returns:
      float32 [3 * heads], as scores.statistics says, summed over the replicas.
    """
    compat.set_learning_rate(self._optimizer, rate)
    statistics = self._strategy.run(self._replica_step, args=(*batch, weight_decay))
    return self._strategy.reduce(tf.distribute.ReduceOp.SUM, statistics, axis=None)

  def _replica_step(self, x: tf.Tensor, labels: dict[str, tf.Tensor], weight_decay: tf.Tensor) -> tf.Tensor:
    if self._jit_compile and self._has_one_device:
      return self._compiled_step(x, labels, weight_decay)
    compute = self._compiled_gradients if self._jit_compile else self._gradients
    gradients, statistics = compute(x, labels, weight_decay)
    compat.apply_gradients(self._optimizer, gradients, self._model.trainable_variables)
    return statistics

  def _whole_step(self, x: tf.Tensor, labels: dict[str, tf.Tensor], weight_decay: tf.Tensor) -> tf.Tensor:
    gradients, statistics = self._gradients(x, labels, weight_decay)
    compat.apply_gradients(self._optimizer, gradients, self._model.trainable_variables)
    return statistics

  def _gradients(self, x: tf.Tensor, labels: dict[str, tf.Tensor], weight_decay: tf.Tensor) -> tuple[list, tf.Tensor]:
    """Returns the gradients of a replica's (scaled) loss, and the statistics of its batch; updates BatchNorm's."""
    variables = self._model.trainable_variables
    x = self._normalize(x)
    with tf.GradientTape() as tape:
      loss_sum, statistics = scores.statistics(self._heads, self._model(x, training=True), labels)
      # Replicas sum their gradients, so each divides by the global batch; dividing by its own would multiply the rate
      # by the number of replicas a second time.
      loss = loss_sum / tf.cast(tf.shape(x)[0] * self._num_replicas, tf.float32)
      # L2 added to the gradients (not decoupled: that would be ten times weaker at momentum 0.9), on kernels and BatchNorm scales.
      decayed = [v for v in variables if not v.name.split(':')[0].endswith(('bias', 'beta'))]
      l2 = tf.add_n([tf.nn.l2_loss(tf.cast(v, tf.float32)) for v in decayed])
      scaled = compat.scaled_loss(self._optimizer, loss + weight_decay * l2 / self._num_replicas)
    return tape.gradient(scaled, variables), statistics
