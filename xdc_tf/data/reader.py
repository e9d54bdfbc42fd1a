"""Records -> batches: order, skip, sample, decode only what is used, augment, batch.

Training is an endless stream in which everything random is a function of position, so that a restart at any step gives what an
undisturbed run would have got:

- Pass q of pipeline p (of P) reads the shards whose number modulo P is (p + q) % P. In every pass the pipelines share out the
  data, and after P passes each of them has seen all of it.
- The order of the shards depends on (seed, pass). They are read in groups, one record of each shard in turn.
- Records are shuffled in windows; the order within a window depends on (seed, pass, window).
- The clip, its crop and its mirroring depend on (seed, pass, index of the record).

A clip is sampled before it is shuffled, so a window holds the JPEGs of the clips and not of the spans; they are decoded after it.
Memory: the lengths and names of the shards, and about three windows, however many clips there are.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import ClassVar

import gin
import numpy as np
import tensorflow as tf

from xdc_tf import compat
from xdc_tf.data import audio_ops, clip_sampling, label_table, schema, video_ops
from xdc_tf.data.schema import Records

SHUFFLE_WINDOW = 512
SHARDS_TOGETHER = 16
# One for each kind of draw, so that no two kinds share random numbers.
_SHARD_ORDER, _RECORD_ORDER, _CLIP = range(3)
_BUFFER_BYTES = 1 << 20


@gin.configurable
@dataclasses.dataclass(frozen=True)
class VideoInput:
  """What a video encoder sees: float32 [num_frames, crop_size, crop_size, 3] of a clip.

  Attributes:
    num_frames: L (Supplement A: 8, and 32 for the comparison with others).
    crop_size: side of the square in pixels; random in training, the centre in evaluation.
    short_side: frames are scaled to this first; None: as stored. Scaling decodes whole frames, so it is for trials: records for
      long training are better made with the short side that is wanted.
    random_flip: mirror every second clip in training, as VMZ does.
    mean: of red, green and blue on [0, 1]; the authors' numbers.
    std: likewise.
  """

  num_frames: int = 8
  crop_size: int = 224
  short_side: int | None = None
  random_flip: bool = True
  mean: Sequence[float] = (0.43216, 0.394666, 0.37645)
  std: Sequence[float] = (0.22803, 0.22145, 0.216989)

  wanted: ClassVar[dict[str, bool]] = {'want_frames': True, 'want_log_mel': False}

  @property
  def shape(self) -> tuple[int, ...]:
    """The shape of one clip, without batch."""
    return (self.num_frames, self.crop_size, self.crop_size, 3)

  def check(self, records: Records, first: Mapping[str, tf.Tensor]) -> None:
    """Raises a ValueError when the records cannot be read this way; `first` is their first record, parsed."""
    if not first['frames'].shape[0]:
      raise ValueError(
        f'{records.directory} holds no video (its first record has no frames): make_clips wrote sound only.'
      )
    short_side = self.short_side or records.short_side
    if self.crop_size > short_side:
      raise ValueError(
        f'VideoInput.crop_size is {self.crop_size}, but the frames have a short side of {short_side} '
        f'({records.directory} stores {records.short_side}, VideoInput.short_side is {self.short_side}). Set a crop_size of at '
        f'most {short_side}, or a larger short_side.'
      )

  def sample(self, example: Mapping[str, tf.Tensor], records: Records, seed: tf.Tensor) -> tf.Tensor:
    """Returns a random clip of a parsed record: string [L], still JPEG."""
    num_frames = tf.shape(example['frames'])[0]
    start = clip_sampling.random_start(num_frames, self.num_frames, seed)
    return tf.gather(example['frames'], clip_sampling.frame_numbers(start, self.num_frames, num_frames))

  def augment(self, sampled: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Returns the training view, float32 [L, H, W, 3], of what `sample` returned."""
    clip = video_ops.decode_random(sampled, self.crop_size, self.short_side, self.random_flip, seed)
    return tf.ensure_shape(video_ops.normalize(clip, self.mean, self.std), self.shape)

  def views(self, example: Mapping[str, tf.Tensor], records: Records, num_clips: int) -> tf.Tensor:
    """Returns the evaluation views of a parsed record: float32 [num_clips, L, H, W, 3]."""
    num_frames = tf.shape(example['frames'])[0]
    starts = clip_sampling.uniform_starts(num_frames, self.num_frames, num_clips)
    numbers = clip_sampling.frame_numbers(starts, self.num_frames, num_frames)
    # Clips of a short span overlap: each frame is decoded once.
    used, position = tf.unique(tf.reshape(numbers, [-1]))
    decoded = video_ops.decode_centre(tf.gather(example['frames'], used), self.crop_size, self.short_side)
    clips = tf.reshape(tf.gather(decoded, position), [num_clips, *self.shape])
    return video_ops.normalize(clips, self.mean, self.std)


