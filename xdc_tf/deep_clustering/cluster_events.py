"""What TensorBoard shows of the clusterings over the iterations: their sizes as histograms, their measures as curves."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from xdc_tf.clustering import metrics
from xdc_tf.training.event_files import write_step


def write_events(
  folder: str, iteration: int, report: Mapping[str, Any], train_labels: Mapping[str, np.ndarray]
) -> None:
  """Writes one iteration; the step is its number.

  FOLDER/NAME, a clustering, has the histogram `cluster_sizes` (clips in a cluster) and a curve for every number in its
  metrics.json; FOLDER itself has how far every two clusterings agree.

  Args:
    folder: the folder of all iterations.
    iteration: its number.
    report: what is in the iteration's metrics.json.
    train_labels: int32 [num_rows], the clusters of the training clips, by clustering.
  """
  name = f'iteration-{iteration:02d}'
  for clustering, numbers in report['clusterings'].items():
    sizes = metrics.cluster_sizes(train_labels[clustering], numbers['num_clusters'])
    write_step(os.path.join(folder, clustering), name, iteration, numbers, {'cluster_sizes': sizes})
  agreement = {
    f'{split}_nmi_between/{pair}': value
    for split in ('train', 'validation')
    for pair, value in report[f'{split}_nmi_between'].items()
  }
  write_step(folder, name, iteration, agreement, {})
