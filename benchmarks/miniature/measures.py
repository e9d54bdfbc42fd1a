"""What an encoder's features of labelled clips are worth, without training the encoder any further."""

import dataclasses

import numpy as np
from sklearn.cluster import KMeans

from xdc_tf.clustering import metrics
from xdc_tf.evaluation.linear_probe import linear_probe
from xdc_tf.records.human_labels import first_labels
from xdc_tf.training.trainer import EncoderTrainer


@dataclasses.dataclass(frozen=True)
class LabelledFeatures:
  """Features and labels of the clips of one split.

  Attributes:
    features: float32 [n, d].
    labels: int32 [n].
    index: int64 [n], the clips' numbers in their split.
  """

  features: np.ndarray
  labels: np.ndarray
  index: np.ndarray


def embed_split(trainer: EncoderTrainer, split: str, num_clips: int) -> LabelledFeatures:
  """Embeds every span of a split as pretraining does: the mean of `num_clips` clips."""
  parts = list(trainer.inference.embed(split, list(range(len(trainer.records.shard_lengths[split]))), num_clips))
  index = np.concatenate([index for index, _ in parts])
  features = np.concatenate([features for _, features in parts])
  return LabelledFeatures(features, first_labels(trainer.records, split)[index], index)


def measure(
  train: LabelledFeatures, test: LabelledFeatures, few: np.ndarray, num_clusters: int, seed: int
) -> dict[str, float]:
  """Measures frozen features on the test clips.

  Args:
    train: what the probes learn from.
    test: what everything is measured on.
    few: bool [rows of the training split], the few labelled clips.
    num_clusters: k of the k-means over the test features, l2-normalised as in pretraining.
    seed: the seed of that k-means.

  Returns:
    {'probe', 'probe_few'}: accuracy of a linear classifier; {'nmi', 'purity'} of the clusters with respect to the labels.
  """
  few = few[train.index]
  unit = test.features / np.maximum(np.linalg.norm(test.features, axis=1, keepdims=True), 1e-12)
  clusters = KMeans(num_clusters, n_init=4, random_state=seed).fit_predict(unit).astype(np.int32)
  return {
    'probe': linear_probe(train.features, train.labels, test.features, test.labels),
    'probe_few': linear_probe(train.features[few], train.labels[few], test.features, test.labels),
    'nmi': metrics.normalized_mutual_information(clusters, test.labels),
    'purity': metrics.purity(clusters, test.labels),
  }
