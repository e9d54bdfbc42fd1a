"""Which encoder a verb starts from: one of a finished run, imported weights, or random ones."""

import argparse
import dataclasses
import os
from typing import Any


@dataclasses.dataclass(frozen=True)
class StartingPoint:
  """An encoder that can be built again and again.

  Attributes:
    name: of its class, a key of import_weights.ENCODERS.
    arguments: of its class, which decide its shape.
    weights: folder of its weights; None: random ones.
    inputs: how its run or its finetuning fed it (VideoInput or AudioInput); None where nobody knows.
    source: where it comes from, for tables and configurations.
  """

  name: str
  arguments: dict[str, Any]
  weights: str | None
  inputs: Any
  source: str

  def make(self, seed: int = 0, dtype=None):
    """Returns the encoder, not yet built; its weights are to be loaded by whoever builds it."""
    from xdc_tf.models.import_weights import ENCODERS

    return ENCODERS[self.name](**self.arguments, seed=seed, dtype=dtype)

  @property
  def modality(self) -> str:
    """'video' or 'audio'."""
    from xdc_tf.models.import_weights import ENCODERS

    return ENCODERS[self.name].modality

  def described(self, seed: int) -> str:
    """Its source for results: random weights are told apart by their seed."""
    return self.source if self.weights else f'{self.source}, seed {seed}'

  @property
  def classes_to_configure(self) -> tuple[str, ...]:
    """Random weights take their shape from gin; others have theirs."""
    return () if self.weights else (self.name,)

  def load(self, inputs, seed: int = 0):
    """Returns the encoder, built for `inputs`, with its weights; for verbs that do not train it.

    Args:
      inputs: VideoInput or AudioInput.
      seed: of random weights: those that a finetuning with this seed starts from.
    """
    import tensorflow as tf

    from xdc_tf.training import checkpoints
    from xdc_tf.training.seeds import derive_seed

    encoder = self.make(derive_seed(seed, 'weights'))
    encoder(tf.zeros([1, *inputs.shape]))
    if self.weights:
      checkpoints.load_weights(encoder, self.weights)
    return encoder


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares --run_dir, --weights, --random and --encoder."""
  source = parser.add_mutually_exclusive_group(required=True)
  source.add_argument('--run_dir', help='folder of a finished run')
  source.add_argument('--weights', help='folder that `xdc import-weights` made')
  source.add_argument(
    '--random', metavar='CLASS', help='random weights: R2Plus1D18, ResNet3D18 or AudioResNet18 (Scratch)'
  )
  parser.add_argument('--encoder', help='which encoder of the run, e.g. video (needed where it has several)')


def add_seed_argument(parser: argparse.ArgumentParser) -> None:
  """Declares --seed, for verbs that do not train: the others have theirs in the configuration (Finetuning.seed)."""
  parser.add_argument('--seed', type=int, help='of the weights of --random (default: 0)')


def seed_of(arguments: argparse.Namespace) -> int:
  """Returns --seed.

  Raises:
    ValueError: when it is given for weights that are not random.
  """
  if arguments.seed is not None and not arguments.random:
    raise ValueError('--seed is of random weights; it has no meaning without --random.')
  return arguments.seed or 0


def add_input_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares --num_frames, --crop_size and --short_side, which `inputs_of` reads."""
  group = parser.add_argument_group(
    'what a video encoder sees', 'A run knows what its encoders saw; these values win over that.'
  )
  group.add_argument(
    '--num_frames', type=int, help="frames of a clip (default: the run's; 8 for other weights; torchvision: 16)"
  )
  group.add_argument(
    '--crop_size', type=int, help="side of the square in pixels (default: the run's, or 224; torchvision: 112)"
  )
  group.add_argument(
    '--short_side', type=int, help="frames are scaled to it first (default: the run's, or as stored; torchvision: 128)"
  )


def inputs_of(arguments: argparse.Namespace, start: StartingPoint):
  """Returns how to feed an encoder, VideoInput or AudioInput: as its run did, the paper's way where nobody knows, or as asked.

  Raises:
    ValueError: when frames are asked of an audio encoder.
  """
  from xdc_tf.data.inputs import AudioInput, VideoInput

  wanted = {name: getattr(arguments, name) for name in ('num_frames', 'crop_size', 'short_side')}
  wanted = {name: value for name, value in wanted.items() if value is not None}
  if start.modality == 'audio':
    if wanted:
      raise ValueError(f'--{" --".join(wanted)}: found an audio encoder ({start.source}), which sees no frames.')
    return start.inputs or AudioInput()
  if any(value < 1 for value in wanted.values()):
    raise ValueError(f'--num_frames, --crop_size and --short_side must be at least 1. Received: {wanted}.')
  return dataclasses.replace(start.inputs or VideoInput(), **wanted)


def find(arguments: argparse.Namespace) -> StartingPoint:
  """Returns what the arguments name. It reads the configuration of a run, so load your own only afterwards.

  Raises:
    ValueError: when the run has no such encoder, or there is no such class.
  """
  if arguments.run_dir:
    return _of_run(arguments.run_dir, arguments.encoder)
  if arguments.encoder:
    raise ValueError(
      '--encoder chooses one of the encoders of --run_dir; it has no meaning with --weights and --random.'
    )
  if arguments.weights:
    from xdc_tf.cli import weights_folder

    encoder, info = weights_folder.load(arguments.weights)
    fed = weights_folder.how_fed(info, encoder.modality)
    return StartingPoint(
      info['encoder'],
      info['arguments'],
      arguments.weights,
      fed.inputs if fed else None,
      f'{info["source"]} {info["sha256"][:16]}',
    )
  from xdc_tf.models.import_weights import ENCODERS

  if arguments.random not in ENCODERS:
    raise ValueError(f'--random: there is no encoder {arguments.random!r}; expected one of {", ".join(ENCODERS)}.')
  return StartingPoint(arguments.random, {}, None, None, 'random')


def _of_run(run_dir: str, encoder: str | None) -> StartingPoint:
  from xdc_tf.cli import run_info
  from xdc_tf.models import import_weights

  run = run_info.open_run(run_dir)
  names = list(run.config.encoders)
  if encoder not in names and (encoder or len(names) > 1):
    raise ValueError(f'--encoder: found {encoder!r}; the run in {run_dir} has the encoders {", ".join(names)}.')
  encoder = encoder or names[0]
  described = import_weights.describe(
    run.config.encoders[encoder]()
  )  # With the widths that the run's configuration gives.
  return StartingPoint(
    described['encoder'],
    described['arguments'],
    run.weights_folder(encoder),
    run.input_of(encoder),
    f'{os.path.basename(os.path.abspath(run_dir))}/{encoder}',
  )
