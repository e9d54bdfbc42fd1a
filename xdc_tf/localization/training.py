"""Training G-TAD on the windows of the annotated videos. A checkpoint an epoch: an interrupted training goes on from there."""

import dataclasses
from collections.abc import Iterable, Mapping

import keras
import numpy as np
import tensorflow as tf

from xdc_tf import compat, graphs, progress
from xdc_tf.localization import losses, targets, windows
from xdc_tf.localization.network import GTADNetwork
from xdc_tf.localization.options import Localization, SnippetWindows
from xdc_tf.localization.windows import Track
from xdc_tf.training import checkpoints
from xdc_tf.training.finite import DivergedError
from xdc_tf.training.metrics_log import MetricsLog
from xdc_tf.training.seeds import derive_seed

LOSSES = ('start', 'end', 'classification', 'regression')


@dataclasses.dataclass(frozen=True)
class Example:
  """A window to learn from.

  Attributes:
    track: that it is cut from.
    start: its first snippet.
    actions: float64 [n, 2], n at least 1: start and end of the actions in it, in snippets from its start.
  """

  track: Track
  start: int
  actions: np.ndarray

  def load(self, config: SnippetWindows) -> tuple[np.ndarray, ...]:
    """Returns features [T, d], overlaps [D, T], starts [T] and ends [T], float32; see targets.py."""
    return (
      windows.cut(self.track.features, self.start, config.length),
      targets.overlap_map(self.actions, config.length, config.max_duration),
      targets.boundary_scores(self.actions[:, 0], config.length),
      targets.boundary_scores(self.actions[:, 1], config.length),
    )


def examples(tracks: Iterable[Track], actions: Mapping[str, np.ndarray], config: SnippetWindows) -> list[Example]:
  """Returns the windows that hold an action whole, or nearly (SnippetWindows.min_inside).

  Args:
    tracks: the tracks of the training videos.
    actions: the actions of each video, float [n, 2]: start and end in seconds.
    config: how windows are cut.

  Raises:
    ValueError: when there is none.
  """
  with_actions = []
  for track in tracks:
    in_track = track.to_snippets(actions.get(track.video, np.zeros([0, 2])))
    for start in windows.starts(len(track.features), config.length, config.stride):
      inside, share = windows.actions_inside(in_track, start, config.length)
      if share.max(initial=0) > config.min_inside:
        with_actions.append(Example(track, start, inside))
  if not with_actions:
    raise ValueError(
      f'No window of {config.length} snippets holds more than {config.min_inside} of an annotated action: there is nothing to '
      'train on. Are the annotations those of these videos, and is SnippetWindows.length long enough?'
    )
  return with_actions


class Trainer:
  """One network, its optimizer and its training step."""

  def __init__(self, config: Localization, feature_dimension: int):
    """Makes the network; see `train`."""
    self.config = config
    self.network = GTADNetwork(feature_dimension, config.windows, config.network, derive_seed(config.seed, 'weights'))
    self._mask = tf.constant(targets.proposal_mask(config.windows.length, config.windows.max_duration))
    self._optimizer = keras.optimizers.Adam(learning_rate=config.learning_rate, epsilon=1e-8)  # PyTorch's epsilon.
    compat.build_optimizer(self._optimizer, self.network.trainable_variables)
    self._done = tf.Variable(0, dtype=tf.int64, trainable=False, name='epochs_done')
    window = tf.TensorSpec([None, config.windows.length], tf.float32)
    maps = tf.TensorSpec([None, config.windows.max_duration, config.windows.length], tf.float32)
    features = tf.TensorSpec([None, config.windows.length, feature_dimension], tf.float32)
    specs = (features, maps, window, window, tf.TensorSpec([], tf.float32), tf.TensorSpec([2], tf.int32))
    self._train_step = graphs.compiled(self._step, input_signature=specs)

  def train(self, folder: str, examples: list[Example]) -> None:
    """Trains all epochs, or those that are missing, and writes weights and metrics.csv to a folder.

    Raises:
      DivergedError: when a loss is not finite; the checkpoint before is kept.
    """
    checkpoint = checkpoints.TrainingCheckpoint(folder, model=self.network, optimizer=self._optimizer, done=self._done)
    checkpoint.restore()
    log = MetricsLog(folder, first_epoch=int(self._done))
    for epoch in range(int(self._done), self.config.epochs):
      means = self._train_epoch(epoch, examples)
      if not np.isfinite(list(means.values())).all():
        raise DivergedError(
          f'The training of the localisation has diverged: its losses in epoch {epoch + 1} are {means}. Try a lower '
          'Localization.learning_rate in a new folder.'
        )
      log.write(epoch, {'learning_rate': self.config.rate_of(epoch), **means})
      self._done.assign(epoch + 1)
      checkpoint.save(epoch + 1)
    log.close()
    checkpoints.save_weights(self.network, folder)

  def _train_epoch(self, epoch: int, examples: list[Example]) -> dict[str, float]:
    """Sees every window once, in an order that depends on the seed and the epoch alone; returns the mean losses."""
    seed = derive_seed(self.config.seed, 'epoch', epoch)
    order = np.random.default_rng(seed).permutation(len(examples))
    batches = [order[i : i + self.config.batch_size] for i in range(0, len(order), self.config.batch_size)]
    totals = np.zeros(len(LOSSES))
    bar = progress.bar(batches, description=f'train g-tad {epoch + 1}/{self.config.epochs}', unit='step')
    for step, batch in enumerate(bar):
      loaded = map(np.stack, zip(*(examples[i].load(self.config.windows) for i in batch), strict=True))
      values = self._train_step(*loaded, tf.constant(self.config.rate_of(epoch)), tf.constant([seed, step]))
      totals += len(batch) * values.numpy()
    return {f'loss_{name}': float(total) for name, total in zip(LOSSES, totals / len(examples), strict=True)}

  def _step(self, features, overlaps, starts, ends, rate, seed) -> tf.Tensor:
    """One step; returns the losses of LOSSES before their weights, float32 [4]."""
    config, variables = self.config, self.network.trainable_variables
    compat.set_learning_rate(self._optimizer, rate)
    draws = tf.random.stateless_uniform(tf.shape(overlaps), seed)
    with tf.GradientTape() as tape:
      scores = self.network(features)
      parts = tf.stack([
        losses.boundary_loss(scores.start, starts),
        losses.boundary_loss(scores.end, ends),
        losses.classification_loss(scores.classification, overlaps, self._mask),
        losses.regression_loss(scores.regression, overlaps, self._mask, draws),
      ])  # fmt: skip
      loss = tf.tensordot(parts, [1.0, 1.0, config.classification_weight, config.regression_weight], 1)
    gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, variables), config.clip_norm)
    # As PyTorch's Adam does with its weight_decay: L2 of biases too, and not clipped.
    decayed = [g + config.weight_decay * tf.convert_to_tensor(v) for g, v in zip(gradients, variables, strict=True)]
    compat.apply_gradients(self._optimizer, decayed, variables)
    return parts
