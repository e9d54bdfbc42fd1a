"""BatchNorm's moving statistics, of which every replica gathers its own in training."""

import tensorflow as tf

from xdc_tf import graphs


class ReplicaStatistics:
  """Makes the statistics of all replicas of all workers one."""

  def __init__(self, model, strategy: tf.distribute.Strategy):
    """What `model` does not train are statistics and whole numbers, such as the states of Keras 3's dropout."""
    self._model, self._strategy = model, strategy
    self._average = graphs.compiled(self._average_over_replicas)

  def agree(self) -> None:
    """Gives every replica of every worker the mean of all replicas' BatchNorm statistics.

    So what is validated, saved and taken features with is one network, and a run that goes on after a checkpoint has what a run
    resumed from it has. Reading and assigning the variables would not do: on Keras 3 they read as the first local replica's.
    """
    if self._strategy.num_replicas_in_sync > 1 and self._variables():
      self._average()

  def _variables(self) -> list:
    return [v for v in self._model.non_trainable_variables if tf.as_dtype(v.dtype).is_floating]

  def _average_over_replicas(self) -> None:
    variables = self._variables()
    sizes = [variable.shape.num_elements() for variable in variables]

    def read() -> tf.Tensor:  # As one vector: every reduction is a round between the workers.
      return tf.concat([tf.reshape(tf.convert_to_tensor(variable), [-1]) for variable in variables], axis=0)

    def write(mean: tf.Tensor) -> None:
      for variable, part in zip(variables, tf.split(mean, sizes), strict=True):
        variable.assign(tf.reshape(part, variable.shape))

    self._strategy.run(
      write, args=(self._strategy.reduce(tf.distribute.ReduceOp.MEAN, self._strategy.run(read), axis=None),)
    )
