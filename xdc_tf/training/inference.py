"""What a network says of stored clips: features, probabilities, loss and accuracy. No labels are learned from here."""

import numpy as np
import tensorflow as tf

from xdc_tf import graphs
from xdc_tf.models.folding import FoldedWeights
from xdc_tf.records import damage, reader
from xdc_tf.records.schema import Records
from xdc_tf.training import distribution, scores
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.replica_statistics import ReplicaStatistics
from xdc_tf.training.targets import Targets


class Inference:
  """An encoder and its heads in inference mode, on all replicas, compiled where that pays.

  Features come from weights with BatchNorm folded into them, predictions and evaluations from the model as it is. `evaluate` and
  `validate` let replicas agree on their statistics first; who calls `embed` or `predict` has done so (as loading weights does).
  """

  def __init__(
    self,
    model,
    inputs,
    records: Records,
    options: TrainingOptions,
    strategy: tf.distribute.Strategy,
    statistics: ReplicaStatistics,
  ):
    """Prepares the passes; call it in the strategy's scope. Nothing is traced yet.

    Args:
      model: a HeadedEncoder.
      inputs: the reader's VideoInput or AudioInput.
      records: the data set.
      options: resolved.
      strategy: the distribution strategy.
      statistics: the statistics of the model, on which replicas agree before an evaluation.
    """
    self._model, self._inputs, self._records, self._options = model, inputs, records, options
    self._strategy, self._statistics, self._heads = strategy, statistics, model.head_names
    # Workers send each other what variables begin with, and TensorFlow cannot send bfloat16.
    stored_in = tf.float32 if distribution.num_workers(strategy) > 1 else None
    self._folded_weights = FoldedWeights(model.encoder, stored_in)
    self._fold = graphs.compiled(lambda: strategy.run(self._folded_weights.update))
    self.infer_features, self._infer_logits = self._inference(model.encoder), self._inference(model)
    self.embed_batch = self._replicated(self._replica_features)
    self._predict = self._replicated(self._replica_probabilities)
    self._evaluate_batch = self._replicated(self._replica_evaluation)

  def embed(self, split: str, shards: list[int], num_clips: int = 1):
    """Yields (index int64 [b], features float32 [b, d]) of whole shards in record order.

    Args:
      split: which split.
      shards: numbers of its shards.
      num_clips: clips at uniform distances over every span, whose features are averaged; 1: its centre.
    """
    data = reader.evaluation_dataset(
      self._records,
      split,
      self._inputs,
      self._videos_together(num_clips),
      num_clips=num_clips,
      shards=shards,
      normalize=False,
    )
    self._fold()
    with damage.named(self._records, split):
      for batch, features in distribution.map_on_replicas(self._strategy, self.embed_batch, data):
        yield batch['index'].numpy(), features.numpy()

  def predict(self, targets: Targets, num_clips: int):
    """Yields (index int64 [b], float32 [b, classes] for each head): the mean over clips of each span's probabilities.

    Softmax for heads that have one label a clip, a sigmoid for every class where there may be several, as in training.

    Args:
      targets: the clips that its subset takes; labels are used for their kind only.
      num_clips: clips at uniform distances over every span (10 in Section 4.1), their centre crops.
    """
    data = reader.evaluation_dataset(
      self._records,
      targets.split,
      self._inputs,
      self._videos_together(num_clips),
      num_clips=num_clips,
      labels=targets.labels,
      subset=targets.subset,
      normalize=False,
    )
    with damage.named(self._records, targets.split):
      for batch, probabilities in distribution.map_on_replicas(self._strategy, self._predict, data):
        yield batch['index'].numpy(), {head: values.numpy() for head, values in probabilities.items()}

  def evaluate(self, targets: Targets) -> dict[str, float]:
    """Returns the mean loss and every head's accuracy ('loss', 'accuracy_HEAD') on the centre clips of a split's spans."""
    totals = self._evaluate(self.validation_data(targets))
    return {name.removeprefix('_'): value for name, value in scores.summary(self._heads, '', totals).items()}

  def _replica_features(self, batch: dict[str, tf.Tensor]) -> tf.Tensor:
    with self._folded_weights.used():
      features = self._inferred(self.infer_features, batch['input'])
    return tf.reduce_mean(features, axis=1)

  def _replica_probabilities(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    means = {}
    for head, logits in self._inferred(self._infer_logits, batch['input']).items():
      activation = tf.nn.softmax if batch['labels'][head].shape.rank == 1 else tf.nn.sigmoid
      means[head] = tf.reduce_mean(activation(logits), axis=1)
    return means

  def _replica_evaluation(self, batch: dict[str, tf.Tensor]) -> tf.Tensor:
    logits = tf.nest.map_structure(lambda values: values[:, 0], self._inferred(self._infer_logits, batch['input']))
    return scores.statistics(self._heads, logits, batch['labels'])[1]

  def _replicated(self, function):
    # XLA wants to know all sizes; the compiled part is the same in all traces.
    return distribution.replicated(self._strategy, function, reduce_retracing=not self._options.jit_compile)

  def _inference(self, network):
    """Returns stored clips [m, *inputs.shape] -> what a network says of them, in inference mode."""

    def infer(clips: tf.Tensor):
      return network(self._inputs.on_device(clips), training=False)

    return graphs.compiled(infer, jit_compile=True) if self._options.jit_compile else infer

  def _inferred(self, infer, views: tf.Tensor):
    """Returns what `infer` says of views [b, n, *inputs.shape]: tensors float32 [b, n, values]."""
    clips = tf.reshape(views, [-1, *self._inputs.shape])
    # tf.shape and not the static ones: after calls with other numbers of clips the function is traced for any.
    num_clips, num_views = tf.shape(clips)[0], tf.shape(views)[1]
    outputs = infer(self._padded(clips, views.shape[1]) if self._options.jit_compile else clips)
    return tf.nest.map_structure(lambda y: tf.reshape(y[:num_clips], [-1, num_views, y.shape[-1]]), outputs)

  def _padded(self, clips: tf.Tensor, num_views: int) -> tf.Tensor:
    """Returns as many clips as the largest batch has: XLA compiles anew, for up to a minute, for every number of them."""
    full = self._videos_together(num_views) * num_views
    padded = tf.pad(clips, [[0, full - tf.shape(clips)[0]]] + [[0, 0]] * len(self._inputs.shape))
    return tf.ensure_shape(padded, [full, *self._inputs.shape])

  def validation_data(self, targets: Targets) -> tf.data.Dataset:
    """The centre clips of this worker's shards."""
    worker, workers = distribution.worker_index(self._strategy), distribution.num_workers(self._strategy)
    shards = list(range(worker, len(self._records.shard_lengths[targets.split]), workers))
    return reader.evaluation_dataset(
      self._records,
      targets.split,
      self._inputs,
      self._options.evaluation_batch_size,
      num_clips=1,
      shards=shards,
      labels=targets.labels,
      subset=targets.subset,
      normalize=False,
    )

  def validate(self, data: tf.data.Dataset) -> np.ndarray:
    """Does what _evaluate does.

    Raises:
      ValueError: when a head has no validation clip with a label: its loss would be 0, and every epoch the best one.
    """
    totals = self._evaluate(data)
    for head, clips in zip(self._heads, totals.reshape(-1, 3)[:, 2], strict=True):
      if not clips:
        raise ValueError(
          f'No validation clip of {self._records.directory} has a label of {head!r}, so nothing can tell when to stop. Make '
          'validation clips of videos that have one, or set Schedule.early_stop_epochs = 0 and .keep_best = False.'
        )
    return totals

  def _evaluate(self, data: tf.data.Dataset) -> np.ndarray:
    """Returns float64 [3 * heads], summed over the clips of all workers."""
    self._statistics.agree()
    totals = np.zeros(3 * len(self._heads))
    for _, statistics in distribution.map_on_replicas(self._strategy, self._evaluate_batch, data):
      totals += statistics.numpy()
    return distribution.sum_over_workers(self._strategy, tf.constant(totals)).numpy()

  def _videos_together(self, num_clips: int) -> int:
    """How many videos make a batch that the memory for `evaluation_batch_size` clips is enough for."""
    return max(1, self._options.evaluation_batch_size // num_clips)
