"""What is said of predictions: top-1, top-5, per-class accuracy, confusion matrix; with several labels, average precision."""

import numpy as np
from sklearn.metrics import average_precision_score

from xdc_tf.training.finite import check_finite


def measure(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, object]:
  """Measures predictions of one label a video.

  Args:
    probabilities: float [n, classes], one row a video.
    labels: int [n].

  Returns:
    'top1' and 'top5' (shares of the videos, 0 to 1; ties count for the class with the lower number), 'per_class' (the share of each
    class's videos that are right, None for a class without videos), 'confusion' (int [classes, classes] as lists: row the label,
    column the prediction).

  Raises:
    ValueError: without a video, or with one that has no label; DivergedError when a probability is not finite.
  """
  if not len(labels):
    raise ValueError('There is no video to measure on.')
  if np.min(labels) < 0:
    raise ValueError('A video without a label (-1) cannot be measured on; it would count as one of the last class.')
  check_finite('probabilities', probabilities)
  ranked = np.argsort(-probabilities, axis=1, kind='stable')
  num_classes = probabilities.shape[1]
  confusion = np.zeros([num_classes, num_classes], np.int64)
  np.add.at(confusion, (labels, ranked[:, 0]), 1)
  videos = confusion.sum(axis=1)
  return {
    'top1': float(np.mean(ranked[:, 0] == labels)),
    'top5': float(np.mean((ranked[:, :5] == labels[:, None]).any(axis=1))),
    'per_class': [float(hit / n) if n else None for hit, n in zip(np.diag(confusion), videos, strict=True)],
    'confusion': confusion.tolist(),
  }


def measure_several(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, object]:
  """Measures predictions where a video may have several labels.

  Args:
    probabilities: float [n, classes].
    labels: bool [n, classes].

  Returns:
    'top1' (the share of the videos whose most probable class is one of their labels) and 'map' (mean over the classes that occur of
    scikit-learn's average precision).

  Raises:
    ValueError: when no video has a label; DivergedError when a probability is not finite.
  """
  if not labels.any():
    raise ValueError('No video to measure on has a label.')
  check_finite('probabilities', probabilities)
  present = labels.any(axis=0)
  best = probabilities.argmax(axis=1)
  return {
    'top1': float(np.mean(labels[np.arange(len(labels)), best])),
    'map': float(
      np.mean([average_precision_score(labels[:, c], probabilities[:, c]) for c in np.flatnonzero(present)])
    ),
  }
