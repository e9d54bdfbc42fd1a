"""The arguments of verbs that start from an encoder: of a finished run, imported weights, or random ones."""

import argparse
import dataclasses

from absl import logging

from xdc_tf.cli import configuration
from xdc_tf.models.encoders import ENCODERS
from xdc_tf.records.inputs import AudioInput
from xdc_tf.runs import starting_point, weights_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares --run_dir, --weights, --random, --encoder and --allow_other_records."""
  source = parser.add_mutually_exclusive_group(required=True)
  source.add_argument('--run_dir', help='folder of a finished run')
  source.add_argument('--weights', help='folder that `xdc import-weights` made, or of a cell of `xdc finetune`')
  source.add_argument('--random', metavar='CLASS', help=f'random weights (Scratch) of {", ".join(ENCODERS)}')
  parser.add_argument('--encoder', help='which encoder of the run, e.g. video (needed where it has several)')
  parser.add_argument(
    '--allow_other_records',
    action='store_true',
    help='take records of another frame rate, or of other mel filters, than those that the encoder was trained on',
  )


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
    'what a video encoder sees',
    'A run, or a cell of a finetuning, knows what its encoders saw; these values win over that.',
  )
  group.add_argument(
    '--num_frames', type=int, help="frames of a clip (default: the run's; 8 for other weights, 16 for torchvision's)"
  )
  group.add_argument(
    '--crop_size',
    type=int,
    help="side of the square in pixels (default: the run's, or 224, or 112 for torchvision's weights)",
  )
  group.add_argument(
    '--short_side',
    type=int,
    help="frames are scaled to it first (default: the run's, or as stored, or 128 for torchvision's weights)",
  )


def inputs_of(arguments: argparse.Namespace, start):
  """Returns how to feed an encoder, VideoInput or AudioInput: as its run did, the usual way where nobody knows, or as asked.

  Raises:
    ValueError: when frames are asked of an audio encoder.
  """
  wanted = {name: getattr(arguments, name) for name in ('num_frames', 'crop_size', 'short_side')}
  wanted = {name: value for name, value in wanted.items() if value is not None}
  if start.modality == 'audio':
    if wanted:
      raise ValueError(f'--{" --".join(wanted)}: found an audio encoder ({start.source}), which sees no frames.')
    return start.inputs or AudioInput()
  if any(value < 1 for value in wanted.values()):
    raise ValueError(f'--num_frames, --crop_size and --short_side must be at least 1. Received: {wanted}.')
  return dataclasses.replace(start.inputs or weights_folder.usual_view(start.arguments).inputs, **wanted)


def find(arguments: argparse.Namespace):
  """Returns the StartingPoint that the arguments name. It reads the configuration of a run, so load your own only afterwards.

  Raises:
    ValueError: when the run has no such encoder, or there is no such class.
  """
  if arguments.run_dir:
    return starting_point.of_run(configuration.open_run(arguments.run_dir), arguments.encoder)
  if arguments.encoder:
    raise ValueError(
      '--encoder chooses one of the encoders of --run_dir; it has no meaning with --weights and --random.'
    )
  return starting_point.of_weights(arguments.weights) if arguments.weights else starting_point.random(arguments.random)


def check_records(arguments: argparse.Namespace, start, records) -> None:
  """Raises ValueError for records that were made unlike those that the encoder was trained on, unless that is allowed."""
  if arguments.allow_other_records:
    return
  start.check_records(records)
  if start.weights and start.fed is None and start.modality == 'video':
    usual = weights_folder.usual_view(start.arguments).frame_rate
    if usual != records.frame_rate:
      logging.warning(
        '%s is taken for a network that saw %g frames a second; %s has %g (make_clips --frame_rate).',
        *(start.source, usual, records.directory, records.frame_rate),
      )
