"""The state of k-means after a pass: one .npz file, replaced atomically, from which a killed fit goes on to the same bits."""

import dataclasses
import io
import json
import os

import numpy as np
import tensorflow as tf

from xdc_tf import files
from xdc_tf.clustering.preprocessing import Projection
from xdc_tf.files import atomic_write

_FILE = 'kmeans_state.npz'


@dataclasses.dataclass(frozen=True)
class KMeansState:
  """Everything that the next pass depends on.

  Attributes:
    centroids: float32 [k, d].
    projection: the whitening PCA, or None.
    inertia: what each finished pass found; its length is the number of passes.
    converged: whether the last pass hardly lowered the inertia.
  """

  centroids: np.ndarray
  projection: Projection | None
  inertia: list[float]
  converged: bool = False

  @property
  def pass_number(self) -> int:
    """How many passes are done."""
    return len(self.inertia)


def save_state(directory: str, state: KMeansState, settings: dict) -> None:
  """Replaces the state in `directory`; `settings` (JSON values) says which fit it belongs to."""
  arrays = {
    'centroids': state.centroids,
    'inertia': np.asarray(state.inertia, np.float64),
    'converged': np.bool_(state.converged),
    'settings': np.array(json.dumps(settings, sort_keys=True)),
  }
  if state.projection is not None:
    arrays |= {'projection_mean': state.projection.mean, 'projection_matrix': state.projection.matrix}
  buffer = io.BytesIO()
  np.savez(buffer, **arrays)  # type: ignore[arg-type]
  with atomic_write(os.path.join(directory, _FILE)) as file:
    file.write(buffer.getvalue())


def load_state(directory: str, settings: dict) -> KMeansState | None:
  """Reads the state of an interrupted or finished fit.

  Args:
    directory: where save_state wrote it.
    settings: must be those it was saved with.

  Returns:
    The state, or None when there is none.

  Raises:
    ValueError: when the state belongs to a fit with other settings.
  """
  path = os.path.join(directory, _FILE)
  if not tf.io.gfile.exists(path):
    return None
  arrays = files.read_arrays(path)
  try:
    written = json.loads(str(arrays['settings']))
    state = arrays['centroids'], arrays['inertia'].tolist(), bool(arrays['converged'])
  except (KeyError, ValueError) as error:
    raise ValueError(f'{path} is not the state of a k-means ({error}): delete it to start over.') from error
  differences = [
    f'{key} was {written.get(key)}, now {settings.get(key)}'
    for key in sorted(written.keys() | settings.keys())
    if written.get(key) != settings.get(key)
  ]
  if differences:
    raise ValueError(
      f'{path} belongs to another fit: {"; ".join(differences)}. Delete it to start over, or restore the settings.'
    )
  projection = None
  if 'projection_mean' in arrays:
    projection = Projection(arrays['projection_mean'], arrays['projection_matrix'])
  centroids, inertia, converged = state
  return KMeansState(centroids, projection, inertia, converged)
