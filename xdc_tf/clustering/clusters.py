"""The result of k-means: centroids, and what is done to features before they are compared with them."""

import dataclasses
from collections.abc import Sequence

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
  projection: Projection | None = None
  inertia: Sequence[float] = ()
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


def lay_out(centroids: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
  """Returns centroids float32 [k, d], and the columns and offsets that `nearest_centroids` wants of them."""
  return centroids, tf.transpose(centroids), -0.5 * tf.reduce_sum(tf.square(centroids), axis=1)


def nearest_centroids(features: tf.Tensor, columns: tf.Tensor, offsets: tf.Tensor) -> tf.Tensor:
  """Assigns every feature to its closest centroid.

  Args:
    features: float32 [n, d].
    columns: float32 [d, k], the centroids transposed. Laid out beforehand: a product that transposes takes a quarter longer.
    offsets: float32 [k], minus half the squared lengths of the centroids.

  Returns:
    int32 [n], the lowest number among equals.
  """
  # -||x - c||^2 / 2 without ||x||^2, which is the same for all centroids.
  scores = tf.nn.bias_add(tf.matmul(features, columns), offsets)
  return tf.argmax(scores, axis=1, output_type=tf.int32)


def squared_distances(features: tf.Tensor, centroids: tf.Tensor, assignments: tf.Tensor) -> tf.Tensor:
  """Returns float32 [n], the squared distance of each feature [n, d] to the centroid [k, d] that it is assigned to (int32 [n])."""
  # Computed from the differences: ||x||^2 and a matrix product would lose their digits to cancellation in tight clusters.
  return tf.reduce_sum(tf.math.squared_difference(features, tf.gather(centroids, assignments)), axis=1)
