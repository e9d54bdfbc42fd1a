"""The stages of one iteration. Each fills a folder that it is given, and goes on from what an interrupted run left in it."""

import itertools
import os
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf
from absl import logging

from xdc_tf import files
from xdc_tf.clustering import kmeans, metrics
from xdc_tf.clustering.assignments import PseudoLabels, pseudo_labels
from xdc_tf.clustering.clusters import Clusters
from xdc_tf.clustering.feature_source import FeatureSource
from xdc_tf.clustering.feature_store import FeatureStore
from xdc_tf.deep_clustering import cluster_events, mfcc
from xdc_tf.deep_clustering.feature_files import write_features
from xdc_tf.deep_clustering.methods import ClusteringSpec
from xdc_tf.records.human_labels import first_labels_if_any
from xdc_tf.records.schema import Records
from xdc_tf.runs import layout
from xdc_tf.training import distribution
from xdc_tf.training.schedules import Schedule
from xdc_tf.training.seeds import derive_seed
from xdc_tf.training.targets import Targets
from xdc_tf.training.trainer import EncoderTrainer

SPLITS = ('train', 'validation')


def check_records(records: Records, clusterings: list[ClusteringSpec], num_workers: int = 1) -> None:
  """Checks before anything is computed that the records can be clustered.

  Raises:
    ValueError: when a split is missing or empty, or has fewer shards than there are workers or fewer clips than clusters.
  """
  for split in SPLITS:
    if split not in records.shard_lengths or not records.num_clips(split):
      clips = ', '.join(f'{records.num_clips(name)} in {name}' for name in sorted(records.shard_lengths))
      failed = ', '.join(f'{reason} {count}' for reason, count in records.failed.get(split, {}).items())
      raise ValueError(
        f'{records.directory} has no clips in the split {split!r}{f" (all rows failed: {failed})" if failed else ""}; it has '
        f'{clips}. Pretraining needs train, and validation for early stopping: hold some out with `xdc manifest folder '
        '--validation_fraction`, or name the split of each row in a column `split` of `xdc manifest csv`, and make the clips again.'
      )
  num_shards = sum(length > 0 for length in records.shard_lengths['train'])
  if num_shards < num_workers:
    raise ValueError(
      f'{records.directory} has {num_shards} shards with training clips for {num_workers} workers, and each needs its own. Make '
      'the clips again with a smaller --clips_per_shard, or use fewer workers.'
    )
  for clustering in clusterings:
    if clustering.num_clusters > records.num_clips('train'):
      raise ValueError(
        f'The clustering {clustering.name!r} wants {clustering.num_clusters} clusters of {records.num_clips("train")} clips in '
        f'{records.directory}. Give fewer clusters or more videos.'
      )


def save_initial_weights(folder: str, trainer: EncoderTrainer) -> None:
  """Writes the weights that the very first features are taken with."""
  trainer.set_batchnorm_statistics()
  trainer.save(folder)


def extract_features(folder: str, trainer: EncoderTrainer, num_clips: int) -> None:
  """Writes the features F = {E(x)} of every span of both splits, a file a shard; shards that are there stay (Section 3.2).

  Args:
    folder: the folder of this stage.
    trainer: the trainer of the encoder.
    num_clips: see Pretraining.feature_clips.
  """

  def batches(split: str, shards: list[int]) -> Iterator:
    return trainer.inference.embed(split, shards, num_clips)

  _write(folder, trainer, batches, trainer.encoder.feature_dimension)


def extract_mfcc(folder: str, trainer: EncoderTrainer, num_clips: int) -> None:
  """Writes what mfcc.py makes of every span in place of an audio encoder's features; arguments as of extract_features."""

  def batches(split: str, shards: list[int]) -> Iterator:
    batch_size = trainer.options.evaluation_batch_size
    return mfcc.batches(trainer.records, split, trainer.inputs, shards, num_clips, batch_size)

  _write(folder, trainer, batches, mfcc.DIMENSION)


def _write(
  folder: str, trainer: EncoderTrainer, batches_of: Callable[[str, list[int]], Iterator], dimension: int
) -> None:
  worker, workers = distribution.worker_index(trainer.strategy), distribution.num_workers(trainer.strategy)
  what = f'features {trainer.name}'
  write_features(folder, trainer.records, SPLITS, batches_of, dimension, what, worker, workers)


