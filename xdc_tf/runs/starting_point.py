"""Which encoder something starts from: one of a finished run, imported or finetuned weights, or random ones."""

import dataclasses
import json
import os
from typing import Any

import tensorflow as tf

from xdc_tf.models import import_weights
from xdc_tf.models.encoders import ENCODERS
from xdc_tf.records.schema import Records
from xdc_tf.runs import weights_folder
from xdc_tf.runs.run_info import FinishedRun
from xdc_tf.runs.weights_folder import InputSpec
from xdc_tf.training import checkpoints
from xdc_tf.training.seeds import derive_seed


@dataclasses.dataclass(frozen=True)
class StartingPoint:
  """An encoder that can be built again and again.

  Attributes:
    name: the name of its class, a key of encoders.ENCODERS unless there is a `model_class`.
    arguments: the arguments of its class that decide the shape of one of encoders.ENCODERS.
    weights: folder of its weights; None: random ones.
    fed: how its run or its finetuning fed it, and what records; None where nobody knows.
    source: where it comes from, for tables and configurations.
    model_class: what makes it, with all arguments of its run; None: the class of its name.
  """

  name: str
  arguments: dict[str, Any]
  weights: str | None
  fed: InputSpec | None
  source: str
  model_class: Any = None

  def make(self, seed: int = 0, dtype=None):
    """Returns the encoder, of float32 without a `dtype`, not yet built; whoever builds it is to load its weights."""
    return self._class(**self.arguments, seed=seed, dtype=dtype or 'float32')

  @property
  def _class(self):
    return self.model_class or ENCODERS[self.name]

  @property
  def modality(self) -> str:
    """'video' or 'audio'."""
    return self._class.modality

  @property
  def inputs(self):
    """The VideoInput or AudioInput that it was fed with; None where nobody knows."""
    return self.fed.inputs if self.fed else None

  def check_records(self, records: Records) -> None:
    """Compares records with those that it was trained on: nothing else would notice other mel filters, or a film played slower.

    Raises:
      ValueError: when their frame rate (of video) or log-mel (of audio) is another one.
    """
    if self.fed is None:
      return
    name, option = ('frame_rate', 'frame_rate') if self.modality == 'video' else ('log_mel_spec', 'log_mel')
    before, now = getattr(self.fed, name), getattr(records, name)
    if before == now:
      return
    if self.modality == 'audio':
      before, now = dataclasses.asdict(before), dataclasses.asdict(now)
      before, now = ({key: one[key] for key in one if before[key] != now[key]} for one in (before, now))
    raise ValueError(
      f'{self.source} was trained on records made with --{option} {json.dumps(before)}, and those in {records.directory} were '
      f'made with {json.dumps(now)}. Make them alike, or add --allow_other_records.'
    )

  def described(self, seed: int) -> str:
    """Its source for results: random weights are told apart by their seed."""
    return self.source if self.weights else f'{self.source}, seed {seed}'

  def identity(self) -> str:
    """Its source and which weights these are: runs in two places may bear one name, and a run may have been made anew."""
    return f'{self.source}, weights {checkpoints.digest(self.weights)}' if self.weights else self.source

  @property
  def classes_to_configure(self) -> tuple[str, ...]:
    """Random weights take their shape from gin; others have theirs."""
    return () if self.weights else (self.name,)

  def load(self, inputs, seed: int = 0, dtype: str | None = None):
    """Returns the encoder, built for `inputs`, with its weights; for verbs that do not train it.

    Args:
      inputs: VideoInput or AudioInput.
      seed: the seed of random weights: those that a finetuning with this seed starts from.
      dtype: name of a Keras dtype policy; None: float32.
    """
    encoder = self.make(derive_seed(seed, 'weights'), dtype)
    encoder(tf.zeros([1, *inputs.shape]))
    if self.weights:
      checkpoints.load_weights(encoder, self.weights)
    return encoder


def of_run(run: FinishedRun, encoder: str | None = None) -> StartingPoint:
  """Returns an encoder of a finished run; `encoder` may be left out where the run has one.

  Raises:
    ValueError: when the run has no such encoder.
  """
  names = list(run.config.encoders)
  if encoder not in names and (encoder or len(names) > 1):
    raise ValueError(f'encoder is {encoder!r}; the run in {run.path} has the encoders {", ".join(names)}.')
  encoder = encoder or names[0]
  # With the widths that the run's configuration gives.
  model = run.config.encoders[encoder]()
  described = import_weights.describe(model)
  return StartingPoint(
    described['encoder'],
    described['arguments'],
    run.weights_folder(encoder),
    InputSpec.of(run.input_of(encoder), run.records),
    f'{os.path.basename(os.path.abspath(run.path))}/{encoder}',
    model_class=run.config.encoders[encoder],  # One of somebody's own may have arguments that nothing here knows.
  )


def of_weights(folder: str) -> StartingPoint:
  """Returns the encoder of a folder that `xdc import-weights` or `xdc finetune` wrote."""
  encoder, info = weights_folder.load(folder)
  source = f'{info["source"]} {info["sha256"][:16]}'
  return StartingPoint(
    info['encoder'], info['arguments'], folder, weights_folder.input_spec(info, encoder.modality), source
  )


def random(name: str) -> StartingPoint:
  """Returns an encoder with random weights (Scratch), by the name of its class.

  Raises:
    ValueError: when there is no such class.
  """
  if name not in ENCODERS:
    raise ValueError(f'--random: there is no encoder {name!r}; expected one of {", ".join(ENCODERS)}.')
  return StartingPoint(name, {}, None, None, 'random')
