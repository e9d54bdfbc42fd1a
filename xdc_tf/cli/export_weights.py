"""xdc export-weights: an encoder's weights for PyTorch."""

import argparse
import os

from xdc_tf import files
from xdc_tf.cli import configuration
from xdc_tf.models import import_weights
from xdc_tf.models.residual import BATCH_NORM_EPSILON
from xdc_tf.runs import weights_folder

SUMMARY = "Write an encoder's weights for PyTorch (.pth, .safetensors), with the names of the authors' R(2+1)D and of torchvision."
EXAMPLE = 'xdc export-weights --run_dir runs/xdc --encoder video --format torch --output xdc_video.pth'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  source = parser.add_mutually_exclusive_group(required=True)
  source.add_argument('--run_dir', help='folder of a finished run')
  source.add_argument('--weights', help='folder that `xdc import-weights` made, or of a cell of `xdc finetune`')
  parser.add_argument('--encoder', default='video', help="which of a run's encoders (default: video)")
  parser.add_argument(
    '--format',
    choices=['torch', 'safetensors'],
    help='of the file (default: safetensors for OUTPUT.safetensors, else torch)',
  )
  parser.add_argument('--output', required=True, help='the file')


def run(arguments: argparse.Namespace) -> None:
  """Writes the file and says how PyTorch reads it."""
  file_format = _format_of(arguments.output, arguments.format)
  files.check_output(arguments.output)
  encoder = _of_run(arguments.run_dir, arguments.encoder) if arguments.run_dir else None
  if encoder is None:
    encoder, _ = weights_folder.load(arguments.weights)
  with files.atomic_write(arguments.output) as file:
    file.write(import_weights.export_torch(encoder, file_format))
  epsilon = getattr(encoder, 'batch_norm_epsilon', BATCH_NORM_EPSILON)
  reader = {'torch': 'torch.load(..., weights_only=True)', 'safetensors': 'safetensors.torch.load_file'}[file_format]
  print(f'{arguments.output}: {type(encoder).__name__}, for {reader}.')
  print(f"Set eps={epsilon} in PyTorch's BatchNorm layers: the file cannot, and their default is 1e-05.")


def _format_of(path: str, wanted: str | None) -> str:
  """The format that was asked for or that a file's name tells; readers go by the name."""
  named = {'.safetensors': 'safetensors', '.pth': 'torch', '.pt': 'torch'}.get(os.path.splitext(path)[1].lower())
  if wanted and named and wanted != named:
    raise ValueError(f'--output {path} is the name of a {named} file, --format is {wanted}. Change one of them.')
  return wanted or named or 'torch'


def _of_run(run_dir: str, name: str):
  run = configuration.open_run(run_dir)
  if name not in run.config.encoders:
    raise ValueError(f'The run in {run_dir} has no encoder {name!r}. It has {", ".join(run.config.encoders)}.')
  return run.load_encoder(name)
