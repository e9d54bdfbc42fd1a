"""Assignments of clips to clusters, and the pseudo-label arrays made of them."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from xdc_tf import files, graphs, progress
from xdc_tf.clustering.block_passes import Rounds, full_float32
from xdc_tf.clustering.clusters import Clusters, lay_out, nearest_centroids, squared_distances
from xdc_tf.clustering.feature_source import FeatureSource
from xdc_tf.clustering.kmeans import KMeansOptions


def assign(
  source: FeatureSource, clusters: Clusters, options: KMeansOptions, strategy: tf.distribute.Strategy
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
  """Finds the cluster of every clip of any source (training or validation), in the order of the source.

  Args:
    source: what to assign; its own projection gives way to that of the clusters.
    clusters: a fit's result.
    options: block_size is used.
    strategy: its replicas share the work. All workers must call this together and walk through all of it; each receives everything.

  Yields:
    index int64 [n]; assignments int32 [n]; squared_distances float32 [n].

  Raises:
    ValueError: when the source does not fit the clusters.
  """
  source = source.with_projection(clusters.projection)
  _check(source, clusters)

  def nearest(block, centroids, columns, offsets):
    parts, _ = block
    features = source.prepare(parts)
    assignments = nearest_centroids(features, columns, offsets)
    return assignments, squared_distances(features, centroids, assignments)

  @graphs.compiled
  def step(block, *laid_out):
    # In the graph: outside of it, a strategy's gather traces anew at every call.
    return [strategy.gather(values, axis=0) for values in strategy.run(nearest, args=(block, *laid_out))]

  laid_out = lay_out(tf.constant(clusters.centroids))
  for current in Rounds(source, options.block_size, strategy):
    with full_float32():
      assignments, distances = [values.numpy() for values in step(current.blocks, *laid_out)]
    # Only the round's last blocks can be padded, so that its clips come first.
    num_clips = len(current.index)
    yield current.index, assignments[:num_clips], distances[:num_clips]


@dataclasses.dataclass(frozen=True)
class PseudoLabels:
  """The clusters of all clips of a split, by the clip's index.

  Attributes:
    labels: int32 [num_rows], -1 where a clip has no feature.
    distances: float32 [num_rows], squared distance to the centroid; nan where a clip has no feature.
  """

  labels: np.ndarray
  distances: np.ndarray

  def save(self, directory: str) -> None:
    """Writes pseudo_labels.npy and distances.npy, each atomically."""
    for name, array in (('distances', self.distances), ('pseudo_labels', self.labels)):
      files.write_array(f'{directory}/{name}.npy', array)

  @classmethod
  def load(cls, directory: str, num_rows: int) -> 'PseudoLabels':
    """Reads what `save` wrote.

    Args:
      directory: the directory of the two files.
      num_rows: rows of the manifest's split.

    Raises:
      ValueError: when the arrays have another length.
    """
    arrays = []
    for name in ('pseudo_labels', 'distances'):
      path = f'{directory}/{name}.npy'
      arrays.append(files.read_array(path))
      if len(arrays[-1]) != num_rows:
        raise ValueError(
          f'{path} holds {len(arrays[-1])} values but {num_rows} were expected, one for each row of the manifest. It probably '
          'changed after clustering: start a new run folder, or restore the old manifest.'
        )
    return cls(*arrays)


def pseudo_labels(
  source: FeatureSource, num_rows: int, clusters: Clusters, options: KMeansOptions, strategy: tf.distribute.Strategy
) -> PseudoLabels:
  """Assigns all clips and lays the result out by index: 8 bytes of memory per row.

  Args:
    source: see assign.
    num_rows: rows of the manifest's split; every index is below.
    clusters: see assign.
    options: see assign.
    strategy: see assign.

  Raises:
    ValueError: when an index is not in the manifest, or the source does not fit the clusters.
  """
  result = PseudoLabels(np.full(num_rows, -1, np.int32), np.full(num_rows, np.nan, np.float32))
  with progress.bar(description='assign clips to clusters', total=source.num_clips, unit='clip') as bar:
    for index, assignments, squared in assign(source, clusters, options, strategy):
      unknown = index[(index < 0) | (index >= num_rows)]
      if len(unknown):
        raise ValueError(
          f'{source.stores[0].directory} holds a feature of clip {unknown[0]} but the manifest lists clips 0 to {num_rows - 1}. '
          'The features belong to another manifest: extract them again.'
        )
      result.labels[index] = assignments
      result.distances[index] = squared
      bar.update(len(index))
  return result


def _check(source: FeatureSource, clusters: Clusters) -> None:
  parts_dimension = sum(source.part_dimensions)
  expected = clusters.centroids.shape[1] if clusters.projection is None else len(clusters.projection.mean)
  if parts_dimension != expected or source.l2_normalize != clusters.l2_normalize:
    raise ValueError(
      f'{", ".join(store.directory for store in source.stores)}: features of {parts_dimension} dimensions with '
      f'l2_normalize={source.l2_normalize} do not fit clusters made from {expected} dimensions with '
      f'l2_normalize={clusters.l2_normalize}. Use the features of the same encoders and the same options.'
    )
