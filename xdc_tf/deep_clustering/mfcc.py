"""Hand-crafted features of sound, for the first clusters: the mean and the deviation of MFCCs over time.

The supplement (A, 'Initialization and convergence') names clusters of hand-crafted features as another way to begin, by which fewer
iterations were needed; the paper goes on without them. They say more of a sound than the features of a random encoder do.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from xdc_tf.records import damage, reader
from xdc_tf.records.inputs import AudioInput
from xdc_tf.records.schema import Records

NUM_COEFFICIENTS = 13
DIMENSION = 2 * NUM_COEFFICIENTS


def statistics(clips: tf.Tensor) -> tf.Tensor:
  """Describes sounds by their timbre; neither their order in time nor their loudness matters.

  Args:
    clips: float32 [n, 40, P, 1], log-mel as an audio encoder is fed.

  Returns:
    float32 [n, 26]: the means over time of the MFCCs 1 to 13, then their standard deviations.
  """
  frames = tf.transpose(clips[..., 0], [0, 2, 1])
  # The one before the first is the loudness.
  coefficients = tf.signal.mfccs_from_log_mel_spectrograms(frames)[..., 1 : NUM_COEFFICIENTS + 1]
  return tf.concat([tf.reduce_mean(coefficients, axis=1), tf.math.reduce_std(coefficients, axis=1)], axis=1)


def batches(
  records: Records, split: str, inputs: AudioInput, shards: Sequence[int], num_clips: int, batch_size: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
  """Yields (index int64 [b], features float32 [b, 26]) of whole shards in record order, as Inference.embed does.

  Args:
    records: the data set.
    split: which split.
    inputs: how the audio encoder is fed.
    shards: numbers of the split's shards.
    num_clips: clips at uniform distances over every span, whose features are averaged; 1: its centre.
    batch_size: clips at a time.
  """
  data = reader.evaluation_dataset(records, split, inputs, max(1, batch_size // num_clips), num_clips, shards=shards)
  with damage.named(records, split):
    for batch in data:
      features = statistics(tf.reshape(batch['input'], [-1, *inputs.shape])).numpy()
      yield batch['index'].numpy(), features.reshape([-1, num_clips, DIMENSION]).mean(axis=1)
