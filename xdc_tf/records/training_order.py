"""The order in which training reads records: an endless stream that is a function of position.

A restart at any clip gives what an undisturbed run would have got:

- Pass q of pipeline p (of P) reads the shards whose number modulo P is (p + q) % P. In every pass the pipelines share out the
  data, and after P passes each of them has seen all of it.
- The order of the shards depends on (seed, pass). They are read in groups, one record of each shard in turn.
- Records are shuffled in windows; the order within a window depends on (seed, pass, window).

Memory: the lengths and names of the shards, and about three windows, however many clips there are.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from xdc_tf.records import positions

# One for each kind of draw, so that no two kinds share random numbers.
SHARD_ORDER, RECORD_ORDER, CLIP = range(3)


@dataclasses.dataclass(frozen=True)
class TrainingOrder:
  """The endless order of one pipeline.

  Attributes:
    paths: strings [S], the shards that hold clips.
    lengths: int64 [S], records in each; with `keep`, those that are kept.
    seed: the seed of the order.
    pipeline: p.
    num_pipelines: P.
    window: records shuffled at a time.
    shards_together: shards of a group, read in turn.
    keep: bool [rows] by a record's index: the others are skipped as if they were not there; None: all are kept.
  """

  paths: np.ndarray
  lengths: np.ndarray
  seed: int
  pipeline: int
  num_pipelines: int
  window: int
  shards_together: int
  keep: tf.Tensor | None = None

  def locate(self, clip: int) -> tuple[int, int]:
    """Returns (pass, position in it) of the pipeline's clip number `clip`, without walking through what is before it."""
    part_lengths = [int(self.lengths[part :: self.num_pipelines].sum()) for part in range(self.num_pipelines)]
    # P passes read every part once, whatever their lengths.
    cycles, position = divmod(clip, sum(part_lengths))
    pass_number = cycles * self.num_pipelines
    while position >= (length := part_lengths[(self.pipeline + pass_number) % self.num_pipelines]):
      position -= length
      pass_number += 1
    return pass_number, position

  def clips(self, sample, first_pass: int, position: int) -> tf.data.Dataset:
    """Returns the stream of `sample(record, seed)` from `position` of pass `first_pass` on.

    Args:
      sample: a function of where a record lies (path string [], changed int64 [], index int64 [], frames int64 [T, 2] and log_mel
        int64 [2], as positions.py has them) and of a seed int64 [2] that depends on it and on the pass; to a dictionary of tensors
        with 'index'.
      first_pass: see locate.
      position: see locate.
    """
    # Tensors made here are captured once; made within the function below, they would be copied into its graph.
    paths, lengths = tf.constant(self.paths), tf.constant(self.lengths)

    def windows_of_pass(pass_number: tf.Tensor) -> tf.data.Dataset:
      first_window = tf.where(pass_number == first_pass, tf.constant(position // self.window, tf.int64), 0)
      part = tf.range((self.pipeline + pass_number) % self.num_pipelines, len(self.lengths), self.num_pipelines)
      shards = tf.random.experimental.stateless_shuffle(part, seed_for(self.seed, SHARD_ORDER, pass_number))
      return self._windows(tf.gather(paths, shards), tf.gather(lengths, shards), sample, pass_number, first_window)

    dataset = tf.data.Dataset.range(first_pass, tf.int64.max).flat_map(windows_of_pass)
    # The next window is read while this one is decoded.
    return dataset.prefetch(1).unbatch().skip(position % self.window)

  def _windows(self, paths, lengths, sample, pass_number: tf.Tensor, first_window: tf.Tensor) -> tf.data.Dataset:
    """The windows of a pass over the shards `paths`, each a shuffled batch; the last may be smaller."""
    starts = tf.cumsum(lengths, exclusive=True)
    start = first_window * self.window
    shard = tf.searchsorted(starts, [start], side='right', out_type=tf.int64)[0] - 1
    first_shard = shard // self.shards_together * self.shards_together  # Whole groups before it are not opened.
    clip_seed = seed_for(self.seed, CLIP, pass_number)

    def read_shard(path: tf.Tensor, length: tf.Tensor) -> tf.data.Dataset:
      changed, index, first_frame, frames, log_mel = _positions(path)
      rows = tf.range(tf.size(index, tf.int64))
      if self.keep is not None:
        rows = tf.boolean_mask(rows, tf.gather(self.keep, index))

      whole = tf.debugging.assert_equal(
        tf.size(rows, tf.int64), length, 'A shard holds other records than were written.'
      )
      with tf.control_dependencies([whole]):
        rows = tf.identity(rows)

      def locate(row: tf.Tensor) -> dict[str, tf.Tensor]:
        frames_of_row = frames[first_frame[row] : first_frame[row + 1]]
        record = {'index': index[row], 'frames': frames_of_row, 'log_mel': log_mel[row]}
        return sample({'path': path, 'changed': changed, **record}, fold_in(clip_seed, index[row]))

      return tf.data.Dataset.from_tensor_slices(rows).map(locate)

    def read_group(paths: tf.Tensor, lengths: tf.Tensor) -> tf.data.Dataset:
      return tf.data.Dataset.from_tensor_slices((paths, lengths)).interleave(
        read_shard, self.shards_together, block_length=1, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
      )

    def shuffle(window: tf.Tensor, clips: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
      seed = seed_for(self.seed, RECORD_ORDER, pass_number, window)
      new_order = tf.random.experimental.stateless_shuffle(tf.range(tf.size(clips['index'])), seed)
      return tf.nest.map_structure(lambda column: tf.gather(column, new_order), clips)

    groups = tf.data.Dataset.from_tensor_slices((paths[first_shard:], lengths[first_shard:])).batch(
      self.shards_together
    )
    clips = groups.flat_map(read_group).skip(start - starts[first_shard])
    return clips.batch(self.window).enumerate(first_window).map(shuffle)


def _positions(path: tf.Tensor) -> tuple[tf.Tensor, ...]:
  """positions.changed_at and .of_shard in the graph."""

  def arrays_of(path: bytes) -> tuple[np.ndarray, ...]:
    # First: a shard that is replaced now is noticed by its first clip.
    changed = np.array(positions.changed_at(path.decode()), np.int64)
    of_shard = positions.of_shard(path.decode())
    return changed, of_shard.index, of_shard.first_frame, of_shard.frames, of_shard.log_mel

  arrays = tf.numpy_function(arrays_of, [path], [tf.int64] * 5)
  return tuple(
    tf.ensure_shape(a, shape) for a, shape in zip(arrays, ([], [None], [None], [None, 2], [None, 2]), strict=True)
  )


def seed_for(seed: int, purpose: int, *numbers: tf.Tensor) -> tf.Tensor:
  """Returns int64 [2], a seed for stateless draws that depends on all arguments."""
  folded = tf.constant([seed, purpose], tf.int64)
  for number in numbers:
    folded = fold_in(folded, number)
  return folded


def fold_in(seed: tf.Tensor, number: tf.Tensor | int) -> tf.Tensor:
  """Returns another seed, int64 [2], that depends on `seed` (int64 [2]) and a whole number."""
  return tf.random.fold_in(seed, tf.cast(number, tf.int64))
