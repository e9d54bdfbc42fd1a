"""What the encoders see of a record: which frames or sound make a clip, and how they become the encoder's input.

`VideoInput` and `AudioInput` have the same methods, which the reader calls in this order: `check` once, then for training `locate`
(before the shuffle, when nothing has been read), `take`, `augment` and `on_device`, for evaluation `stored_views` and `on_device`.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import gin
import tensorflow as tf

from xdc_tf import compat, value_types
from xdc_tf.records import audio_ops, clip_sampling, schema, video_ops
from xdc_tf.records.schema import Records


def _check_sizes(settings: Any, *names: str) -> None:
  for name in names:
    if getattr(settings, name) < 1:
      raise ValueError(f'{type(settings).__name__}.{name} is {getattr(settings, name)}; expected at least 1.')


def _of_type(x: Any, dtype: tf.DType, depth: int) -> tf.Tensor:
  """Returns `x` as a tensor; pictures on [0, 1], or scaled by somebody before, would give embeddings that mean nothing."""
  x = tf.convert_to_tensor(x)
  if x.dtype != dtype or x.shape.rank is not None and x.shape[-1:].as_list() not in ([depth], [None]):
    raise ValueError(f'normalize takes {dtype.name} [..., {depth}]. Received: {x.dtype.name} {x.shape}.')
  return x


@gin.configurable
@dataclasses.dataclass(frozen=True)
class VideoInput:
  """What a video encoder sees: float32 [num_frames, crop_size, crop_size, 3] of a clip.

  Examples:
    >>> xdc_tf.VideoInput(num_frames=32, crop_size=112).shape
    (32, 112, 112, 3)

  Attributes:
    num_frames: L (Section 4.1: 8; Section 6: 32 for the comparison with others).
    crop_size: side of the square in pixels; random in training, the centre in evaluation.
    short_side: frames are scaled to this first; None: as stored. Scaling decodes whole frames, so it is for trials: records for
      long training are better made with the short side that is wanted.
    random_flip: mirror every second clip in training, as VMZ does.
    mean: the mean of red, green and blue on [0, 1]; the authors' numbers.
    std: likewise.
  """

  num_frames: int = 8
  crop_size: int = 224
  short_side: int | None = None
  random_flip: bool = True
  mean: Sequence[float] = (0.43216, 0.394666, 0.37645)
  std: Sequence[float] = (0.22803, 0.22145, 0.216989)

  wanted: ClassVar[dict[str, bool]] = {'want_frames': True, 'want_log_mel': False}

  def __post_init__(self):
    value_types.check_fields(self)
    _check_sizes(self, 'num_frames', 'crop_size', *(['short_side'] if self.short_side is not None else []))
    if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
      raise ValueError(
        f'VideoInput.mean and .std need three numbers each, .std positive ones. Received: {self.mean} and {self.std}.'
      )

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

  def locate(self, record: Mapping[str, tf.Tensor], records: Records, seed: tf.Tensor) -> dict[str, tf.Tensor]:
    """Chooses a random clip of a record, of which no more is known than where its parts lie.

    Args:
      record: 'frames', int64 [T, 2]: begin and size in bytes.
      records: the data set.
      seed: int64 [2], of the choice.

    Returns:
      what is to be read: begin int64 [], size int64 []; and the frames in it: parts int64 [L, 2].
    """
    num_frames = tf.shape(record['frames'])[0]
    start = clip_sampling.random_start(num_frames, self.num_frames, seed)
    parts = tf.gather(record['frames'], clip_sampling.frame_numbers(start, self.num_frames, num_frames))
    begin = tf.reduce_min(parts[:, 0])
    end = tf.reduce_max(parts[:, 0] + parts[:, 1])
    return {'begin': begin, 'size': end - begin, 'parts': parts - tf.stack([begin, 0])}

  def take(self, data: tf.Tensor, located: Mapping[str, tf.Tensor], records: Records) -> tf.Tensor:
    """Returns the clip that `locate` chose, string [L], still JPEG, out of the bytes string [] that it asked for."""
    parts = tf.unstack(located['parts'], self.num_frames)
    return tf.stack([tf.strings.substr(data, part[0], part[1]) for part in parts])

  def augment(self, sampled: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Returns the training view, uint8 [L, H, W, 3], of what `take` returned."""
    clip = video_ops.decode_random(sampled, self.crop_size, self.short_side, self.random_flip, seed)
    return tf.ensure_shape(clip, self.shape)

  def normalize(self, x: tf.Tensor) -> tf.Tensor:
    """Returns what the encoder takes, float32 [..., L, H, W, 3], of clips uint8 of the same shape; ValueError for others."""
    x = _of_type(x, tf.uint8, 3)
    return video_ops.normalize(x, self.mean, self.std)

  def on_device(self, x: tf.Tensor) -> tf.Tensor:
    """Returns what the encoder takes of what `augment` or `stored_views` returned: to normalize is left to the device."""
    return self.normalize(x)

  def stored_views(self, example: Mapping[str, tf.Tensor], records: Records, num_clips: int) -> tf.Tensor:
    """Returns the evaluation views of a parsed record before `on_device`: uint8 [num_clips, L, H, W, 3]."""
    views = self._decoded_at(example, records, self.uniform_starts(example, records, num_clips))
    return tf.ensure_shape(views, [num_clips, *self.shape])

  def views(self, example: Mapping[str, tf.Tensor], records: Records, num_clips: int) -> tf.Tensor:
    """Returns the evaluation views of a parsed record: float32 [num_clips, L, H, W, 3]."""
    return self.normalize(self.stored_views(example, records, num_clips))

  def num_video_frames(self, example: Mapping[str, tf.Tensor], records: Records) -> tf.Tensor:
    """Returns T, the frames of a parsed record: int32 []."""
    return tf.shape(example['frames'])[0]

  def uniform_starts(self, example: Mapping[str, tf.Tensor], records: Records, num_clips: int) -> tf.Tensor:
    """Returns where the clips of `views` start: int32 [num_clips], in frames."""
    return clip_sampling.uniform_starts(self.num_video_frames(example, records), self.num_frames, num_clips)

  def stored_at(self, example: Mapping[str, tf.Tensor], records: Records, starts: tf.Tensor) -> tf.Tensor:
    """Returns the clips of a parsed record that start at frames int32 [n], as they are stored: JPEGs, string [n, L]."""
    num_frames = self.num_video_frames(example, records)
    return tf.gather(example['frames'], clip_sampling.frame_numbers(starts, self.num_frames, num_frames))

  def views_at(self, example: Mapping[str, tf.Tensor], records: Records, starts: tf.Tensor) -> tf.Tensor:
    """Returns evaluation views of the clips that start at frames int32 [n]: float32 [n, L, H, W, 3]."""
    return self.normalize(self._decoded_at(example, records, starts))

  def _decoded_at(self, example: Mapping[str, tf.Tensor], records: Records, starts: tf.Tensor) -> tf.Tensor:
    numbers = clip_sampling.frame_numbers(starts, self.num_frames, self.num_video_frames(example, records))
    # Clips that lie close overlap: each frame is decoded once.
    used, position = tf.unique(tf.reshape(numbers, [-1]))
    decoded = video_ops.decode_centre(tf.gather(example['frames'], used), self.crop_size, self.short_side)
    return tf.reshape(tf.gather(decoded, position), [-1, *self.shape])


