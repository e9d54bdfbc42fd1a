"""xdc export: SavedModels of a run's encoders, as TF Serving loads them."""

import argparse

from xdc_tf import files, lease
from xdc_tf.cli import shared_arguments
from xdc_tf.library import exporting
from xdc_tf.serving.checks import RequestLimits

SUMMARY = (
  "Export a run's encoders, or an imported one, as SavedModels with their preprocessing inside, in TF Serving's layout."
)
EXAMPLE = 'xdc export --run_dir runs/xdc --output_dir saved_models'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  source = parser.add_mutually_exclusive_group(required=True)
  source.add_argument('--run_dir', help='folder of a finished run')
  source.add_argument('--weights', help='folder that `xdc import-weights` made, or of a cell of `xdc finetune`')
  parser.add_argument('--output_dir', default='saved_models', help='gets xdc_ENCODER/VERSION/ (default: saved_models)')
  parser.add_argument(
    '--format',
    choices=exporting.FILE_FORMATS,
    default='saved_model',
    help='tflite: xdc_ENCODER.tflite, one file for TensorFlow Lite, without clusters and most of the preprocessing '
    '(default: saved_model)',
  )
  parser.add_argument(
    '--precision',
    choices=exporting.PRECISIONS,
    default='float32',
    help='of weights and computation; bfloat16 halves the files, and is faster where the server has units for it. Embeddings '
    'stay float32 (default: float32)',
  )
  shared_arguments.add_take_over_argument(parser)
  limits = parser.add_argument_group('what a server refuses, before it decodes anything')
  limits.add_argument('--max_frame_pixels', type=int, help='pixels of one frame (default: 16,777,216)')
  limits.add_argument('--max_request_pixels', type=int, help='pixels of all frames of a request (default: 268,435,456)')
  limits.add_argument('--max_request_seconds', type=float, help='seconds of sound of a request (default: 600)')
  # A run and a finetuning know how their encoders were fed, a weight file does not; the defaults are the paper's.
  view = parser.add_argument_group(
    'what an imported video encoder sees (with --weights; a finetuned one: as it was trained)'
  )
  view.add_argument('--num_frames', type=int, help="frames of a clip (default: 8, or 16 for torchvision's weights)")
  view.add_argument(
    '--crop_size', type=int, help="side of the square in pixels (default: 224, or 112 for torchvision's)"
  )
  view.add_argument(
    '--short_side', type=int, help="frames are scaled to it first (default: 256, or 128 for torchvision's)"
  )


def run(arguments: argparse.Namespace) -> None:
  """Exports every encoder and prints the folders or files."""
  files.use_file_system(arguments.output_dir)
  view = {name: getattr(arguments, name) for name in ('num_frames', 'crop_size', 'short_side')}
  view = {name: value for name, value in view.items() if value is not None}
  form = (arguments.precision, arguments.format)
  if form == ('bfloat16', 'tflite'):
    raise ValueError('--precision bfloat16 is for SavedModels: TensorFlow Lite takes float32 encoders only.')
  given = {name: getattr(arguments, f'max_{name}') for name in ('frame_pixels', 'request_pixels', 'request_seconds')}
  limits = RequestLimits(**{name: value for name, value in given.items() if value is not None})
  if view and not arguments.weights:
    raise ValueError(f'--{" --".join(view)} belong to --weights: a run knows what its encoders saw.')
  if arguments.format == 'tflite' and limits != RequestLimits():
    raise ValueError(
      '--max_frame_pixels, --max_request_pixels and --max_request_seconds are what servers of SavedModels refuse.'
    )
  with lease.held(arguments.output_dir, arguments.take_over):  # Two would give their versions the same number.
    if arguments.weights:
      folders = exporting.export_weights(arguments.weights, arguments.output_dir, *form, limits, **view)
    else:
      folders = exporting.export_run(arguments.run_dir, arguments.output_dir, *form, limits)
  for encoder, folder in folders.items():
    print(f'{encoder}: {folder}')
