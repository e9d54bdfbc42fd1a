"""Transfer to a labelled data set (Sections 4.1 and 4.2): full finetuning, or a fully-connected layer on frozen features.

One learner trains all cells (fold and learning rate) of a sweep, so that nothing is traced twice and fc-only reads the videos once.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import gin
import numpy as np
import tensorflow as tf

from xdc_tf import files, value_types
from xdc_tf.evaluation import fc_only
from xdc_tf.evaluation.clip_features import ClipFeatures, side_by_side
from xdc_tf.records import label_table, source_videos
from xdc_tf.records.folds import Fold, FoldPart, read_folds, splits_of
from xdc_tf.records.human_labels import all_labels, first_labels
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.records.schema import Records
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.schedules import Schedule
from xdc_tf.training.seeds import derive_seed
from xdc_tf.training.targets import Targets
from xdc_tf.training.trainer import EncoderTrainer

HEAD = 'label'


@gin.configurable
@dataclasses.dataclass(frozen=True)
class Finetuning:
  """What decides the result of a transfer, together with the records, the starting point and the learning rate.

  Attributes:
    video_input: how a video encoder is fed.
    audio_input: how an audio encoder is fed.
    schedule: Table 11 (or Table 10's rows of supervised pretraining); its base_learning_rate is for a single training.
    training: how to compute.
    learning_rates: the grid of a sweep (Table 12); a single training takes the schedule's rate.
    trained: 'all' weights, or 'fc' (the encoder is frozen).
    several_labels: a clip may have several labels: a sigmoid for each class in place of the softmax (AudioSet).
    num_clips: clips of every test video, whose probabilities are averaged (Section 4.1); fc-only also trains on so many.
    held_out_share: the share of each class's training videos that is held out to choose a rate without the test videos; 0: none is.
      The paper takes the best rate of the test videos, which is optimistic; both are reported.
    held_out_group: regular expression, searched in the video_id, whose first group names the source of a video, such as its film.
      Sources are held out whole: clips of one source on both sides would make the choice optimistic. '': each video alone.
    seed: the seed of everything random.
  """

  video_input: VideoInput
  audio_input: AudioInput
  schedule: Schedule
  training: TrainingOptions
  learning_rates: Sequence[float] = ()
  trained: str = 'all'
  several_labels: bool = False
  num_clips: int = 10
  held_out_share: float = 0.2
  held_out_group: str = ''
  seed: int = 0

  def __post_init__(self):
    value_types.check_fields(self)
    if self.trained not in ('all', 'fc'):
      raise ValueError(f"Finetuning.trained must be 'all' or 'fc'. Received: {self.trained!r}.")
    if self.trained == 'fc' and self.several_labels:
      raise ValueError("Finetuning.several_labels is for training all weights; with trained = 'fc' it is not there.")
    if self.trained == 'fc' and self.training.optimizer != 'sgd':
      raise ValueError(f"With trained = 'fc' the layer is trained by SGD. Received: {self.training.optimizer!r}.")
    if self.trained == 'fc' and self.training.restarts_when_diverged:
      raise ValueError(
        "With trained = 'fc' TrainingOptions.restarts_when_diverged is not there: a rate that diverges is a result."
      )
    if self.training.initial_statistics_batches:
      raise ValueError('TrainingOptions.initial_statistics_batches is for the first features of a pretraining.')
    _check_rates(self.learning_rates)
    if self.num_clips < 1 or not 0 <= self.held_out_share < 1:
      raise ValueError(
        'Finetuning needs num_clips of at least 1 and a held_out_share from 0 to below 1. '
        f'Received: {self.num_clips} and {self.held_out_share}.'
      )
    if self.schedule.early_stop_epochs or self.schedule.keep_best:
      raise ValueError(
        'Finetuning trains without validation clips, so Schedule.early_stop_epochs must be 0 and Schedule.keep_best False, as in '
        f'schedules/finetuning.gin. Received: {self.schedule.early_stop_epochs} and {self.schedule.keep_best}.'
      )
    source_videos.check_pattern(self.held_out_group)

  def input_of(self, modality: str, records: Records) -> VideoInput | AudioInput:
    """How an encoder of a modality is fed: a sound goes by its own length, as no picture belongs to it here."""
    inputs: dict[str, VideoInput | AudioInput] = {'video': self.video_input, 'audio': self.audio_input}
    return side_by_side(inputs[modality], records)

  def schedule_at(self, rate: float) -> Schedule:
    """The schedule of one cell."""
    return dataclasses.replace(self.schedule, base_learning_rate=rate)

  def seed_of(self, fold: Fold) -> int:
    """The seed of a fold's trainings: the same for every rate, so that a grid compares rates and not seeds."""
    return derive_seed(self.seed, 'finetuning', fold.number)


def _check_rates(rates: Any) -> None:
  is_list = isinstance(rates, Sequence) and not isinstance(rates, str)
  if not is_list or not all(isinstance(rate, int | float) and 0 < rate < math.inf for rate in rates):
    raise ValueError(
      f'Finetuning.learning_rates must be a list of positive numbers, such as (0.01, 0.1), or (0.01,) for one. Received: {rates!r}.'
    )


class FullFinetuning:
  """Trains encoder and head on the labels."""

  def __init__(
    self,
    config: Finetuning,
    make_encoder: Callable,
    modality: str,
    weights: str | None,
    records: Records,
    strategy: tf.distribute.Strategy,
  ):
    """Builds the encoder once.

    Args:
      config: what to do.
      make_encoder: takes seed and dtype.
      modality: 'video' or 'audio'.
      weights: folder of the weights that every cell starts from; None: random ones (Scratch), for every cell the same.
      records: the data set's records.
      strategy: the distribution strategy.
    """
    self._config, self._records, self._weights = config, records, weights
    self._tables: dict[str, np.ndarray] = {}
    self._trainer = EncoderTrainer(
      modality,
      make_encoder,
      config.input_of(modality, records),
      records,
      {HEAD: len(records.label_names)},
      config.training,
      strategy,
      derive_seed(config.seed, 'weights'),
      splits_of(read_folds(records)),
    )

  def prepare(self, run) -> None:
    """Saves random weights in the run directory, so that every cell can start from them."""
    if self._weights is None:
      self._weights = run.once('initial', lambda folder: self._trainer.save(folder))

  def train(self, folder: str, fold: Fold, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Trains one cell in a folder, which an interrupted one goes on from.

    Returns:
      index int64 [n] of the fold's test videos and their probabilities, float32 [n, classes].

    Raises:
      DivergedError: when the loss is no longer finite.
    """
    trainer = self._trainer
    if self._weights is None:
      raise ValueError('The weights to start from are not there yet: call prepare before train.')
    trainer.load(self._weights)
    trainer.train(folder, self._targets(fold.train), None, self._config.schedule_at(rate), self._config.seed_of(fold))
    trainer.save_head(folder, HEAD)
    predicted = [(i, p[HEAD]) for i, p in trainer.inference.predict(self._targets(fold.test), self._config.num_clips)]
    index, probabilities = zip(*predicted, strict=True)
    return np.concatenate(index), np.concatenate(probabilities)

  @property
  def encoder(self):
    """The encoder with the weights of the last cell."""
    return self._trainer.encoder

  def _targets(self, part: FoldPart) -> Targets:
    if part.split not in self._tables:
      several = self._config.several_labels
      self._tables[part.split] = (
        all_labels(self._records, part.split) if several else first_labels(self._records, part.split, warns=True)
      )
    labels = self._tables[part.split]
    has_label = labels.any(axis=1) if self._config.several_labels else labels != label_table.NO_LABEL
    return Targets(part.split, {HEAD: labels}, part.clips & has_label)


class FcOnly:
  """Trains a fully-connected layer on features that are taken once."""

  def __init__(self, config: Finetuning, encoder, modality: str, records: Records):
    """Uses a built encoder with its weights.

    Args:
      config: what to do.
      encoder: the frozen encoder.
      modality: 'video' or 'audio'.
      records: the data set's records.
    """
    self._config, self._encoder, self._modality, self._records = config, encoder, modality, records
    self._features: dict[str, Any] = {}
    self._labels: dict[str, np.ndarray] = {}

  def prepare(self, run) -> None:
    """Takes the features of all splits that the folds have, or finds them in the run directory."""
    config, records = self._config, self._records
    clip_features = ClipFeatures(
      self._encoder,
      config.input_of(self._modality, records),
      records,
      config.num_clips,
      config.training.evaluation_batch_size,
    )
    for split in splits_of(read_folds(records)):
      folder = run.stage(f'features/{split}')
      if not run.is_chief:  # It reads what the chief has written.
        run.wait_for_all()
      self._features[split] = clip_features.cached(folder, split)
      if run.is_chief:
        run.wait_for_all()
      self._labels[split] = first_labels(records, split, warns=True)

  def train(self, folder: str, fold: Fold, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Trains one cell and saves kernel.npy and bias.npy in a folder; returns what FullFinetuning.train does."""
    _, features, labels = self._of(fold.train)
    config = self._config
    kernel, bias = fc_only.train(
      features, labels, len(self._records.label_names), config.schedule_at(rate), config.training, config.seed_of(fold)
    )
    for name, array in (('kernel', kernel), ('bias', bias)):
      files.write_array(f'{folder}/{name}.npy', array)
    index, features, _ = self._of(fold.test)
    return index, fc_only.predict(features, kernel, bias)

  def _of(self, part: FoldPart) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    index, features = self._features[part.split]
    labels = self._labels[part.split]
    used = part.clips[index] & (labels[index] != label_table.NO_LABEL)
    return index[used], features[used], labels[index[used]]