def cluster_features(
  folder: str,
  feature_folders: list[str],
  dimensions: list[int],
  clustering: ClusteringSpec,
  records: Records,
  options: kmeans.KMeansOptions,
  strategy: tf.distribute.Strategy,
  seed: int,
  previous: str | None,
) -> None:
  """Clusters the training features and assigns the clips of both splits to the centroids.

  Writes the centroids, pseudo_labels.npy and distances.npy of each split (folder SPLIT/) and metrics.json.

  Args:
    folder: the folder of this stage.
    feature_folders: one per source of the clustering.
    dimensions: how many numbers the features of each source have.
    clustering: what to cluster.
    records: the data set.
    options: the options of k-means.
    strategy: the distribution strategy.
    seed: the seed of the initial centroids.
    previous: the folder of the same clustering one iteration earlier, to report the change; None in the first.

  Raises:
    ValueError: when a folder holds other features, such as those of another encoder that were put there.
  """
  for feature_folder, expected in zip(feature_folders, dimensions, strict=True):
    dimension = FeatureStore(feature_folder, 'train').dimension
    if dimension != expected:
      raise ValueError(
        f'{feature_folder} holds features of {dimension} numbers; expected {expected}. They were made otherwise than this '
        'configuration says: delete the folder, and they are made anew.'
      )

  sources = {
    split: FeatureSource([FeatureStore(f, split) for f in feature_folders], options.l2_normalize) for split in SPLITS
  }
  clusters = kmeans.fit(sources['train'], clustering.num_clusters, options, seed, strategy, folder)
  assignments = {
    split: pseudo_labels(sources[split], records.num_rows(split), clusters, options, strategy) for split in SPLITS
  }
  if distribution.worker_index(strategy) == 0:
    clusters.save(folder)
    for split in SPLITS:
      assignments[split].save(os.path.join(folder, split))
    report = _clustering_metrics(assignments['train'], clusters, records, previous)
    warning = metrics.collapse_warning(clustering.name, assignments['train'].labels, clusters.num_clusters)
    if warning:
      logging.warning(warning)
      report['warning'] = warning
    files.write_json(os.path.join(folder, layout.METRICS_FILE), report)


def _clustering_metrics(
  pseudo_labels: PseudoLabels, clusters: Clusters, records: Records, previous: str | None
) -> dict:
  labels = pseudo_labels.labels
  sizes = metrics.cluster_sizes(labels, clusters.num_clusters)
  report = {
    'num_clusters': clusters.num_clusters,
    'num_clips': int(sizes.sum()),
    'smallest_cluster': int(sizes.min()),
    'largest_cluster': int(sizes.max()),
    'empty_clusters': int((sizes == 0).sum()),
    'passes': len(clusters.inertia),
    'mean_squared_distance': float(np.nanmean(pseudo_labels.distances)),
  }
  if previous:
    before = PseudoLabels.load(os.path.join(previous, 'train'), records.num_rows('train')).labels
    report['nmi_with_previous_iteration'] = metrics.normalized_mutual_information(labels, before)
    report['changed_since_previous_iteration'] = 1 - metrics.agreement(labels, before)
  human = first_labels_if_any(records, 'train')
  if human is not None:
    report['purity'] = metrics.purity(labels, human)
    report['nmi_with_labels'] = metrics.normalized_mutual_information(labels, human)
  return report


def compare_clusterings(
  folder: str,
  cluster_folders: dict[str, str],
  records: Records,
  strategy: tf.distribute.Strategy,
  events_folder: str,
  iteration: int,
) -> None:
  """Collects the metrics of an iteration, with the agreement (NMI) of every two clusterings, in metrics.json and for TensorBoard.

  Args:
    folder: the folder of this stage.
    cluster_folders: the folder of each clustering by its name.
    records: the data set.
    strategy: the distribution strategy; only the chief compares.
    events_folder: the folder of cluster_events.write_events, for all iterations.
    iteration: its number.
  """
  if distribution.worker_index(strategy):
    return
  report = {
    'clusterings': {name: files.read_json(os.path.join(f, layout.METRICS_FILE)) for name, f in cluster_folders.items()}
  }
  names = sorted(cluster_folders)
  labels = {
    split: {n: PseudoLabels.load(f'{cluster_folders[n]}/{split}', records.num_rows(split)).labels for n in names}
    for split in SPLITS
  }
  for split, of_split in labels.items():
    report[f'{split}_nmi_between'] = {
      f'{a}-{b}': metrics.normalized_mutual_information(of_split[a], of_split[b])
      for a, b in itertools.combinations(names, 2)
    }
  cluster_events.write_events(events_folder, iteration, report, labels['train'])
  files.write_json(os.path.join(folder, layout.METRICS_FILE), report)


def train_encoder(
  folder: str,
  trainer: EncoderTrainer,
  clusterings: list[ClusteringSpec],
  cluster_folders: dict[str, str],
  schedule: Schedule,
  seed: int,
) -> None:
  """Trains one encoder to predict the clusterings that teach it; its heads are new.

  Args:
    folder: the folder of this stage.
    trainer: the trainer of the encoder.
    clusterings: that teach it.
    cluster_folders: the folder of each clustering's pseudo-labels by its name.
    schedule: how long and how fast.
    seed: the seed of this stage.
  """

  def pseudo_labels_of(clustering: ClusteringSpec, split: str) -> np.ndarray:
    folder = os.path.join(cluster_folders[clustering.name], split)
    labels = PseudoLabels.load(folder, trainer.records.num_rows(split)).labels
    return shuffled(labels, derive_seed(seed, clustering.name, split)) if clustering.shuffled else labels

  def targets(split: str) -> Targets:
    return Targets(split, {c.name: pseudo_labels_of(c, split) for c in clusterings})

  trainer.train(folder, targets('train'), targets('validation'), schedule, seed)


def shuffled(labels: np.ndarray, seed: int) -> np.ndarray:
  """Deals the pseudo-labels to other clips at random; clips without one (-1) stay without."""
  dealt, present = labels.copy(), labels >= 0
  dealt[present] = np.random.default_rng(seed).permutation(labels[present])
  return dealt
