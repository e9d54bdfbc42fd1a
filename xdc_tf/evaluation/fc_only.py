"""Learning fc-only: a linear layer on frozen features (Section 4.2, Study 5), which are taken once and not once an epoch."""

import numpy as np

from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.schedules import Schedule


def train(
  features: np.ndarray, labels: np.ndarray, num_classes: int, schedule: Schedule, options: TrainingOptions, seed: int
) -> tuple[np.ndarray, np.ndarray]:
  """Trains a fully-connected layer by SGD with momentum on softmax cross-entropy, as the trainer of whole encoders does.

  Each pass takes every video once, in a new random order, and one of its clips at random.

  Args:
    features: float32 [n, clips, d] of the training videos.
    labels: int [n].
    num_classes: columns of the layer.
    schedule: Table 11; the rate is one replica's.
    options: momentum, nesterov and head_deviation are used.
    seed: the seed of the layer, the order and the choice of clips.

  Returns:
    kernel float32 [d, num_classes] and bias float32 [num_classes].

  Raises:
    ValueError: when there are no features.
  """
  random = np.random.default_rng(seed)
  weights = [
    random.normal(0, options.head_deviation, [features.shape[2], num_classes]).astype(np.float32),
    np.zeros(num_classes, np.float32),
  ]
  velocities = [np.zeros_like(weight) for weight in weights]
  steps = schedule.steps_per_epoch(1)
  if not len(labels):
    raise ValueError('There is no clip to train on. Expected features of one at least.')
  batches = _batches(random, features.shape[0], features.shape[1], schedule.batch_size)
  for step in range(schedule.total_epochs * steps):
    video, clip = next(batches)
    gradients = _gradients(features[video, clip], labels[video], *weights)
    gradients[0] += schedule.weight_decay * weights[0]  # On the kernel alone, as in the trainer.
    rate = schedule.learning_rate(step // steps + step % steps / steps, 1)
    for weight, velocity, gradient in zip(weights, velocities, gradients, strict=True):
      # Keras's order: the rate is inside the velocity.
      velocity *= options.momentum
      velocity -= rate * gradient
      weight += options.momentum * velocity - rate * gradient if options.nesterov else velocity
  return weights[0], weights[1]


def predict(features: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
  """Returns the mean over clips of the softmax: float32 [n, clips, d] -> float32 [n, classes]."""
  return softmax(features @ kernel + bias).mean(axis=1)


def softmax(logits: np.ndarray) -> np.ndarray:
  """Returns exp(logits) / sum, along the last axis."""
  powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
  return powers / powers.sum(axis=-1, keepdims=True)


def _gradients(x: np.ndarray, labels: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> list[np.ndarray]:
  errors = softmax(x @ kernel + bias)
  errors[np.arange(len(labels)), labels] -= 1
  errors /= len(labels)
  return [x.T @ errors, errors.sum(axis=0)]


def _batches(random: np.random.Generator, num_videos: int, num_clips: int, batch_size: int):
  """Yields (video, clip) numbers, int [batch_size] each, without end; batches run on over the end of a pass."""
  waiting = np.empty(0, np.int64)
  while True:
    while len(waiting) < batch_size:
      waiting = np.concatenate([waiting, random.permutation(num_videos)])
    yield waiting[:batch_size], random.integers(num_clips, size=batch_size)
    waiting = waiting[batch_size:]