@gin.configurable
@dataclasses.dataclass(frozen=True)
class AudioInput:
  """What an audio encoder sees: float32 [40, num_frames, 1], mel filters by audio frames (Q x P in the paper). Reads no JPEG.

  Attributes:
    num_frames: P; 100 are 2 seconds (Supplement A).
    clip_length: length, in video frames, of the clip on which the sound is centred.
    mean: subtracted from log_mel. Unpublished; ours, measured on Big Buck Bunny (-5.37).
    std: log_mel is then divided by it. Unpublished; ours, likewise (3.88).
    time_mask: SpecAugment in training: longest masked time in audio frames; 0 is off.
    frequency_mask: SpecAugment in training: widest masked band in filters; 0 is off. tensorflow-io draws both masks from a
      generator of its own: with masks a restarted run is not the same bit for bit.
  """

  num_frames: int = 100
  clip_length: int = 8
  mean: float = -5.4
  std: float = 3.9
  time_mask: int = 0
  frequency_mask: int = 0

  wanted: ClassVar[dict[str, bool]] = {'want_frames': False, 'want_log_mel': True}

  @property
  def shape(self) -> tuple[int, ...]:
    """The shape of one clip, without batch."""
    return (schema.NUM_FILTERS, self.num_frames, 1)

  def check(self, records: Records, first: Mapping[str, tf.Tensor]) -> None:
    """Raises a ValueError when the records cannot be read this way; `first` is their first record, parsed."""
    if not first['log_mel'].shape[0]:
      raise ValueError(
        f'{records.directory} holds no sound (its first record has no log_mel): make_clips wrote video only.'
      )

  def sample(self, example: Mapping[str, tf.Tensor], records: Records, seed: tf.Tensor) -> tf.Tensor:
    """Returns the sound of a random clip of a parsed record: float32 [num_frames, 40]."""
    num_frames = self._num_video_frames(example, records)
    return self._window(example, records, clip_sampling.random_start(num_frames, self.clip_length, seed))

  def augment(self, sampled: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Returns the training view, float32 [40, num_frames, 1], of what `sample` returned."""
    centred = sampled - self.mean
    if self.time_mask or self.frequency_mask:
      centred = compat.spec_augment(
        centred, self.time_mask, self.frequency_mask
      )  # Masks with 0, which is now the mean.
    return tf.ensure_shape(audio_ops.audio_image(centred, 0.0, self.std), self.shape)

  def views(self, example: Mapping[str, tf.Tensor], records: Records, num_clips: int) -> tf.Tensor:
    """Returns the evaluation views of a parsed record: float32 [num_clips, 40, num_frames, 1]."""
    starts = clip_sampling.uniform_starts(self._num_video_frames(example, records), self.clip_length, num_clips)
    sounds = tf.stack([self._window(example, records, start) for start in tf.unstack(starts, num_clips)])
    return audio_ops.audio_image(sounds - self.mean, 0.0, self.std)

  def _num_video_frames(self, example: Mapping[str, tf.Tensor], records: Records) -> tf.Tensor:
    """The frames of the span, from the length of its sound: counting the JPEGs would mean to copy them."""
    seconds = tf.cast(tf.shape(example['log_mel'])[0], tf.float32) / _audio_frame_rate(records)
    return tf.cast(tf.round(seconds * records.frame_rate), tf.int32)

  def _window(self, example: Mapping[str, tf.Tensor], records: Records, clip_start: tf.Tensor) -> tf.Tensor:
    log_mel = example['log_mel']
    start = clip_sampling.audio_window_start(
      clip_start,
      self.clip_length,
      records.frame_rate,
      tf.shape(log_mel)[0],
      self.num_frames,
      _audio_frame_rate(records),
    )
    return audio_ops.windows(log_mel, start, self.num_frames, records.log_mel_spec)


Input = VideoInput | AudioInput


def training_dataset(
  records: Records,
  split: str,
  inputs: Input,
  labels: Mapping[str, np.ndarray],
  batch_size: int,
  seed: int,
  first_step: int = 0,
  input_pipeline_id: int = 0,
  num_input_pipelines: int = 1,
  shuffle_window: int = SHUFFLE_WINDOW,
  shards_together: int = SHARDS_TOGETHER,
) -> tf.data.Dataset:
  """Reads random clips without end, in an order that depends on the arguments alone.

  `training_dataset(first_step=k)` equals `training_dataset().skip(k)` bit for bit. Starting there reads at most one group of shards
  and one window of records more than an undisturbed run would, and decodes nothing more. Each pass holds each clip exactly once,
  and batches run on over the end of a pass, so they are always full.

  Args:
    records: the data set.
    split: which split.
    inputs: VideoInput or AudioInput.
    labels: int32 [records.num_rows(split)] for each head; -1 for none.
    batch_size: B, clips per batch of this pipeline.
    seed: of the order, the clips and the augmentation.
    first_step: the first batch to return.
    input_pipeline_id: which pipeline this is.
    num_input_pipelines: how many share the data; at most as many as there are shards.
    shuffle_window: clips shuffled at a time.
    shards_together: shards read in turn.
  Returns:
    batches (x float32 [B, *inputs.shape], {head: int32 [B]}).

  Raises:
    ValueError: when the records do not suit `inputs`, the labels or the number of pipelines.
  """
  _check_inputs(records, split, inputs)
  lengths = np.array(records.shard_lengths[split], np.int64)
  used = np.flatnonzero(lengths)
  if len(used) < num_input_pipelines:
    raise ValueError(
      f'{records.directory} has {len(used)} shards with clips in split {split!r} for {num_input_pipelines} input pipelines; '
      'expected at least one for each. Make the clips again with a smaller --clips_per_shard, or train on fewer workers.'
    )
  with tf.device('CPU:0'):  # tf.data reads its tables there, also where a GPU would take them.
    order = _TrainingOrder(
      paths=np.array(records.shard_paths(split))[used],
      lengths=lengths[used],
      seed=seed,
      pipeline=input_pipeline_id,
      num_pipelines=num_input_pipelines,
      window=shuffle_window,
      shards_together=shards_together,
    )
    first_pass, position = order.locate(first_step * batch_size)

    def sample(serialized: tf.Tensor, pass_number: tf.Tensor) -> dict[str, tf.Tensor]:
      example = schema.parse(serialized, **inputs.wanted)
      clip_seed = _seed(seed, _CLIP, pass_number, example['index'])
      # Folded with 0 the seed places the clip, with 1 it makes the view.
      sampled = inputs.sample(example, records, _fold_in(clip_seed, 0))
      return {'index': example['index'], 'seed': _fold_in(clip_seed, 1), 'sampled': sampled}

    def view(clip: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
      return inputs.augment(clip['sampled'], clip['seed']), clip['index']

    tables = _tables(records, split, labels)
    dataset = order.clips(sample, first_pass, position)
    dataset = dataset.map(view, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    dataset = dataset.batch(batch_size, drop_remainder=True)
    dataset = dataset.map(
      lambda x, index: (x, {head: label_table.lookup(table, index) for head, table in tables.items()})
    )
  return dataset.prefetch(2).with_options(_options())


def evaluation_dataset(
  records: Records,
  split: str,
  inputs: Input,
  batch_size: int,
  num_clips: int = 1,
  shards: Sequence[int] | None = None,
  labels: Mapping[str, np.ndarray] | None = None,
) -> tf.data.Dataset:
  """Reads every record once, in the order of the files, without augmentation.

  Args:
    records: the data set.
    split: which split.
    inputs: VideoInput or AudioInput.
    batch_size: b, records per batch; the last batch of a shard may be smaller.
    num_clips: n, clips of each record at uniform distances; 1: its middle.
    shards: numbers of the shards to read, in this order; None: all.
    labels: int32 [records.num_rows(split)] for each head; -1 for none.
  Returns:
    batches {'index': int64 [b], 'input': float32 [b, n, *inputs.shape]}, with 'labels': {head: int32 [b]} where there are labels.

  Raises:
    ValueError: when the records do not suit `inputs` or the labels, or a shard does not exist.
  """
  _check_inputs(records, split, inputs)
  paths = records.shard_paths(split)
  shards = range(len(paths)) if shards is None else shards
  unknown = sorted(set(shards) - set(range(len(paths))))
  if unknown:
    raise ValueError(
      f'{records.directory} has no shard {unknown[0]} in split {split!r}; its shards are 0 .. {len(paths) - 1}.'
    )

  def view(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
    example = schema.parse(serialized, **inputs.wanted)
    return {'index': example['index'], 'input': inputs.views(example, records, num_clips)}

  with tf.device('CPU:0'):
    tables = _tables(records, split, labels or {})

    def add_labels(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
      return batch | {'labels': {head: label_table.lookup(table, batch['index']) for head, table in tables.items()}}

    dataset = tf.data.TFRecordDataset(tf.constant([paths[s] for s in shards], tf.string), buffer_size=_BUFFER_BYTES)
    dataset = dataset.map(view, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    dataset = dataset.batch(1).rebatch(_batch_sizes([records.shard_lengths[split][s] for s in shards], batch_size))
    if labels is not None:
      dataset = dataset.map(add_labels)
  return dataset.prefetch(2).with_options(_options())


def _batch_sizes(shard_lengths: Sequence[int], batch_size: int) -> np.ndarray:
  """The sizes of evaluation's batches, int64 [number of batches].

  A batch ends with its shard, so the numbers of a clip do not depend on which shards are read, after a restart for example.
  """
  sizes = [min(batch_size, length - first) for length in shard_lengths for first in range(0, length, batch_size)]
  return np.array(sizes or [batch_size], np.int64)


@dataclasses.dataclass(frozen=True)
class _TrainingOrder:
  """The endless order of one pipeline (see the head of this file).

  Attributes:
    paths: strings [S], the shards that hold clips.
    lengths: int64 [S], records in each.
    seed: of the order.
    pipeline: p.
    num_pipelines: P.
    window: records shuffled at a time.
    shards_together: shards of a group, read in turn.
  """

  paths: np.ndarray
  lengths: np.ndarray
  seed: int
  pipeline: int
  num_pipelines: int
  window: int
  shards_together: int

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
    """Returns the stream of `sample(serialized, pass)` from `position` of pass `first_pass` on."""
    # Tensors made here are captured once; made within the function below, they would be copied into its graph.
    paths, lengths = tf.constant(self.paths), tf.constant(self.lengths)

    def windows_of_pass(pass_number: tf.Tensor) -> tf.data.Dataset:
      first_window = tf.where(pass_number == first_pass, tf.constant(position // self.window, tf.int64), 0)
      part = tf.range((self.pipeline + pass_number) % self.num_pipelines, len(self.lengths), self.num_pipelines)
      shards = tf.random.experimental.stateless_shuffle(part, _seed(self.seed, _SHARD_ORDER, pass_number))
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

    def read_shard(path: tf.Tensor) -> tf.data.Dataset:
      return tf.data.TFRecordDataset(path, buffer_size=_BUFFER_BYTES).map(
        lambda serialized: sample(serialized, pass_number)
      )

    def read_group(paths: tf.Tensor) -> tf.data.Dataset:
      return tf.data.Dataset.from_tensor_slices(paths).interleave(
        read_shard, self.shards_together, block_length=1, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
      )

    def shuffle(window: tf.Tensor, clips: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
      seed = _seed(self.seed, _RECORD_ORDER, pass_number, window)
      new_order = tf.random.experimental.stateless_shuffle(tf.range(tf.size(clips['index'])), seed)
      return tf.nest.map_structure(lambda column: tf.gather(column, new_order), clips)

    groups = tf.data.Dataset.from_tensor_slices(paths[first_shard:]).batch(self.shards_together)
    clips = groups.flat_map(read_group).skip(start - starts[first_shard])
    return clips.batch(self.window).enumerate(first_window).map(shuffle)


def _seed(seed: int, purpose: int, *numbers: tf.Tensor) -> tf.Tensor:
  """Returns int64 [2], a seed for stateless draws that depends on all arguments."""
  folded = tf.constant([seed, purpose], tf.int64)
  for number in numbers:
    folded = _fold_in(folded, number)
  return folded


def _fold_in(seed: tf.Tensor, number: tf.Tensor | int) -> tf.Tensor:
  return tf.random.fold_in(seed, tf.cast(number, tf.int64))


def _audio_frame_rate(records: Records) -> float:
  return records.log_mel_spec.sample_rate / records.log_mel_spec.hop_length


def _tables(records: Records, split: str, labels: Mapping[str, np.ndarray]) -> dict[str, tf.Tensor]:
  """The label tables as tensors, checked."""
  num_rows = records.num_rows(split)
  return {
    head: tf.constant(label_table.checked(table, num_rows, f'labels[{head!r}]')) for head, table in labels.items()
  }


def _check_inputs(records: Records, split: str, inputs: Input) -> None:
  """Reads one record, so that what does not fit is an error now and not in the middle of a graph."""
  if not records.num_clips(split):
    raise ValueError(
      f'{records.directory} holds no clips in split {split!r}: all of its videos failed, see failed_videos.jsonl.'
    )
  shard = int(np.flatnonzero(records.shard_lengths[split])[0])
  serialized = next(iter(tf.data.TFRecordDataset(records.shard_paths(split)[shard])))
  inputs.check(records, schema.parse(serialized, **inputs.wanted))


def _options() -> tf.data.Options:
  options = tf.data.Options()
  options.deterministic = True
  # Pipelines share out the shards themselves; a strategy that did it once more would lose data.
  options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
  return options
