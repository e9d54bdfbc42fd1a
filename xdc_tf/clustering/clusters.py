"""The result of k-means: centroids, and what is done to features before they are compared with them."""

import dataclasses

import numpy as np
import tensorflow as tf

from xdc_tf import files
from xdc_tf.clustering.preprocessing import Projection


@dataclasses.dataclass(frozen=True)
class Clusters:
  """Fitted clusters.

  Attributes:
    centroids: float32 [k, d].
    projection: applied to features before comparing, or None.
    inertia: the sum of squared distances that each pass found, before it moved the centroids.
    l2_normalize: whether features are divided by their length first.
  """

  centroids: np.ndarray
  projection: Projection | None
  inertia: list[float]
  l2_normalize: bool = True

  @property
  def num_clusters(self) -> int:
    """The number of clusters k."""
    return len(self.centroids)

  def save(self, directory: str) -> None:
    """Writes .npy files (no pickle) and, last, clusters.json."""
    arrays = {'centroids': self.centroids, 'inertia': np.asarray(self.inertia, np.float64)}
    if self.projection is not None:
      arrays |= {'projection_mean': self.projection.mean, 'projection_matrix': self.projection.matrix}
    for name, array in arrays.items():
      files.write_array(f'{directory}/{name}.npy', array)
    settings = {'l2_normalize': self.l2_normalize, 'whitened': self.projection is not None}
    files.write_json(f'{directory}/clusters.json', settings | {'num_clusters': self.num_clusters})

  @classmethod
  def load(cls, directory: str) -> 'Clusters':
    """Reads what `save` wrote. Raises FileNotFoundError when the folder holds no finished clustering."""
    settings = files.read_json(f'{directory}/clusters.json')

    def array(name: str) -> np.ndarray:
      return files.read_array(f'{directory}/{name}.npy')

    projection = Projection(array('projection_mean'), array('projection_matrix')) if settings['whitened'] else None
    return cls(array('centroids'), projection, array('inertia').tolist(), settings['l2_normalize'])


def nearest_centroids(features: tf.Tensor, centroids: tf.Tensor, columns: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
  """Assigns every feature to its closest centroid.

  Args:
    features: float32 [n, d].
    centroids: float32 [k, d].
    columns: float32 [d, k], the centroids transposed. Laid out beforehand: a product that transposes takes a quarter longer.

  Returns:
    assignments int32 [n] (the lowest number among equals); squared_distances float32 [n].
  """
  # -||x - c||^2 / 2 without ||x||^2, which is the same for all centroids.
  scores = tf.nn.bias_add(tf.matmul(features, columns), -0.5 * tf.reduce_sum(tf.square(centroids), axis=1))
  assignments = tf.argmax(scores, axis=1, output_type=tf.int32)
  # Computed anew from the differences: ||x||^2 and the score would lose its digits to cancellation in tight clusters.
  squared_distances = tf.reduce_sum(tf.math.squared_difference(features, tf.gather(centroids, assignments)), axis=1)
  return assignments, squared_distances
