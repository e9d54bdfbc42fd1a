"""Hand-crafted features of sound, for the first clusters: MFCCs and how they change, where the sound is loud.

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
DIMENSION = 4 * NUM_COEFFICIENTS
# A coefficient changes from frame to frame by about a tenth of what it differs between sounds: so both weigh alike in a distance.
_DELTA_WEIGHT = 10.0


def statistics(log_mel: tf.Tensor) -> tf.Tensor:
  """Describes sounds by their timbre and how it changes. Frames weigh by their energy: a pause, or noise around it, says little.

  Args:
    log_mel: float32 [n, 40, P, 1], natural logarithms; what is added to a whole clip makes no difference. So a gain makes none, but
      for the small number that keeps the logarithm of silence finite.

  Returns:
    float32 [n, 52]: the means over time of the MFCCs 1 to 13 and of ten times their slopes, then the standard deviations likewise.
  """
  frames = tf.transpose(log_mel[..., 0], [0, 2, 1])
  # The one before the first is the loudness.
  coefficients = tf.signal.mfccs_from_log_mel_spectrograms(frames)[..., 1 : NUM_COEFFICIENTS + 1]
  values = tf.concat([coefficients, _DELTA_WEIGHT * _slopes(coefficients)], axis=-1)
  weights = tf.nn.softmax(tf.reduce_logsumexp(frames, axis=-1, keepdims=True), axis=1)
  means, variances = tf.nn.weighted_moments(values, [1], weights)
  return tf.concat([means, tf.sqrt(variances)], axis=-1)


def _slopes(values: tf.Tensor) -> tf.Tensor:
  """The slopes of lines through each frame, two before it and two after it; the ends are repeated. [n, P, d] to the same."""
  first, last = values[:, :1], values[:, -1:]
  padded = tf.concat([first, first, values, last, last], axis=1)
  length = tf.shape(values)[1]
  shifted = [padded[:, start : start + length] for start in range(5)]
  return (2 * (shifted[4] - shifted[0]) + shifted[3] - shifted[1]) / 10


def batches(
  records: Records, split: str, inputs: AudioInput, shards: Sequence[int], num_clips: int, batch_size: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
  """Yields (index int64 [b], features float32 [b, 52]) of whole shards in record order, as Inference.embed does.

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
      # Encoders are fed log-mel less a mean, which makes no difference here, over a deviation, which does.
      features = statistics(tf.reshape(batch['input'], [-1, *inputs.shape]) * inputs.std).numpy()
      yield batch['index'].numpy(), features.reshape([-1, num_clips, DIMENSION]).mean(axis=1)