@gin.configurable
@dataclasses.dataclass(frozen=True)
class AudioInput:
  """What an audio encoder sees: float32 [40, num_frames, 1], mel filters by audio frames (Q x P in the paper). Reads no JPEG.

  Examples:
    >>> xdc_tf.AudioInput(num_frames=200).shape
    (40, 200, 1)

  Attributes:
    num_frames: P; 100 are 2 seconds (Section 4.1).
    clip_length: length, in video frames, of the clip on which the sound is centred.
    mean: subtracted from log_mel. Unpublished; ours, measured over all log_mel values of the demo's training records, two
      seconds each of Big Buck Bunny (-5.99; -6.04 over the whole film).
    std: log_mel is then divided by it. Unpublished; ours, measured likewise (3.83; 3.85).
    time_mask: SpecAugment in training: longest masked time in audio frames; 0 is off.
    frequency_mask: SpecAugment in training: widest masked band in filters; 0 is off. tensorflow-io draws both masks from a
      generator of its own: with masks a restarted run is not the same bit for bit.
  """

  num_frames: int = 100
  clip_length: int = 8
  mean: float = -6.0
  std: float = 3.8
  time_mask: int = 0
  frequency_mask: int = 0

  wanted: ClassVar[dict[str, bool]] = {'want_frames': False, 'want_log_mel': True}

  def __post_init__(self):
    value_types.check_fields(self)
    _check_sizes(self, 'num_frames', 'clip_length')
    if not self.std > 0:
      raise ValueError(f'AudioInput.std is {self.std}; expected more than 0.')
    if not (0 <= self.time_mask < self.num_frames and 0 <= self.frequency_mask < schema.NUM_FILTERS):
      raise ValueError(
        f'AudioInput.time_mask must be below num_frames ({self.num_frames}), .frequency_mask below {schema.NUM_FILTERS}. '
        f'Received: {self.time_mask} and {self.frequency_mask}.'
      )

  @property
  def shape(self) -> tuple[int, ...]:
    """The shape of one clip, without batch."""
    return (schema.NUM_FILTERS, self.num_frames, 1)

  def check(self, records: Records, first: Mapping[str, tf.Tensor]) -> None:
    """Raises a ValueError when the records cannot be read this way; `first` is their first record, parsed."""
    if self.time_mask or self.frequency_mask:
      compat.check_spec_augment()
    if not first['log_mel'].shape[0]:
      raise ValueError(
        f'{records.directory} holds no sound (its first record has no log_mel): make_clips wrote video only.'
      )

  def locate(self, record: Mapping[str, tf.Tensor], records: Records, seed: tf.Tensor) -> dict[str, tf.Tensor]:
    """Chooses the sound of a random clip of a record, of which no more is known than where its parts lie.

    Args:
      record: 'log_mel', int64 [2]: begin and size in bytes.
      records: the data set.
      seed: int64 [2], of the choice.

    Returns:
      what is to be read: begin int64 [], size int64 []; and the first audio frame in it: start int32 [].
    """
    num_stored = tf.cast(record['log_mel'][1], tf.int32) // (schema.NUM_FILTERS * tf.float32.size)
    clip_start = clip_sampling.random_start(self._video_frames(num_stored, records), self.clip_length, seed)
    start = self._window_start(clip_start, num_stored, records)
    return {'begin': record['log_mel'][0], 'size': record['log_mel'][1], 'start': start}

  def take(self, data: tf.Tensor, located: Mapping[str, tf.Tensor], records: Records) -> tf.Tensor:
    """Returns the sound that `locate` chose, float32 [num_frames, 40], out of the bytes string [] that it asked for."""
    log_mel = tf.reshape(tf.io.decode_raw(data, tf.float32), [-1, schema.NUM_FILTERS])
    return audio_ops.windows(log_mel, located['start'], self.num_frames, records.log_mel_spec)

  def augment(self, sampled: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Returns the training view, float32 [40, num_frames, 1], of what `take` returned."""
    sound = audio_ops.normalize(sampled, self.mean, self.std)  # The masks' 0 shall be the mean.
    if self.time_mask or self.frequency_mask:
      sound = compat.spec_augment(sound, self.time_mask, self.frequency_mask)
    return tf.ensure_shape(audio_ops.audio_image(sound), self.shape)

  def normalize(self, log_mel: tf.Tensor) -> tf.Tensor:
    """Returns what the encoder takes, float32 [..., 40, num_frames, 1], of log-mels as stored; ValueError for others.

    Args:
      log_mel: float32 [..., num_frames, 40].
    """
    log_mel = _of_type(log_mel, tf.float32, schema.NUM_FILTERS)
    return audio_ops.audio_image(audio_ops.normalize(log_mel, self.mean, self.std))

  def on_device(self, x: tf.Tensor) -> tf.Tensor:
    """Returns `x`: sound is normalized by the reader, which must before it can mask."""
    return x

  def stored_views(self, example: Mapping[str, tf.Tensor], records: Records, num_clips: int) -> tf.Tensor:
    """Returns what `views` does, as `on_device` takes it."""
    return self.views(example, records, num_clips)

  def views(self, example: Mapping[str, tf.Tensor], records: Records, num_clips: int) -> tf.Tensor:
    """Returns the evaluation views of a parsed record: float32 [num_clips, 40, num_frames, 1]."""
    views = self.views_at(example, records, self.uniform_starts(example, records, num_clips))
    return tf.ensure_shape(views, [num_clips, *self.shape])

  def num_video_frames(self, example: Mapping[str, tf.Tensor], records: Records) -> tf.Tensor:
    """Returns T, the frames of the span, int32 [], from the length of its sound: counting the JPEGs would mean to copy them."""
    return self._video_frames(tf.shape(example['log_mel'])[0], records)

  def _video_frames(self, num_stored: tf.Tensor, records: Records) -> tf.Tensor:
    seconds = tf.cast(num_stored, tf.float32) / _audio_frame_rate(records)
    return tf.cast(tf.round(seconds * records.frame_rate), tf.int32)

  def _window_start(self, starts: tf.Tensor, num_stored: tf.Tensor, records: Records) -> tf.Tensor:
    return clip_sampling.audio_window_start(
      starts, self.clip_length, records.frame_rate, num_stored, self.num_frames, _audio_frame_rate(records)
    )

  def uniform_starts(self, example: Mapping[str, tf.Tensor], records: Records, num_clips: int) -> tf.Tensor:
    """Returns where the clips of `views` start: int32 [num_clips], in video frames."""
    return clip_sampling.uniform_starts(self.num_video_frames(example, records), self.clip_length, num_clips)

  def views_at(self, example: Mapping[str, tf.Tensor], records: Records, starts: tf.Tensor) -> tf.Tensor:
    """Returns evaluation views of the sounds of clips that start at video frames int32 [n]: float32 [n, 40, num_frames, 1]."""
    return self.normalize(self.stored_at(example, records, starts))

  def stored_at(self, example: Mapping[str, tf.Tensor], records: Records, starts: tf.Tensor) -> tf.Tensor:
    """Returns the sounds of clips that start at video frames int32 [...], as stored: log-mel, float32 [..., num_frames, 40]."""
    log_mel = example['log_mel']
    start = self._window_start(starts, tf.shape(log_mel)[0], records)
    return audio_ops.windows(log_mel, start, self.num_frames, records.log_mel_spec)


Input = VideoInput | AudioInput


def _audio_frame_rate(records: Records) -> float:
  return records.log_mel_spec.sample_rate / records.log_mel_spec.hop_length
