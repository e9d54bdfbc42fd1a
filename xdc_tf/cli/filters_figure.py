"""xdc filters-figure: the filters of the first convolution as a picture."""

import argparse

from xdc_tf import files
from xdc_tf.cli import configuration
from xdc_tf.report import conv1_filters
from xdc_tf.runs import weights_folder

SUMMARY = "Draw the filters of encoders' first convolution (Figure 3 of the paper): a run's, beside imported ones."
EXAMPLE = 'xdc filters-figure --run_dir runs/xdc --encoder video --weights data/xdc_weights --output filters.png'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  parser.add_argument('--run_dir', help='folder of a finished run')
  parser.add_argument('--encoder', help='one of its encoders (default: all)')
  parser.add_argument(
    '--iteration', type=int, help='its encoders after so many trainings, 0 for random ones (default: the final ones)'
  )
  parser.add_argument('--weights', help='folder that `xdc import-weights` made, or of a cell of `xdc finetune`')
  parser.add_argument('--output', required=True, help='the picture: a file that ends in .png, .svg or .pdf')


def run(arguments: argparse.Namespace) -> None:
  """Draws the picture and says where it is.

  Raises:
    ValueError: when no encoder is named, or one that is not there.
  """
  if not arguments.run_dir and (not arguments.weights or arguments.encoder or arguments.iteration is not None):
    raise ValueError('Give --run_dir, --weights or both; --encoder and --iteration choose from --run_dir.')
  files.check_output(arguments.output)
  rows = []
  if arguments.run_dir:
    rows += _of_run(arguments.run_dir, arguments.encoder, arguments.iteration)
  if arguments.weights:
    encoder, info = weights_folder.load(arguments.weights)
    rows.append((f'{info["source"]} ({info["encoder"]})', conv1_filters.panels(encoder)))
  conv1_filters.draw(rows, arguments.output)
  print(f'{arguments.output}: {sum(len(panels) for _, panels in rows)} panels.')


def _of_run(run_dir: str, name: str | None, iteration: int | None) -> list:
  """The titles and panels of a run's encoders, in the order of their names."""
  run = configuration.open_run(run_dir)
  names = sorted(run.config.encoders)
  if name is not None and name not in names:
    raise ValueError(f'The run in {run_dir} has no encoder {name!r}. It has {", ".join(names)}.')
  rows = []
  for encoder_name in [name] if name else names:
    encoder = run.load_encoder(encoder_name, iteration)
    when = 'final' if iteration is None else f'iteration {iteration}'
    rows.append((f'{encoder_name} encoder, {when} ({type(encoder).__name__})', conv1_filters.panels(encoder)))
  return rows
